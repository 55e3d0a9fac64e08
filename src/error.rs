//! The one error type of the parts that need no allocator.
//!
//! Every variant carries the numbers that say what was wrong, is `Copy`, and has a stable C code
//! (`Error::code`). The engine wraps it beside `std::io::Error` and the name of the object.

use core::fmt;

/// What `gf` and `ec` refuse, with the offending numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// `data` and `parity` are not a code: see [`crate::ec::Geometry::new`] for the limits.
    Geometry {
        /// Data shards asked for.
        data: usize,
        /// Parity shards asked for.
        parity: usize,
    },
    /// A list of shards has the wrong number of entries.
    ShardCount {
        /// Which list.
        list: ShardList,
        /// Entries that the geometry demands.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// The shards of one call are not equally long.
    ShardSize {
        /// Which list.
        list: ShardList,
        /// Position in that list; for [`ShardList::Wanted`], the number of the shard.
        index: usize,
        /// Length of the first shard of the call, bytes.
        expected: usize,
        /// Length of this one, bytes.
        got: usize,
    },
    /// A shard index is out of range (`0..limit`).
    ShardIndex {
        /// The index given.
        index: usize,
        /// First index that does not exist.
        limit: usize,
    },
    /// A shard is named twice, or is wanted although it was given as a survivor.
    ShardRepeated {
        /// The index.
        index: usize,
    },
    /// Fewer than `data` shards survive: the code cannot give the lost ones back.
    TooManyErasures {
        /// Shards missing.
        missing: usize,
        /// Shards that the code can lose.
        parity: usize,
    },
    /// A table given by the caller (builds without an allocator) is too short.
    TableSize {
        /// Entries needed.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// No backend has this name.
    BackendUnknown {
        /// Those that there are.
        names: &'static [&'static str],
    },
    /// The CPU, or the target that this was compiled for, does not have this backend.
    BackendUnavailable {
        /// Its name.
        name: &'static str,
    },
    /// `data` and `parity` are beyond what the wide code can have.
    WideGeometry {
        /// Data shards asked for.
        data: usize,
        /// Parity shards asked for.
        parity: usize,
    },
    /// The wide code works on pairs of bytes, and the shards have an odd number.
    OddSize {
        /// Length of the shards, bytes.
        got: usize,
    },
    /// No checksum has this name.
    ChecksumUnknown {
        /// Those that there are.
        names: &'static [&'static str],
    },
    /// There is not one place for each guard of a bulk.
    GuardCount {
        /// Guards that the bulk has.
        expected: u64,
        /// Places given.
        got: u64,
    },
    /// A sector of a bulk is not what its guard says.
    GuardMismatch {
        /// Which guard, counted over all fragments.
        guard: u64,
        /// Where the sector begins: so many bytes of the bulk are before it.
        at: u64,
        /// The guard of the bytes that are there.
        got: u16,
        /// The guard that was given.
        expected: u16,
    },
    /// A part of a file begins before the end of the part before.
    PartOverlap {
        /// Which part, from 0.
        part: u64,
        /// Where it begins, bytes.
        at: u64,
        /// Where the part before ends.
        end: u64,
    },
    /// A file ends before its last part does.
    FileTooShort {
        /// The length of the file, bytes.
        len: u64,
        /// Where its last part ends.
        end: u64,
    },
    /// A part of a file begins within a sector, or ends there and more follows: the guard of this
    /// sector cannot be known.
    PartUnaligned {
        /// Which part, from 0.
        part: u64,
        /// Where it begins or ends, bytes.
        at: u64,
        /// Bytes in a sector.
        sector: u64,
    },
    /// A part of a file ends beyond 2^64 bytes.
    PartTooLong {
        /// Which part, from 0.
        part: u64,
        /// Where it begins, bytes.
        at: u64,
        /// Its length, bytes.
        len: u64,
    },
}

/// Which argument an [`Error`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardList {
    /// The data shards.
    Data,
    /// The parity shards.
    Parity,
    /// The survivors of a reconstruction, data then parity.
    Survivors,
    /// The shards to rebuild.
    Wanted,
    /// Where data is copied to.
    Copy,
}

impl Error {
    /// The stable number that the C interface returns: negative, never reused.
    pub const fn code(self) -> i32 {
        match self {
            Error::Geometry { .. } => -101,
            Error::ShardCount { .. } => -102,
            Error::ShardSize { .. } => -103,
            Error::ShardIndex { .. } => -104,
            Error::ShardRepeated { .. } => -105,
            Error::TooManyErasures { .. } => -106,
            Error::TableSize { .. } => -107,
            Error::BackendUnknown { .. } => -108,
            Error::BackendUnavailable { .. } => -109,
            Error::WideGeometry { .. } => -110,
            Error::OddSize { .. } => -111,
            Error::ChecksumUnknown { .. } => -112,
            Error::GuardCount { .. } => -113,
            Error::GuardMismatch { .. } => -114,
            Error::PartOverlap { .. } => -115,
            Error::PartUnaligned { .. } => -116,
            Error::PartTooLong { .. } => -117,
            Error::FileTooShort { .. } => -118,
        }
    }
}

impl fmt::Display for ShardList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ShardList::Data => "data",
            ShardList::Parity => "parity",
            ShardList::Survivors => "surviving",
            ShardList::Wanted => "wanted",
            ShardList::Copy => "copied",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Geometry { data, parity } => write!(
                f,
                "no code of {data} data + {parity} parity: data must be 2..=255 (or 1 with 1 \
                 parity, a copy), parity 1..=15, their sum at most 256"
            ),
            Error::ShardCount { list, expected, got } => {
                write!(f, "expected {expected} {list} shards, got {got}")
            }
            Error::ShardSize { list, index, expected, got } => write!(
                f,
                "{list} shard {index} is {got} bytes long, the others of this call {expected}"
            ),
            Error::ShardIndex { index, limit } => {
                write!(f, "shard {index} does not exist: the last one is {}", limit - 1)
            }
            Error::ShardRepeated { index } => {
                write!(f, "shard {index} is named twice, or is wanted although it survives")
            }
            Error::TooManyErasures { missing, parity } => write!(
                f,
                "{missing} shards are missing, more than the {parity} that the parity can replace"
            ),
            Error::TableSize { expected, got } => {
                write!(f, "the caller's table has {got} entries, {expected} are needed")
            }
            Error::BackendUnknown { names } => {
                f.write_str("no backend has this name; there are ")?;
                list(f, names)
            }
            Error::BackendUnavailable { name } => {
                write!(f, "this CPU does not have backend {name}")
            }
            Error::WideGeometry { data, parity } => {
                write!(f, "no wide code of {data} data + {parity} parity: at most 65536 in all")
            }
            Error::OddSize { got } => {
                write!(f, "shards of the wide code must have an even length, these have {got}")
            }
            Error::ChecksumUnknown { names } => {
                f.write_str("no checksum has this name; there are ")?;
                list(f, names)
            }
            Error::GuardCount { expected, got } => {
                write!(f, "the bulk has {expected} guards, there are places for {got}")
            }
            Error::GuardMismatch { guard, at, got, expected } => write!(
                f,
                "the sector {at} bytes into the bulk is damaged: its guard is {got:04x}, and {guard} \
                 guards into the list {expected:04x} is expected"
            ),
            Error::PartOverlap { part, at, end } => {
                write!(
                    f,
                    "part {part} begins at byte {at}, before the end of what is there at {end}"
                )
            }
            Error::PartUnaligned { part, at, sector } => write!(
                f,
                "part {part} begins or ends at byte {at}, within a sector of {sector} bytes, whose \
                 guard cannot be known: cut parts at multiples of {sector}, or read the file"
            ),
            Error::FileTooShort { len, end } => {
                write!(f, "the file has {len} bytes, and its last part ends at {end}")
            }
            Error::PartTooLong { part, at, len } => {
                write!(f, "part {part} of {len} bytes at byte {at} ends beyond 2^64")
            }
        }
    }
}

/// A list with commas.
fn list(f: &mut fmt::Formatter<'_>, names: &[&str]) -> fmt::Result {
    for (at, name) in names.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { ", " })?;
        f.write_str(name)?;
    }
    Ok(())
}

impl core::error::Error for Error {}
