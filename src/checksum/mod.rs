//! The checksums that Lustre's bulk transfers carry, with the values that Lustre gives them, and two
//! that storage around it uses.
//!
//! | name | value |
//! |---|---|
//! | `crc32` | the CRC of zlib, **not** inverted at the end |
//! | `adler` | Adler-32 |
//! | `crc32c` | the CRC of iSCSI |
//! | `t10ip512`, `t10ip4K` | Internet checksum of each sector; Adler-32 of these guards |
//! | `t10crc512`, `t10crc4K` | CRC of T10-DIF of each sector; Adler-32 of these guards |
//! | `crc32ieee` | the CRC of zlib, inverted at the end as there |
//! | `crc64nvme` | the CRC of NVMe |
//!
//! [`Checksum::digest`] is for bytes in one piece, [`Checksum::bulk`] for an RPC's pages. [`State`] is
//! for bytes that come in pieces, and hands out the guards of sectors as they become complete. Sectors
//! count from the first byte, or from where [`State::at`] and [`State::cut`] say that a page's fragment
//! begins; what is shorter than a sector gets the guard of what is there.
//!
//! Much follows without bytes being looked at: [`Checksum::zeros`], [`Checksum::combine`],
//! [`Checksum::extract`], and of whole files [`Manifest`]. How the kernels work and what bounds them is
//! told in [`crate::docs::checksums`].

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
mod aarch64;
mod adler32;
mod algebra;
mod backend;
mod bulk;
pub mod crc;
mod dot;
mod fold;
mod manifest;
mod portable;
mod sector;
mod simd;
mod state;
mod t10crc;
mod t10ip;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

#[cfg(test)]
mod sums_tests;

use core::fmt;

use crate::Error;
#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
pub use aarch64::Pmull;
pub use backend::Backend;
pub use bulk::Fragment;
pub use manifest::Manifest;
pub use portable::Portable;
pub use state::State;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub use x86::{Avx2, Avx512, Pclmul};

/// A checksum that Lustre's wire can carry, or that is used around it.
///
/// ```
/// use lustrine::checksum::Checksum;
///
/// assert_eq!(Checksum::Crc32.digest(b"123456789"), 0x340b_c6d9);
/// assert_eq!(Checksum::Crc32Ieee.digest(b"123456789"), 0xcbf4_3926);
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
    /// The CRC of zlib and Ethernet as these have it. Not on Lustre's wire.
    Crc32Ieee,
    /// The CRC of 64 bits that NVMe and object stores have. Not on Lustre's wire.
    Crc64Nvme,
}

impl Checksum {
    /// All of them: those of Lustre in its order, then the others.
    pub const ALL: [Checksum; 9] = [
        Checksum::Crc32,
        Checksum::Adler32,
        Checksum::Crc32c,
        Checksum::T10Ip512,
        Checksum::T10Ip4k,
        Checksum::T10Crc512,
        Checksum::T10Crc4k,
        Checksum::Crc32Ieee,
        Checksum::Crc64Nvme,
    ];

    /// The names of all, in the order of [`ALL`](Self::ALL).
    pub const NAMES: &[&str] = &{
        let mut names = [""; Checksum::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Checksum::ALL[at].name();
            at += 1;
        }
        names
    };

    /// The name: Lustre's, as in the parameter `checksum_type`, of those that Lustre has.
    pub const fn name(self) -> &'static str {
        match self {
            Checksum::Crc32 => "crc32",
            Checksum::Adler32 => "adler",
            Checksum::Crc32c => "crc32c",
            Checksum::T10Ip512 => "t10ip512",
            Checksum::T10Ip4k => "t10ip4K",
            Checksum::T10Crc512 => "t10crc512",
            Checksum::T10Crc4k => "t10crc4K",
            Checksum::Crc32Ieee => "crc32ieee",
            Checksum::Crc64Nvme => "crc64nvme",
        }
    }

    /// The checksum of this name; capitals do not matter.
    ///
    /// # Errors
    ///
    /// [`Error::ChecksumUnknown`].
    pub fn from_name(name: &str) -> Result<Checksum, Error> {
        let mut all = Checksum::ALL.into_iter();
        let found = all.find(|checksum| checksum.name().eq_ignore_ascii_case(name));
        found.ok_or(Error::ChecksumUnknown { names: Checksum::NAMES })
    }

    /// How the wire names it: the value of the field `0xf000` of `o_flags`. `None` if Lustre's wire
    /// cannot carry it.
    pub const fn wire_flags(self) -> Option<u32> {
        match self {
            Checksum::Crc32 => Some(0x1000),
            Checksum::Adler32 => Some(0x2000),
            Checksum::Crc32c => Some(0x4000),
            Checksum::T10Ip512 => Some(0x5000),
            Checksum::T10Ip4k => Some(0x6000),
            Checksum::T10Crc512 => Some(0x7000),
            Checksum::T10Crc4k => Some(0x8000),
            Checksum::Crc32Ieee | Checksum::Crc64Nvme => None,
        }
    }

    /// The checksum that `o_flags` names. As Lustre has it, what names none means Adler-32.
    pub fn from_wire_flags(flags: u32) -> Checksum {
        let mut all = Checksum::ALL.into_iter();
        let found = all.find(|checksum| checksum.wire_flags() == Some(flags & 0xf000));
        found.unwrap_or(Checksum::Adler32)
    }

    /// Bits of a value: 32 or 64.
    pub const fn bits(self) -> u32 {
        match self {
            Checksum::Crc64Nvme => 64,
            _ => 32,
        }
    }

    /// The size of a sector, of those that have guards.
    pub const fn sector(self) -> Option<usize> {
        match self {
            Checksum::T10Ip512 | Checksum::T10Crc512 => Some(512),
            Checksum::T10Ip4k | Checksum::T10Crc4k => Some(4096),
            _ => None,
        }
    }

    /// The checksum of `bytes` as it is sent, in the low [`bits`](Self::bits). Cost: one pass, no
    /// allocation.
    #[inline]
    pub fn digest(self, bytes: &[u8]) -> u64 {
        self.digest_on(Backend::best(), bytes)
    }

    /// [`digest`](Self::digest), on the given instruction set. All give the same values.
    #[inline]
    pub fn digest_on(self, backend: Backend, bytes: &[u8]) -> u64 {
        let mut state = State::with_backend(self, 0, backend);
        state.update(bytes);
        state.finish()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
