//! The same values as everybody else's.

use super::*;

#[path = "../../../../tests/common/isal.rs"]
mod isal;
// What ISA-L's file multiplies by elsewhere.
use crate::gf as oracle;

/// Lengths up to `limit`, few of them short and many odd.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..400).map(|i| (i * 7919 % 4093, i * i % 301)).map(|(len, at)| &bytes[at..at + len])
}

#[test]
fn crates_agree() {
    use crc_fast::{CrcAlgorithm, checksum};
    let bytes = noise(5000);
    for backend in Backend::available() {
        for bytes in pieces(&bytes) {
            let crc32 = !update::<Crc32>(backend, 0xffff_ffff, bytes) as u32;
            assert_eq!(crc32, crc32fast::hash(bytes));
            assert_eq!(u64::from(crc32), checksum(CrcAlgorithm::Crc32IsoHdlc, bytes));
            let crc32c = !update::<Crc32c>(backend, 0xffff_ffff, bytes) as u32;
            assert_eq!(u64::from(crc32c), checksum(CrcAlgorithm::Crc32Iscsi, bytes));
            let crc64 = !update::<Crc64Nvme>(backend, !0, bytes);
            assert_eq!(crc64, checksum(CrcAlgorithm::Crc64Nvme, bytes));
            let t10 = (update::<T10>(backend, 0, bytes) as u16).reverse_bits();
            assert_eq!(u64::from(t10), checksum(CrcAlgorithm::Crc16T10Dif, bytes));
        }
    }
}

#[test]
fn combined_as_the_crate_combines() {
    let (a, b) = (noise(777), noise(100_001));
    let (first, second) = (crc32fast::hash(&a), crc32fast::hash(&b));
    let mut hasher = crc32fast::Hasher::new_with_initial_len(first, a.len() as u64);
    hasher.combine(&crc32fast::Hasher::new_with_initial_len(second, b.len() as u64));
    // The inversions cancel: they are the same number in both terms.
    let combined = shift::<Crc32>(first.into(), b.len() as u64) ^ u64::from(second);
    assert_eq!(combined, u64::from(hasher.finalize()));
}

#[test]
fn isal_agrees() {
    let Some(isal) = isal::load() else { return };
    let bytes = noise(5000);
    for backend in Backend::available() {
        for bytes in pieces(&bytes) {
            if let Some(crc32) = isal.crc32() {
                let got = !update::<Crc32>(backend, 0xffff_ffff, bytes) as u32;
                assert_eq!(got, crc32(bytes), "{backend}");
            }
            if let Some(crc32c) = isal.crc32c() {
                let got = !update::<Crc32c>(backend, 0xffff_ffff, bytes) as u32;
                assert_eq!(got, crc32c(bytes), "{backend}");
            }
            if let Some(crc64) = isal.crc64() {
                assert_eq!(!update::<Crc64Nvme>(backend, !0, bytes), crc64(bytes), "{backend}");
            }
            if let Some(t10crc) = isal.t10crc() {
                let got = (update::<T10>(backend, 0, bytes) as u16).reverse_bits();
                assert_eq!(got, t10crc(bytes), "{backend}");
            }
        }
    }
}
