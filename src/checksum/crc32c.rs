//! CRC32C, Castagnoli's polynomial, as iSCSI has it.

use super::{Backend, crc};

/// The register before any byte.
pub(super) const INIT: u32 = !0;

/// The register after `bytes`.
#[inline]
pub(super) fn update(register: u32, bytes: &[u8]) -> u32 {
    crc::update::<crc::Crc32c>(Backend::best(), register.into(), bytes) as u32
}

/// What is sent.
pub(super) fn finish(register: u32) -> u32 {
    !register
}
