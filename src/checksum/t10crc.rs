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
/// Cost: one pass, no allocation. On AVX-512 four sectors share what is to be done at their ends.
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
/// assert_eq!(guards, [0xed05; 2]);
/// # Ok::<(), lustrine::Error>(())
/// ```
pub fn guards(
    backend: Backend,
    sector: usize,
    bytes: &[u8],
    guards: &mut [u16],
) -> Result<(), Error> {
    struct Guards<'a>(usize, &'a [u8], &'a mut [u16]);
    impl Kernel for Guards<'_> {
        type Out = ();
        #[inline(always)]
        fn call<S: Simd>(self, simd: S) {
            simd.guards(self.0, self.1, self.2);
        }
    }
    guards::check(sector, bytes.len(), guards.len())?;
    backend.run(Guards(sector, bytes, guards));
    Ok(())
}
