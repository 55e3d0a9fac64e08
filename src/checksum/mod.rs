//! The checksums that Lustre's bulk transfers carry, with the values that Lustre gives them.
//!
//! | name | value |
//! |---|---|
//! | `crc32` | the CRC of zlib, **not** inverted at the end |
//! | `adler` | Adler-32 |
//! | `crc32c` | the CRC of iSCSI |
//! | `t10ip512`, `t10ip4K` | Internet checksum of each sector; Adler-32 of these guards |
//! | `t10crc512`, `t10crc4K` | CRC of T10-DIF of each sector; Adler-32 of these guards |
//!
//! [`Checksum::digest`] is for bytes in one piece. [`State`] is for bytes that come in pieces, and
//! hands out the guards of sectors as they become complete. Sectors count from the first byte, or
//! from where [`State::at`] and [`State::cut`] say that a page's fragment begins; what is shorter
//! than a sector gets the guard of what is there.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64;
#[cfg_attr(not(test), expect(dead_code, reason = "what is public is yet to be built on it"))]
mod adler32;
mod backend;
mod crc32;
mod crc32c;
mod dot;
mod fold;
mod portable;
mod sector;
mod simd;
mod state;
mod t10crc;
#[cfg_attr(not(test), expect(dead_code, reason = "what is public is yet to be built on it"))]
mod t10ip;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

#[cfg(test)]
mod sums_tests;
#[cfg(test)]
mod tests;

use core::fmt;

use crate::Error;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use aarch64::Pmull;
pub use backend::Backend;
pub use portable::Portable;
pub use state::State;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub use x86::{Avx2, Avx512, Pclmul};

/// A checksum that Lustre's wire can carry.
///
/// ```
/// use lustrine::checksum::Checksum;
///
/// assert_eq!(Checksum::Crc32.digest(b"123456789"), !0xcbf4_3926);
/// assert_eq!(Checksum::from_name("t10crc4K")?.sector(), Some(4096));
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// The CRC of zlib and Ethernet, without its inversion at the end.
    Crc32,
    /// Adler-32.
    Adler32,
    /// The CRC of iSCSI.
    Crc32c,
    /// Internet checksums of sectors of 512 bytes.
    T10Ip512,
    /// Internet checksums of sectors of 4096 bytes.
    T10Ip4k,
    /// T10-DIF CRCs of sectors of 512 bytes.
    T10Crc512,
    /// T10-DIF CRCs of sectors of 4096 bytes.
    T10Crc4k,
}

impl Checksum {
    /// All of them, in Lustre's order.
    pub const ALL: [Checksum; 7] = [
        Checksum::Crc32,
        Checksum::Adler32,
        Checksum::Crc32c,
        Checksum::T10Ip512,
        Checksum::T10Ip4k,
        Checksum::T10Crc512,
        Checksum::T10Crc4k,
    ];

    /// Lustre's name for it, as in the parameter `checksum_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Checksum::Crc32 => "crc32",
            Checksum::Adler32 => "adler",
            Checksum::Crc32c => "crc32c",
            Checksum::T10Ip512 => "t10ip512",
            Checksum::T10Ip4k => "t10ip4K",
            Checksum::T10Crc512 => "t10crc512",
            Checksum::T10Crc4k => "t10crc4K",
        }
    }

    /// The checksum of this name.
    ///
    /// # Errors
    ///
    /// [`Error::ChecksumUnknown`].
    pub fn from_name(name: &str) -> Result<Checksum, Error> {
        let mut all = Checksum::ALL.into_iter();
        all.find(|checksum| checksum.name() == name).ok_or(Error::ChecksumUnknown)
    }

    /// The size of a sector, of those that have guards.
    pub const fn sector(self) -> Option<usize> {
        match self {
            Checksum::Crc32 | Checksum::Adler32 | Checksum::Crc32c => None,
            Checksum::T10Ip512 | Checksum::T10Crc512 => Some(512),
            Checksum::T10Ip4k | Checksum::T10Crc4k => Some(4096),
        }
    }

    /// The checksum of `bytes` as Lustre sends it. Cost: one pass, no allocation.
    pub fn digest(self, bytes: &[u8]) -> u32 {
        let mut state = State::new(self);
        state.update(bytes);
        state.finish()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
