//! The CRC-16 of T10's data integrity field: polynomial 0x8bb7, from 0, neither reflected nor
//! inverted.

use super::simd::{Kernel, Simd};
use super::{Backend, crc};

/// The register before any byte.
pub(super) const INIT: u16 = 0;

/// The register after `bytes`.
#[inline]
pub(super) fn update(backend: Backend, register: u16, bytes: &[u8]) -> u16 {
    // That of our kernel is reflected, in the low bits.
    let register = register.reverse_bits().into();
    (crc::update::<crc::T10>(backend, register, bytes) as u16).reverse_bits()
}

/// The register after `len` zero bytes.
pub(super) fn zeros(register: u16, len: u64) -> u16 {
    (crc::shift::<crc::T10>(register.reverse_bits().into(), len) as u16).reverse_bits()
}

/// Writes the guards of sectors of `sector` bytes, which `bytes` is made of. Cost: one pass. Sectors of
/// 512 and 4096 bytes have code of their own; on AVX-512 four of them share what is to be done at their
/// ends.
///
/// # Panics
///
/// If `sector` is no power of two or shorter than 64, or `bytes` not as many sectors as `guards`.
pub(super) fn guards(backend: Backend, sector: usize, bytes: &[u8], guards: &mut [u16]) {
    struct Guards<'a, const SECTOR: usize>(&'a [u8], &'a mut [u16]);
    impl<const SECTOR: usize> Kernel for Guards<'_, SECTOR> {
        type Out = ();
        #[inline(always)]
        fn call<S: Simd>(self, simd: S) {
            simd.guards::<SECTOR>(self.0.as_chunks().0, self.1);
        }
    }
    assert!(sector.is_power_of_two() && sector >= 64, "sectors of {sector} bytes");
    assert_eq!(Some(bytes.len()), guards.len().checked_mul(sector), "bytes of all sectors");
    match sector {
        512 => backend.run(Guards::<512>(bytes, guards)),
        4096 => backend.run(Guards::<4096>(bytes, guards)),
        // Nobody has such sectors.
        _ => guards.iter_mut().zip(bytes.chunks(sector)).for_each(|(guard, sector)| {
            *guard = update(backend, INIT, sector);
        }),
    }
}
