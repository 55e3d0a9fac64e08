//! CRC32C, Castagnoli's polynomial, as iSCSI has it.

use crc_fast::{CrcAlgorithm, Digest};

/// The register before any byte.
pub(super) const INIT: u32 = !0;

/// The register after `bytes`.
pub(super) fn update(register: u32, bytes: &[u8]) -> u32 {
    // A digest made anew for each call is optimised away; one that is kept is 250 bytes.
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, register.into());
    digest.update(bytes);
    digest.get_state() as u32
}

/// What is sent.
pub(super) fn finish(register: u32) -> u32 {
    !register
}
