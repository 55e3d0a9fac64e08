//! CRC32, the polynomial of Ethernet and zlib, as the kernel's `crc32_le` of `~0` has it: what
//! others invert at the end stays as it is.

/// The register before any byte.
pub(super) const INIT: u32 = !0;

/// The register after `bytes`.
pub(super) fn update(register: u32, bytes: &[u8]) -> u32 {
    // The crate hands registers in and out inverted, as zlib does.
    let mut hasher = crc32fast::Hasher::new_with_initial(!register);
    hasher.update(bytes);
    !hasher.finalize()
}
