//! CRC32, the polynomial of Ethernet and zlib, as the kernel's `crc32_le` of `~0` has it: what
//! others invert at the end stays as it is.

use super::{Backend, crc};

/// The register before any byte.
pub(super) const INIT: u32 = !0;

/// The register after `bytes`.
#[inline]
pub(super) fn update(register: u32, bytes: &[u8]) -> u32 {
    crc::update::<crc::Crc32>(Backend::best(), register.into(), bytes) as u32
}
