//! Objects that are cut, unreadable, stale or wrong: what the verbs do with them.
#![allow(clippy::unwrap_used)]

#[path = "common/rig.rs"]
#[allow(dead_code, reason = "shared with the tests of the verbs")]
mod rig;

use lustrine::engine::jobs;
use lustrine::engine::{Fault, ObjectStore, Proof};
use lustrine::layout::ObjectId;
use lustrine::layout::plan::Health;
use rig::{OPTIONS, Rig, new_object, pattern};
use std::time::Duration;

const K: u64 = 1024;

#[test]
fn unwritten_parity_is_not_believed() {
    let mut rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(4 * 65_536, 1), 16);
    let lost = rig.objects(0)[2].ost;
    for id in rig.objects(1) {
        rig.store.punch(id, 4096..8192).unwrap();
    }
    // As Lustre may leave it: nobody recorded that the parity covers the data.
    rig.covered = false;
    let (_, mut report) = rig.read(0..rig.size(), &[lost], false);
    let unit = 64 * K;
    let hole = 2 * unit + 4096..2 * unit + 8192;
    assert_eq!(report.bytes(Proof::Unprovable), 4096);
    let (ranges, _) = report.ranges();
    assert!(ranges.iter().any(|f| f.range == hole && !f.given && f.proof == Proof::Unprovable));
    // Verify does not say that all is well.
    assert!(rig.verify(&[]).mismatches > 0);
}

#[test]
fn contradictions_are_found_and_not_given() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(4 * 65_536, 1), 16);
    let objects = rig.objects(0);
    let byte = rig.bytes[10_000] ^ 0x40;
    rig.store.corrupt(objects[0], 10_000, byte).unwrap();
    let report = rig.verify(&[]);
    assert_eq!((report.mismatches, report.bytes(Proof::Contradicted)), (1, 4 * 4096));
    // Stripe 1 is lost, and what would replace it is wrong: its block is withheld, no other.
    let mut output = lustrine::engine::MemOutput::new(0, rig.bytes.len());
    let health = rig.health(&[objects[1].ost]);
    let mut report =
        jobs::read(&rig.store, rig.file(), 0..rig.size(), &health, false, &output, &()).unwrap();
    assert_eq!(report.withheld(), 4096);
    let (ranges, _) = report.ranges();
    assert!(ranges.iter().any(|f| !f.given && f.range == (65_536 + 8192..65_536 + 12_288)));
    let bytes = output.bytes();
    assert_eq!(bytes[65_536 + 12_288..], rig.bytes[65_536 + 12_288..]);
    assert!(bytes[65_536 + 8192..65_536 + 12_288].iter().all(|b| *b == 0));
    // A rebuild refuses, and changes nothing.
    let before = rig.store.objects();
    let mut oid = 1000;
    let rebuild = jobs::rebuild(
        &rig.store,
        rig.file(),
        &health,
        |avoid| {
            oid += 1;
            Ok((0..16).find(|o| !avoid.contains(o)).map(|ost| new_object(ost, oid)))
        },
        OPTIONS,
    );
    assert!(!rebuild.unwrap().complete);
    assert_eq!(rig.store.objects(), before);
}

#[test]
fn injected_faults_are_worked_around() {
    let rig = Rig::new("-E -1 -S 64K -c 8 --ec 8+2", pattern(30 * 65_536 + 5, 1), 16);
    let data = rig.objects(0);
    let faults: [(ObjectId, Fault); 5] = [
        (data[0], Fault::Missing),
        (data[1], Fault::ErrorAt(70_000)),
        (data[2], Fault::ShortRead(100_000)),
        (data[3], Fault::Slow(Duration::from_micros(10))),
        (rig.objects(1)[0], Fault::ErrorAt(0)),
    ];
    for (i, (a, fault)) in faults.iter().enumerate() {
        rig.store.heal();
        rig.store.inject(*a, *fault);
        let report = rig.read_all(&[]);
        let told = report.damage().iter().filter(|d| d.object == Some(*a)).count();
        let found_by_probe = *fault == Fault::Missing;
        let silent = matches!(fault, Fault::Slow(_)) || *a == rig.objects(1)[0];
        assert_eq!(told, usize::from(!silent && !found_by_probe), "{fault:?}: {report:?}");
        for (b, other) in &faults[i + 1..] {
            rig.store.heal();
            rig.store.inject(*a, *fault);
            rig.store.inject(*b, *other);
            rig.read_all(&[]);
            let report = rig.verify(&[]);
            assert_eq!(report.withheld(), 0, "{fault:?} and {other:?}");
        }
    }
    // A flipped bit is nobody's error: only checking finds it.
    rig.store.heal();
    rig.store.inject(data[4], Fault::FlippedBit { offset: 5000, bit: 3 });
    assert!(rig.verify(&[]).mismatches > 0);
}

/// The last row of an extent that ends inside a row has less parity than the others. Here it has
/// one, which is lost with the only data stripe: what is left of the row are holes.
#[test]
fn a_hopeless_row_of_holes_is_no_row_of_zeros() {
    let options = "-E 256K -S 64K -c 3 --ec 3+3 -E -1 -S 64K -c 3 --ec 3+3";
    let rig = Rig::new(options, pattern(256 << 10, 3), 24);
    let lost = [rig.objects(0)[0].ost, rig.objects(2)[0].ost];
    let (_, mut report) = rig.read(0..rig.size(), &lost, false);
    assert_eq!(report.withheld(), 64 * K);
    let (ranges, _) = report.ranges();
    assert!(ranges.iter().any(|f| f.range == (192 * K..256 * K) && f.proof == Proof::Lost));
    assert_eq!(rig.verify(&lost).withheld(), 64 * K);
    let before = rig.store.objects();
    let choose = |_: &std::collections::BTreeSet<u32>| Ok(Some(new_object(23, 999)));
    let rebuild = jobs::rebuild(&rig.store, rig.file(), &rig.health(&lost[..1]), choose, OPTIONS);
    assert!(rebuild.unwrap().complete, "one of the two is no problem");
    assert!(rig.store.objects().len() > before.len());
    let mut oid = 5000;
    let choose = |avoid: &std::collections::BTreeSet<u32>| {
        oid += 1;
        Ok((0..24).find(|o| !avoid.contains(o)).map(|ost| new_object(ost, oid)))
    };
    let rebuild = jobs::rebuild(&rig.store, rig.file(), &rig.health(&lost), choose, OPTIONS);
    assert!(!rebuild.unwrap().complete);
}

/// Lustre's resync leaves the parity of a RAID set that became a hole in a row with other data.
#[test]
fn parity_of_the_past_is_not_believed() {
    let unit = 65_536u64;
    let mut bytes = vec![0; 8 * unit as usize];
    let data = [2 * unit..3 * unit, 5 * unit..6 * unit];
    for range in &data {
        let range = range.start as usize..range.end as usize;
        bytes[range.clone()].copy_from_slice(&pattern(range.len(), 9));
    }
    let mut rig = Rig::sparse("-E -1 -S 64K -c 8 --ec 4+2", bytes, &data, 24);
    // Stripe 2, the only data of set 0, is punched; nothing computes its parity anew.
    rig.store.punch(rig.objects(0)[2], 0..unit).unwrap();
    rig.bytes[2 * unit as usize..3 * unit as usize].fill(0);
    rig.covered = false;
    let lost = [rig.objects(0)[2].ost];
    let (_, report) = rig.read(0..rig.size(), &lost, false);
    assert_eq!(report.bytes(Proof::Unprovable), unit);
    assert_eq!(report.withheld(), unit);
}

/// Parity that lost its blocks without losing its size stands opposite data: that cannot be zeros.
#[test]
fn a_hole_in_parity_opposite_data_is_damage() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+1", pattern(8 * 65_536, 6), 16);
    let parity = rig.objects(1)[0];
    rig.store.punch(parity, 0..2 * 65_536).unwrap();
    let (_, report) = rig.read(0..rig.size(), &[rig.objects(0)[0].ost], false);
    assert_eq!(report.withheld(), 2 * 65_536);
}

#[test]
fn a_resync_keeps_the_parity_of_what_it_cannot_read() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(20 * 65_536, 6), 16);
    let bad = rig.objects(0)[1];
    rig.store.inject(bad, Fault::ErrorAt(70_000));
    let (report, whole) = jobs::resync(&rig.store, rig.file(), &rig.health(&[]), OPTIONS).unwrap();
    assert!(!whole && report.withheld() > 0);
    assert!(report.damage()[0].what.contains("unreadable"), "{:?}", report.damage());
    // The bytes can still be had through the old parity.
    rig.read_all(&[]);
}

#[test]
fn a_rebuild_that_fails_changes_nothing() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(20 * 65_536, 6), 16);
    let before = rig.store.objects();
    for fault in [Fault::WriteErrorAt(70_000), Fault::PublishError] {
        let new = new_object(15, 777);
        rig.store.inject(new, fault);
        let health = rig.health(&[rig.objects(0)[1].ost]);
        let choose = |_: &std::collections::BTreeSet<u32>| Ok(Some(new));
        let error = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap_err();
        assert!(error.to_string().contains("OST 15"), "{error}");
        assert_eq!(rig.store.objects(), before);
        rig.store.heal();
    }
}

/// Parity cannot be rebuilt from data that cannot be read: a hole in its place would be believed.
#[test]
fn parity_is_not_rebuilt_from_what_is_unreadable() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+1", pattern(4 * 65_536, 6), 16);
    rig.store.inject(rig.objects(0)[0], Fault::ErrorAt(0));
    let health = rig.health(&[rig.objects(1)[0].ost]);
    let before = rig.store.objects();
    let choose = |_: &std::collections::BTreeSet<u32>| Ok(Some(new_object(15, 777)));
    let done = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap();
    assert!(!done.complete && done.report.parity_withheld > 0);
    assert_eq!(rig.store.objects(), before);
    // Parity of data that can be read needs nobody's word for it, also where none is recorded.
    let mut rig = Rig::new("-E -1 -S 64K -c 8 --ec 4+1", pattern(8 * 65_536, 6), 16);
    rig.covered = false;
    let health = rig.health(&[rig.objects(1)[0].ost]);
    let choose = |_: &std::collections::BTreeSet<u32>| Ok(Some(new_object(15, 777)));
    let done = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap();
    assert!(done.complete);
    rig.layout = done.layout;
    assert_eq!(rig.verify(&[]).mismatches, 0);
}

/// A stale parity object that is lost comes back empty, but as long as it has to be.
#[test]
fn stale_parity_can_be_replaced_and_resynced() {
    let mut rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(300_000, 6), 16);
    rig.layout.set_stale(1, true);
    let health = rig.health(&[rig.objects(1)[0].ost]);
    let error = jobs::resync(&rig.store, rig.file(), &health, OPTIONS).unwrap_err();
    assert!(error.to_string().contains("rebuild it first"), "{error}");
    let choose = |_: &std::collections::BTreeSet<u32>| Ok(Some(new_object(15, 777)));
    let done = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap();
    assert!(done.complete && done.objects.len() == 1);
    rig.layout = done.layout;
    let health = rig.health(&[]);
    assert_eq!(health, Health::good(), "nothing counts as cut");
    assert!(jobs::resync(&rig.store, rig.file(), &health, OPTIONS).unwrap().1);
    rig.layout.set_stale(1, false);
    for id in rig.objects(0) {
        rig.read_all(&[id.ost]);
    }
}

#[test]
fn stale_data_has_no_parity_to_compute() {
    let mut rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(300_000, 6), 16);
    rig.layout.set_stale(0, true);
    let error = jobs::resync(&rig.store, rig.file(), &rig.health(&[]), OPTIONS).unwrap_err();
    assert!(error.to_string().contains("stale"), "{error}");
    let read = lustrine::layout::plan::read(&rig.layout, 300_000, 0..1, &Health::good(), false);
    assert!(read.is_err(), "no mirror is left that is not stale");
}

/// An object that was cut reads as zeros where its bytes were: it must not pass for data.
#[test]
fn a_cut_object_is_a_lost_one() {
    for component in 0..2 {
        let rig = Rig::new("-E -1 -S 64K -c 8 --ec 8+2", pattern(700_001, 8), 16);
        for (i, id) in rig.objects(component).into_iter().enumerate() {
            let size = rig.store.size(id).unwrap();
            let bytes = rig.contents(id);
            rig.store.set_size(id, size - 1).unwrap();
            let (_, damage) = jobs::probe(&rig.store, rig.file(), Health::good()).unwrap();
            assert_eq!(damage.len(), 1, "object {i} of component {component}");
            assert!(damage[0].what.contains(&format!("expected {size} bytes")), "{damage:?}");
            rig.read_all(&[]);
            rig.store.write_at(id, 0, &bytes).unwrap();
        }
    }
}

#[test]
fn a_failed_write_leaves_nothing() {
    let layout = rig::layout("-E -1 -S 64K -c 4 --ec 4+2", 1 << 20, 16);
    let store = lustrine::engine::MemStore::new();
    let taken = jobs::objects(&layout).last().and_then(|(_, _, id)| id).unwrap();
    store.create(taken).unwrap();
    store.publish(taken, false).unwrap();
    let bytes = pattern(1 << 20, 1);
    let error = jobs::write(&store, &layout, 1 << 20, &bytes.as_slice(), OPTIONS).unwrap_err();
    assert!(error.to_string().contains("exists"), "{error}");
    assert_eq!(store.objects(), [taken]);
    // The disk fails in the middle, or when all is written.
    for fault in [Fault::WriteErrorAt(70_000), Fault::PublishError] {
        let store = lustrine::engine::MemStore::new();
        for id in jobs::objects(&layout).filter_map(|(_, _, id)| id).skip(3).take(1) {
            store.inject(id, fault);
        }
        let error = jobs::write(&store, &layout, 1 << 20, &bytes.as_slice(), OPTIONS).unwrap_err();
        assert!(error.to_string().contains("input/output error"), "{error}");
        assert!(store.objects().is_empty(), "{fault:?}");
    }
    // An input that is shorter than it said: its rows are asked for, and come out short.
    store.delete(taken).unwrap();
    let short = rig::Sparse { bytes: &bytes[..1 << 19], data: &[0..1 << 20] };
    let error = jobs::write(&store, &layout, 1 << 20, &short, OPTIONS).unwrap_err();
    assert!(error.to_string().contains("did the file shrink"), "{error}");
    assert!(store.objects().is_empty());
}
