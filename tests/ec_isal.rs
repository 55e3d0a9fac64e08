//! Byte for byte what ISA-L computes: matrices, parity and reconstruction.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)]

#[path = "common/isal.rs"]
mod isal;
#[path = "common/oracle.rs"]
mod oracle;

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

/// Every legal geometry: parity on all backends, and one decode.
#[test]
fn every_geometry_agrees() {
    let Some(isal) = isal::load() else { return };
    let mut count = 0;
    for k in 1..=255 {
        for p in 1..=15 {
            let Ok(geometry) = Geometry::new(k, p) else { continue };
            count += 1;
            // ISA-L's vector code starts at 64 bytes; both sides of that.
            let len = 60 + (k * p) % 140;
            let data = oracle::noisy_shards(k, len, (k * p) as u64);
            let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
            let mut expected = vec![vec![0; len]; p];
            isal.encode(&tables, &data, &mut expected);
            for backend in Backend::available() {
                let mut parity = vec![vec![0; len]; p];
                let codec = Codec::with_backend(geometry, backend);
                codec.encode(&data, &mut parity).unwrap();
                assert!(parity == expected, "{backend} {k}+{p}, {len} bytes");
                assert!(codec.verify(&data, &expected).unwrap(), "{backend} {k}+{p}");
            }
        }
    }
    // 254 * 15, less those of more than 256 shards, and the copy.
    assert_eq!(count, 254 * 15 - (1..=14).sum::<usize>() + 1);
}

#[test]
fn long_shards_agree() {
    let Some(isal) = isal::load() else { return };
    for (k, p) in [(4, 2), (8, 2), (10, 4), (20, 8), (3, 15)] {
        for len in [4096, 65536, 1 << 20, (1 << 20) + 77] {
            let data = oracle::noisy_shards(k, len, 1);
            let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
            let mut expected = vec![vec![0; len]; p];
            isal.encode(&tables, &data, &mut expected);
            for backend in Backend::available() {
                let mut parity = vec![vec![0; len]; p];
                let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
                codec.encode(&data, &mut parity).unwrap();
                assert!(parity == expected, "{backend} {k}+{p}, {len} bytes");
            }
        }
    }
}

/// Reconstruction from the same survivors, by ISA-L's inversion of the whole matrix.
#[test]
fn reconstruction_agrees() {
    let Some(isal) = isal::load() else { return };
    let len = 333;
    for (k, p) in [(2, 2), (4, 2), (8, 3), (10, 4), (20, 8), (100, 15)] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        let mut shards = oracle::noisy_shards(k, len, 4);
        shards.extend(oracle::encode(&shards, p));
        for start in 0..k + p {
            let mut lost: Vec<_> = (0..p).map(|i| (start + i * 5) % (k + p)).collect();
            lost.sort_unstable();
            lost.dedup();
            let used: Vec<_> = (0..k + p).filter(|i| !lost.contains(i)).take(k).collect();
            let tables = isal.tables(k, &isal.decode_rows(k, p, &used, &lost));
            let sources: Vec<_> = used.iter().map(|i| &shards[*i]).collect();
            let mut expected = vec![vec![0; len]; lost.len()];
            isal.encode(&tables, &sources, &mut expected);

            let mut survivors: Vec<Option<&Vec<u8>>> = vec![None; k + p];
            used.iter().for_each(|i| survivors[*i] = Some(&shards[*i]));
            let mut wanted: Vec<_> = lost.iter().map(|i| (*i, vec![0; len])).collect();
            codec.reconstruct(&survivors, &mut wanted).unwrap();
            for ((i, bytes), row) in wanted.iter().zip(&expected) {
                assert!(bytes == row && *bytes == shards[*i], "{k}+{p}: {i} of {lost:?}");
            }
        }
    }
}
