//! Every way to compute parity that a plan can choose, against the schoolbook.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;

use lustrine::ec::{Codec, Geometry, Part};
use lustrine::gf::{Backend, Shape};

/// Encodes and verifies by a plan, around the lengths where its kernels begin and end a step.
fn check(k: usize, p: usize, backend: Backend, shapes: &[Shape], lens: &[usize]) -> Vec<Part> {
    let geometry = Geometry::new(k, p).unwrap();
    let codec = Codec::with_shapes(geometry, backend, shapes).stream_from(1 << 20);
    let longest = lens.iter().copied().max().unwrap();
    let data = oracle::noisy_shards(k, longest, (k * p) as u64);
    let expected = oracle::encode(&data, p);
    for len in lens {
        let data: Vec<_> = data.iter().map(|shard| &shard[..*len]).collect();
        let mut parity = vec![vec![0xee; *len]; p];
        codec.encode(&data, &mut parity).unwrap();
        for (row, right) in parity.iter().zip(&expected) {
            assert!(*row == right[..*len], "{backend}, {len} bytes: {}", codec.plan());
        }
        assert_eq!(codec.verify(&data, &parity), Ok(true), "{backend}, {len}: {}", codec.plan());
        // One wrong bit in each row by itself.
        for row in 0..p {
            let at = (row * 97 + len / 2) % len;
            parity[row][at] ^= 1 << (row % 8);
            let verdict = codec.verify(&data, &parity);
            assert_eq!(verdict, Ok(false), "{backend}, {len}, row {row}: {}", codec.plan());
            parity[row][at] ^= 1 << (row % 8);
        }
    }
    check_changes(&codec, &data, expected, lens);
    codec.plan().parts()
}

/// Sets of data shards change in one pass: all of them, and some that tear the plan's blocks.
fn check_changes(codec: &Codec, data: &[Vec<u8>], expected: Vec<Vec<u8>>, lens: &[usize]) {
    let (k, p) = (codec.geometry().data(), codec.geometry().parity());
    for (turn, len) in lens.iter().enumerate() {
        let changed: Vec<usize> = match turn % 3 {
            0 => (0..k).rev().collect(),
            1 => (0..k).filter(|index| index % 3 != turn % 2).collect(),
            _ => (k / 2..k).collect(),
        };
        let new = oracle::noisy_shards(k, *len, 5);
        let mut right: Vec<_> = expected.iter().map(|row| row[..*len].to_vec()).collect();
        for index in &changed {
            let delta: Vec<u8> =
                data[*index].iter().zip(&new[*index]).map(|(a, b)| a ^ b).collect();
            for (i, row) in right.iter_mut().enumerate() {
                oracle::mul_add(row, oracle::coefficient(k, i, *index), &delta);
            }
        }
        let mut parity: Vec<_> = expected.iter().map(|row| row[..*len].to_vec()).collect();
        let change = |index: &usize| (*index, &data[*index][..*len], &new[*index][..]);
        let changes: Vec<_> = changed.iter().map(change).collect();
        assert_eq!(parity.len(), p);
        codec.update_many(&changes, &mut parity).unwrap();
        assert!(parity == right, "{changed:?}, {len} bytes, {}: {}", codec.backend(), codec.plan());
    }
}

/// Each shape alone and all together, on each backend; and each kind of block that there is must
/// have been met.
#[test]
fn plans_are_right() {
    let lens: &[usize] = &[255, 256, 257, 300, 511, 512, 777];
    let mut met = BTreeSet::new();
    let (last, most) = if cfg!(miri) { (9, 3) } else { (26, 15) };
    for backend in Backend::available() {
        for shapes in [
            &[Shape::Pair][..],
            &[Shape::Tri],
            &[Shape::Fft4],
            &[Shape::Fft8],
            &[Shape::Pair, Shape::Fft8],
            Shape::ALL,
        ] {
            for k in 2..last {
                for p in 1..=most {
                    // Long searches and slow oracles only where they say something new.
                    let lens = if k < 12 && p < 9 { lens } else { &lens[2..4] };
                    if p > 9 && k % 5 != 0 {
                        continue;
                    }
                    for part in check(k, p, backend, shapes, lens) {
                        let sizes = part.blocks.iter().map(Vec::len);
                        met.extend(sizes.map(|size| {
                            (backend.name(), part.shape, part.extra.len().min(2), size)
                        }));
                    }
                }
            }
        }
        if cfg!(miri) {
            continue;
        }
        for (shape, sizes) in [
            (Shape::Pair, &[1, 2][..]),
            (Shape::Tri, &[1, 2, 4]),
            (Shape::Fft4, &[1, 2, 4]),
            (Shape::Fft8, &[1, 2, 4, 8]),
        ] {
            for extra in 0..=1 {
                for size in sizes {
                    let kind = (backend.name(), shape, extra, *size);
                    assert!(met.contains(&kind), "no plan has {kind:?}");
                }
            }
        }
    }
}

/// Shards beyond the caches, whose parity is streamed: at once, and in tiles of several groups.
#[test]
#[cfg(not(miri))]
fn streamed_plans_are_right() {
    for backend in Backend::available() {
        let len = (4 << 20) / 12 + 77;
        check(8, 4, backend, &[Shape::Fft4], &[len]);
        check(7, 5, backend, &[Shape::Tri], &[len]);
        check(8, 8, backend, &[Shape::Fft8], &[len]);
    }
}

/// Every geometry: by plan as by coefficients (which other tests compare with ISA-L), and never more
/// products than coefficients.
#[test]
#[cfg(not(miri))]
fn every_geometry_by_plan() {
    for k in 2..=255 {
        let data = oracle::noisy_shards(k, 257, k as u64);
        for p in 1..=15.min(256 - k) {
            let geometry = Geometry::new(k, p).unwrap();
            let codec = Codec::new(geometry);
            let plain = Codec::with_shapes(geometry, Backend::best(), &[]);
            let (mut parity, mut right) = (vec![vec![1; 257]; p], vec![vec![2; 257]; p]);
            codec.encode(&data, &mut parity).unwrap();
            plain.encode(&data, &mut right).unwrap();
            assert!(parity == right, "{}", codec.plan());
            assert!(codec.plan().products() <= k * p, "{}", codec.plan());
        }
    }
}

/// Products of well-known codes, as the formulas of the shapes give them.
#[test]
#[cfg(not(miri))]
fn plans_save_products() {
    let best = [
        (8, 2, 12),
        (8, 3, 16),
        (10, 4, 22),
        (12, 4, 25),
        (16, 4, 33),
        (16, 8, 45),
        (20, 8, 57),
        (7, 2, 14),
        (7, 9, 7 + 34),
    ];
    let best = best.into_iter().filter(|_| Backend::best().name() == "gfni512");
    for (k, p, products) in best {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        assert_eq!(codec.plan().products(), products, "{}", codec.plan());
    }
}
