//! The CRC-16 of T10's data integrity field: polynomial 0x8bb7, from 0, neither reflected nor
//! inverted.

use super::simd::{Kernel, Simd};
use super::{Backend, crc, guards};
use crate::Error;

/// The register before any byte.
pub(super) const INIT: u16 = 0;

/// The register after `bytes`.
#[inline]
pub(super) fn update(register: u16, bytes: &[u8]) -> u16 {
    // Ours is reflected, in the low bits.
    let register = register.reverse_bits().into();
    (crc::update::<crc::T10>(Backend::best(), register, bytes) as u16).reverse_bits()
}

/// The guards of whole sectors.
///
/// `sector` is a power of two, at least 64; of `bytes` there are as many sectors as there are
/// `guards`. A guard's bytes on the wire and on disk are those of the number, upper one first.
///
/// Cost: one pass, no allocation. Sectors of 512 and 4096 bytes have code of their own; on AVX-512
/// four of them share what is to be done at their ends.
///
/// # Errors
///
/// [`Error::SectorSize`], [`Error::GuardCount`]; then nothing is written.
///
/// ```
/// use lustrine::checksum::{Backend, t10crc};
///
/// let mut guards = [0; 2];
/// t10crc::guards(Backend::best(), 512, &[0xad; 1024], &mut guards)?;
/// assert_eq!(guards, [0xaa86; 2]);
/// # Ok::<(), lustrine::Error>(())
/// ```
pub fn guards(
    backend: Backend,
    sector: usize,
    bytes: &[u8],
    guards: &mut [u16],
) -> Result<(), Error> {
    struct Guards<'a, const SECTOR: usize>(&'a [u8], &'a mut [u16]);
    impl<const SECTOR: usize> Kernel for Guards<'_, SECTOR> {
        type Out = ();
        #[inline(always)]
        fn call<S: Simd>(self, simd: S) {
            simd.guards::<SECTOR>(self.0.as_chunks().0, self.1);
        }
    }
    guards::check(sector, bytes.len(), guards.len())?;
    match sector {
        512 => backend.run(Guards::<512>(bytes, guards)),
        4096 => backend.run(Guards::<4096>(bytes, guards)),
        // Nobody has such sectors.
        _ => guards.iter_mut().zip(bytes.chunks(sector)).for_each(|(guard, sector)| {
            *guard = (crc::update::<crc::T10>(backend, 0, sector) as u16).reverse_bits();
        }),
    }
    Ok(())
}
