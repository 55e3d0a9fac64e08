//! Parity as a real Lustre wrote it, for every golden file.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/rig.rs"]
#[allow(dead_code, reason = "shared with the tests of the verbs")]
mod rig;

use aes::cipher::{KeyIvInit, StreamCipher};
use golden::EcCase;
use lustrine::engine::{MemOutput, MemStore, ObjectStore, jobs};
use lustrine::layout::map::{self, Stripes};
use lustrine::layout::raid::RaidSets;
use lustrine::layout::{Layout, xattr};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The file's bytes: the keystream of AES-128-CTR (key 00..0f, counter 0) on the case's ranges.
fn content(case: &EcCase) -> (Vec<u8>, Vec<Range<u64>>) {
    let mut bytes = vec![0; case.size as usize];
    let mut keystream = vec![0; case.size as usize];
    let key: [u8; 16] = std::array::from_fn(|i| i as u8);
    ctr::Ctr128BE::<aes::Aes128>::new(&key.into(), &[0; 16].into()).apply_keystream(&mut keystream);
    let mut ranges = Vec::new();
    for &(offset, len) in &case.ranges {
        let range = offset as usize..(offset + len) as usize;
        bytes[range.clone()].copy_from_slice(&keystream[range]);
        ranges.push(offset..offset + len);
    }
    (bytes, ranges)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn parity_of(layout: &Layout, case: &EcCase) -> Vec<u8> {
    let (bytes, ranges) = content(case);
    if let Some(expected) = case.file_sha256.as_ref().filter(|_| case.wrong_units.is_empty()) {
        assert_eq!(sha256(&bytes), *expected, "{}: the file's own bytes", case.name);
    }
    let input = rig::Sparse { bytes: &bytes, data: &ranges };
    let mut output = MemOutput::new(0, case.parity_len as usize);
    let mirror = Some(case.parity_mirror);
    let (end, _) = jobs::parity(layout, case.size, mirror, &input, &output, &()).unwrap();
    assert_eq!(end, case.parity_len, "{}: the mirror's size", case.name);
    assert_eq!(map::parity_end(layout, case.parity_mirror, case.size), Some(end));
    output.bytes().to_vec()
}

/// The right bytes of a parity unit, by the definition alone: zero-padded stripes, multiplied bit
/// by bit.
fn unit_by_definition(layout: &Layout, case: &EcCase, offset: u64) -> Vec<u8> {
    let (bytes, _) = content(case);
    let parity = layout
        .components()
        .find(|c| c.is_parity() && (c.extent.start..c.extent.end).contains(&offset))
        .unwrap();
    let data = layout.component(layout.data_of(parity.index).unwrap()).unwrap();
    let stripes: Stripes = data.stripes().unwrap();
    let sets = RaidSets::split(stripes.count() as u32, u32::from(parity.data));
    let (unit, p) = (stripes.size(), u64::from(parity.parity));
    let index = (offset - parity.extent.start) / unit;
    let per_row = u64::from(sets.count()) * p;
    let (row, set, j) = (index / per_row, index % per_row / p, index % p);
    let set = sets.get(set as u32);
    let mut out = vec![0; unit as usize];
    for c in 0..set.data {
        let coefficient = oracle::coefficient(set.data as usize, j as usize, c as usize);
        let start =
            parity.extent.start + row * stripes.row_bytes() + u64::from(set.first + c) * unit;
        for (column, byte) in out.iter_mut().enumerate() {
            let at = start as usize + column;
            *byte ^= oracle::mul(coefficient, bytes.get(at).copied().unwrap_or(0));
        }
    }
    out
}

#[test]
fn parity_is_what_lustre_wrote() {
    let cases = golden::ec_cases();
    assert!(cases.len() >= 26, "{} cases", cases.len());
    let mut wrong = 0;
    for case in &cases {
        let layout = xattr::parse(&case.ea).unwrap();
        let parity = parity_of(&layout, case);
        if case.wrong_units.is_empty() {
            assert_eq!(sha256(&parity), case.parity_sha256, "{}", case.name);
        }
        for unit in &case.units {
            let ours = &parity[unit.offset as usize..(unit.offset + unit.len) as usize];
            if case.wrong_units.contains(&unit.offset) {
                wrong += 1;
                assert!(ours == unit_by_definition(&layout, case, unit.offset), "{}", case.name);
                assert_ne!(sha256(ours), unit.sha256, "{}: Lustre was right after all", case.name);
            } else {
                assert_eq!(sha256(ours), unit.sha256, "{} at {}", case.name, unit.offset);
            }
        }
        // Before the resync the parity was stale, and perhaps had no objects: no matter.
        let stale = xattr::parse(&case.ea_stale).unwrap();
        assert!(parity_of(&stale, case) == parity, "{}", case.name);
    }
    assert_eq!(wrong, 4, "the two recorded bugs have two wrong units each");
}

/// Striping the file by its own layout puts the same parity into the parity objects, and every
/// OST of it can be lost.
#[test]
fn striping_gives_the_same_parity() {
    for case in golden::ec_cases() {
        let layout = xattr::parse(&case.ea).unwrap();
        let (bytes, ranges) = content(&case);
        let expected = parity_of(&layout, &case);
        let store = MemStore::new();
        let input = rig::Sparse { bytes: &bytes, data: &ranges };
        jobs::write(&store, &layout, case.size, &input, rig::OPTIONS).unwrap();
        let mut held = vec![0; expected.len()];
        for piece in map::extents(&layout, case.parity_mirror, 0..case.parity_len) {
            let id = layout.component(piece.component).unwrap().object(piece.stripe).unwrap();
            let at = piece.file_offset as usize;
            let target = &mut held[at..at + piece.len as usize];
            store.read_at(id, piece.object_offset, target).unwrap();
        }
        assert!(held == expected, "{}", case.name);
        if case.size > 4 << 20 {
            continue;
        }
        // The golden layouts may be stale or read-only: the parity is fresh now.
        let mut layout = layout;
        for component in 0..layout.component_count() {
            layout.set_stale(component, false);
        }
        let rig = rig::Rig { store, layout, bytes, covered: true };
        let osts: Vec<u32> = rig.objects(0).iter().map(|id| id.ost).collect();
        for ost in osts {
            rig.read_all(&[ost]);
        }
    }
}
