//! The CRC-16 of T10's data integrity field: polynomial 0x8bb7, from 0, neither reflected nor
//! inverted.

use crc_fast::{CrcAlgorithm, Digest};

/// The register before any byte.
pub(super) const INIT: u16 = 0;

/// The register after `bytes`.
pub(super) fn update(register: u16, bytes: &[u8]) -> u16 {
    // A sector at once is the rule. The crate's shortest way is one that cannot start elsewhere.
    if register == INIT {
        return crc_fast::checksum(CrcAlgorithm::Crc16T10Dif, bytes) as u16;
    }
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc16T10Dif, register.into());
    digest.update(bytes);
    digest.get_state() as u16
}
