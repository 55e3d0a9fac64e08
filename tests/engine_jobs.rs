//! The verbs of the engine on stores in memory, against the bytes that went in.

#![allow(clippy::unwrap_used)]

#[path = "common/rig.rs"]
mod rig;

use lustrine::engine::jobs;
use lustrine::engine::{Fault, ObjectStore, Proof};
use lustrine::layout::map;
use lustrine::layout::plan::{Health, Tolerance};
use rig::{OPTIONS, Rig, new_object, pattern};

const K: u64 = 1024;

/// Layouts that exercise RAID sets of unequal size, copies, PFL, starts that are no multiple of a
/// row or of a stripe unit, overstriping, and components without parity.
const LAYOUTS: &[&str] = &[
    "-E -1 -S 64K -c 4 --ec 4+2",
    "-E -1 -S 64K -c 8 --ec 8+2",
    "-E -1 -S 64K -c 11 --ec 4+2",
    "-E -1 -S 64K -c 3 --ec 2+1",
    "-E -1 -S 64K -c 1 --ec 3+1",
    "-E -1 -S 64K -c 5 --ec 2+1",
    "-E 128K -S 64K -c 2 --ec 2+1 -E -1 -S 64K -c 8 --ec 4+2",
    "-E 320K -S 64K -c 5 --ec 4+1 -E -1 -S 128K -c 4 --ec 4+2",
    "-E 64K -S 64K -c 1 -E -1 -S 256K -c 2 --ec 2+1",
    "-E -1 -S 64K -C 20 --ec 5+2",
];

fn sizes() -> Vec<usize> {
    let unit = 64 * K as usize;
    vec![0, 1, 6, 4096, unit - 1, unit, unit + 1, 3 * unit + 17, 8 * unit, 21 * unit + 4097]
}

fn all_osts(rig: &Rig) -> Vec<u32> {
    let mut osts: Vec<u32> =
        jobs::objects(&rig.layout).filter_map(|(_, _, id)| Some(id?.ost)).collect();
    osts.sort_unstable();
    osts.dedup();
    osts
}

#[test]
fn what_goes_in_comes_out() {
    for options in LAYOUTS {
        for size in sizes() {
            let rig = Rig::new(options, pattern(size, 7), 24);
            rig.read_all(&[]);
            // Ranges that start and end anywhere.
            for (from, to) in [(0, size / 2), (size / 3, size), (size / 2, size / 2 + size / 5)] {
                let (_, report) = rig.read(from as u64..to as u64, &[], false);
                assert_eq!(report.withheld(), 0);
            }
            let size = rig.size();
            assert_eq!(map::file_size(&rig.layout, |id| rig.store.size(id).ok()), Some(size));
        }
    }
}

#[test]
fn every_pair_of_lost_osts_gives_every_byte_or_says_which_not() {
    for options in LAYOUTS {
        for size in [1, 65_537, 21 * 65_536 + 4097] {
            let rig = Rig::new(options, pattern(size, 11), 24);
            let tolerance = Tolerance::of(&rig.layout, rig.size(), &Health::good());
            let osts = all_osts(&rig);
            for &a in &osts {
                for &b in osts.iter().filter(|b| **b >= a) {
                    let lost = if a == b { vec![a] } else { vec![a, b] };
                    // `read` compares every byte, given or not.
                    let (_, report) = rig.read(0..rig.size(), &lost, false);
                    if lost.len() <= tolerance.osts as usize {
                        assert_eq!(report.withheld(), 0, "{options} of {size} without {lost:?}");
                    }
                }
            }
        }
    }
}

/// Parts of a degraded file come out right wherever they start and end.
#[test]
fn degraded_ranges() {
    let rig = Rig::new(
        "-E 320K -S 64K -c 5 --ec 4+1 -E -1 -S 128K -c 4 --ec 4+2",
        pattern(2_000_003, 5),
        24,
    );
    let osts = all_osts(&rig);
    let mut state = 99u64;
    for turn in 0..300 {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) % (rig.size() + 1)
        };
        let (a, b) = (next(), next());
        let lost = [osts[turn % osts.len()]];
        let (_, report) = rig.read(a.min(b)..a.max(b), &lost, state & 1 == 0);
        assert_eq!(report.withheld(), 0, "{a} {b} without {lost:?}");
    }
}

#[test]
fn the_tolerance_is_what_really_can_be_lost() {
    for options in LAYOUTS {
        let rig = Rig::new(options, pattern(1_500_000, 3), 24);
        let tolerance = Tolerance::of(&rig.layout, rig.size(), &Health::good()).osts as usize;
        // With one OST more, some choice must lose data.
        let osts = all_osts(&rig);
        let mut fatal = false;
        let mut choices = vec![vec![]];
        for _ in 0..=tolerance {
            choices = choices
                .iter()
                .flat_map(|c: &Vec<u32>| {
                    let last = c.last().copied();
                    osts.iter()
                        .filter(move |o| last.is_none_or(|l| **o > l))
                        .map(|o| [c.as_slice(), &[*o]].concat())
                })
                .collect();
        }
        for lost in choices {
            let left = Tolerance::of(&rig.layout, rig.size(), &Health::without(lost.clone()));
            if left.osts == 0 && !fatal {
                let (_, report) = rig.read(0..rig.size(), &lost, false);
                fatal = report.withheld() > 0;
            }
        }
        assert!(fatal, "{options}: {} failures are survived after all", tolerance + 1);
    }
}

#[test]
fn proofs_say_what_was_checked() {
    let rig = Rig::new("-E -1 -S 64K -c 8 --ec 8+2", pattern(1 << 20, 1), 16);
    let data = rig.objects(0);
    let size = rig.size();
    let unit = 64 * K;
    // Nothing lost: stored, or proven where it is asked for.
    assert_eq!(rig.read_all(&[]).bytes(Proof::Stored), size);
    let (_, report) = rig.read(0..size, &[], true);
    assert_eq!(report.bytes(Proof::Proven), size);
    // One lost: the second parity proves it.
    let report = rig.read_all(&[data[3].ost]);
    assert_eq!(report.bytes(Proof::Proven), size);
    // Two lost: no parity is left over.
    let report = rig.read_all(&[data[3].ost, data[5].ost]);
    assert_eq!(report.bytes(Proof::Consistent), 2 * size / 8);
    // Three lost: exactly their units are.
    let lost = [data[3].ost, data[5].ost, data[6].ost];
    let (_, mut report) = rig.read(0..size, &lost, false);
    assert_eq!(report.withheld(), 3 * size / 8);
    let (ranges, _) = report.ranges();
    let gone: Vec<_> = ranges.iter().filter(|f| !f.given).map(|f| f.range.clone()).collect();
    let row = 8 * unit;
    let expected: Vec<_> = [0, row]
        .iter()
        .flat_map(|r| [r + 3 * unit..r + 4 * unit, r + 5 * unit..r + 7 * unit])
        .collect();
    assert_eq!(gone, expected);
}

#[test]
fn resync_repairs_parity_and_keeps_holes() {
    let unit = 65_536u64;
    let size = 40 * unit;
    let data = [0..unit, 9 * unit + 4096..9 * unit + 8192, 33 * unit..40 * unit];
    let mut bytes = vec![0; size as usize];
    for range in &data {
        let range = range.start as usize..range.end as usize;
        let fill = pattern(range.len(), range.start as u64);
        bytes[range].copy_from_slice(&fill);
    }
    let mut rig = Rig::sparse("-E -1 -S 64K -c 8 --ec 4+2", bytes, &data, 24);
    let parity = rig.objects(1);
    assert!(rig.verify(&[]).mismatches == 0);
    // Old parity where the data is a hole, and wrong parity where it is not.
    rig.store.write_at(parity[0], 2 * unit, &[5; 3000]).unwrap();
    rig.store.write_at(parity[1], 0, &[5; 3000]).unwrap();
    rig.store.write_at(parity[2], 100 * unit, &[5; 3000]).unwrap();
    rig.covered = false;
    assert!(rig.verify(&[]).mismatches > 0);
    jobs::resync(&rig.store, rig.file(), &rig.health(&[]), OPTIONS).unwrap();
    assert_eq!(rig.verify(&[]).mismatches, 0);
    assert_eq!(rig.store.next_data(parity[0], 2 * unit).unwrap().map(|r| r.start), Some(4 * unit));
    assert!(rig.store.size(parity[2]).unwrap() <= 5 * unit);
    rig.covered = true;
    for ost in all_osts(&rig) {
        rig.read_all(&[ost]);
    }
    // What is lost cannot be resynced from.
    let health = rig.health(&[rig.objects(0)[0].ost]);
    let error = jobs::resync(&rig.store, rig.file(), &health, OPTIONS).unwrap_err();
    assert!(error.to_string().contains("stripe 0 of component 0 is lost"), "{error}");
}

#[test]
fn rebuild_restores_every_object_onto_other_osts() {
    for options in LAYOUTS {
        for size in [1, 70_000, 1_700_003] {
            let mut rig = Rig::new(options, pattern(size, 2), 24);
            let osts = all_osts(&rig);
            let tolerance = Tolerance::of(&rig.layout, rig.size(), &Health::good()).osts as usize;
            let lost: Vec<u32> = osts.iter().copied().take(tolerance).collect();
            if lost.is_empty() {
                continue;
            }
            let originals: Vec<_> = jobs::objects(&rig.layout)
                .filter_map(|(c, s, id)| Some((c, s, id?)))
                .filter(|(_, _, id)| lost.contains(&id.ost))
                .map(|(c, s, id)| (c, s, rig.contents(id)))
                .collect();
            let mut oid = 1000;
            let choose = |avoid: &std::collections::BTreeSet<u32>| {
                oid += 1;
                Ok((0..24).rev().find(|o| !avoid.contains(o)).map(|ost| new_object(ost, oid)))
            };
            let health = rig.health(&lost);
            let rebuild = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap();
            assert!(rebuild.complete, "{options} of {size}: {:?}", rebuild.report);
            assert_eq!(rebuild.objects.len(), originals.len());
            rig.layout = rebuild.layout;
            for (component, stripe, bytes) in originals {
                let id = rig.layout.component(component).and_then(|c| c.object(stripe)).unwrap();
                assert!(!lost.contains(&id.ost));
                assert!(rig.contents(id) == bytes, "{options} of {size}: {component}/{stripe}");
            }
            assert_eq!(rig.verify(&lost).mismatches, 0);
            rig.read_all(&lost);
            let now = Tolerance::of(&rig.layout, rig.size(), &Health::without(lost.clone()));
            assert_eq!(now.osts as usize, tolerance, "{options}: the redundancy is back");
        }
    }
}

/// Holes in parity follow the blocks of the object, wherever a read starts.
#[test]
fn narrow_reads_see_the_same_holes() {
    let unit = 65_536u64;
    let mut bytes = vec![0; 4 * unit as usize];
    let data: Vec<_> = (0..4).map(|s| s * unit + 4096..s * unit + 12_288).collect();
    for range in &data {
        let range = range.start as usize..range.end as usize;
        bytes[range.clone()].copy_from_slice(&pattern(range.len(), range.start as u64));
    }
    let rig = Rig::sparse("-E -1 -S 64K -c 4 --ec 4+2", bytes, &data, 16);
    let lost = [rig.objects(0)[0].ost];
    for range in [100..8192, 0..8192, 4000..4100, 4095..12_289, 12_000..70_000] {
        let (_, report) = rig.read(range.clone(), &lost, false);
        assert_eq!(report.withheld(), 0, "{range:?}: {report:?}");
    }
}

/// What no mirror has objects for reads as zeros, unless another mirror holds it.
#[test]
fn uninstantiated_mirrors_do_not_hide_data() {
    let options = "-N -E 1M -S 64K -c 2 -E -1 -S 64K -c 2 -N -E 1M -S 64K -c 2 -E -1 -S 64K -c 2";
    let mut rig = Rig::new(options, pattern(2 << 20, 6), 16);
    let lustrine::layout::Layout::Composite(composite) = &mut rig.layout else { unreachable!() };
    composite.components[1].flags.0 &= !lustrine::layout::ComponentFlags::INIT;
    rig.covered = false;
    rig.read_all(&[]);
}

#[test]
fn mirrors_make_up_for_each_other() {
    let options = "-N -S 64K -c 3 -N -E 128K -S 64K -c 2 -E -1 -S 64K -c 4 --ec 4+2";
    for options in ["-N2 -S 64K -c 3", options] {
        let rig = Rig::new(options, pattern(1_000_001, 6), 24);
        let osts = all_osts(&rig);
        for &lost in &osts {
            rig.read_all(&[lost]);
        }
        rig.read_all(&[]);
    }
    // One object of each mirror: no byte is in both.
    let rig = Rig::new("-N2 -S 64K -c 3", pattern(1_000_001, 6), 24);
    let (one, two) = (rig.objects(0), rig.objects(1));
    rig.read_all(&[one[0].ost, two[1].ost]);
    let (_, report) = rig.read(0..rig.size(), &[one[0].ost, two[0].ost], false);
    assert!(report.withheld() > 0 && report.withheld() < rig.size() / 2);
    rig.store.inject(one[1], Fault::ErrorAt(70_000));
    rig.store.inject(two[2], Fault::ErrorAt(70_000));
    rig.read_all(&[]);
    // One object of each mirror, in other places of the file: component by component.
    let options = "-N -E 64K -S 64K -c 1 -E -1 -S 64K -c 3 -N -E 64K -S 64K -c 1 -E -1 -S 64K -c 3";
    let rig = Rig::new(options, pattern(1_000_001, 6), 24);
    rig.read_all(&[rig.objects(0)[0].ost, rig.objects(3)[1].ost]);
    rig.read_all(&[rig.objects(1)[2].ost, rig.objects(2)[0].ost]);
}

#[test]
fn bytes_without_a_component_are_refused() {
    let layout = rig::layout("-E 1M -S 64K -c 4", 1 << 20, 16);
    let store = lustrine::engine::MemStore::new();
    let bytes = pattern(2 << 20, 1);
    let error = jobs::write(&store, &layout, 2 << 20, &bytes.as_slice(), OPTIONS).unwrap_err();
    assert!(error.to_string().contains("covers byte 1048576"), "{error}");
    let read =
        |range| lustrine::layout::plan::read(&layout, 2 << 20, range, &Health::good(), false);
    assert!(read(0..1 << 20).is_ok() && read(0..2 << 20).is_err());
}

#[test]
fn a_stream_ends_before_the_first_lost_byte() {
    let rig = Rig::new("-E -1 -S 64K -c 4 --ec 4+2", pattern(20 * 65_536 + 9, 4), 16);
    let data = rig.objects(0);
    let mut out = Vec::new();
    let range = 5..rig.size() - 3;
    let mut read = |lost: &[u32]| {
        out.clear();
        let health = rig.health(lost);
        let report =
            jobs::stream(&rig.store, rig.file(), range.clone(), &health, false, &mut out, &());
        (report.unwrap(), out.clone())
    };
    let (report, bytes) = read(&[data[0].ost, data[2].ost]);
    assert_eq!(report.withheld(), 0);
    assert!(bytes == rig.bytes[5..rig.bytes.len() - 3]);
    let (report, bytes) = read(&[data[1].ost, data[2].ost, data[3].ost]);
    assert!(report.withheld() > 0);
    assert!(bytes == rig.bytes[5..65_536]);
}

/// A hole of a size that nothing could walk through, and a layout without objects.
#[test]
fn parity_of_a_vast_hole_takes_no_time() {
    let mut layout = rig::layout("-E -1 -S 64K -c 4 --ec 4+2", 1, 16);
    let lustrine::layout::Layout::Composite(composite) = &mut layout else { unreachable!() };
    for component in &mut composite.components {
        component.flags.0 &= !lustrine::layout::ComponentFlags::INIT;
    }
    let size = 1 << 60;
    let input = rig::Sparse { bytes: &[], data: &[] };
    let output = lustrine::engine::MemOutput::new(0, 0);
    let (end, _) = jobs::parity(&layout, size, None, &input, &output, &()).unwrap();
    assert_eq!(end, size / 2);
}
