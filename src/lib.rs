//! The data path of the Lustre parallel file system: erasure coding, layouts, and the engine that
//! joins them.
//!
//! * [`gf`] multiplies by constants of GF(2^8), the field of polynomial 0x11d, at the speed of the
//!   machine: [`gf::Backend`] names the instruction sets and picks the best.
//! * [`ec`] is the code that Lustre's parity mirrors hold (the systematic Cauchy code of ISA-L):
//!   `Codec` encodes, verifies, updates and reconstructs the shards of one RAID set's row.
//! * [`checksum`] takes the checksums of Lustre's wire, and joins and cuts them without the bytes.
//! * `pipeline` (feature `alloc`) encodes a row and takes its checksums in one trip through memory.
//! * `layout` (feature `alloc`) reads and writes the layout of a file and does arithmetic on it.
//! * `engine` (feature `std`) carries out plans on stores of objects.
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use lustrine::ec::{Codec, Geometry};
//!
//! // One row of a 5+3 RAID set: eight shards of equal length.
//! let codec = Codec::new(Geometry::new(5, 3)?);
//! let data = [[0; 4096], [1; 4096], [2; 4096], [3; 4096], [4; 4096]];
//! let mut parity = [[0; 4096]; 3];
//! codec.encode(&data, &mut parity)?;
//!
//! // Two data shards and a parity shard are lost. Any five that are left give them back.
//! let survivors = [None, Some(&data[1]), Some(&data[2]), None, Some(&data[4]),
//!                  Some(&parity[0]), None, Some(&parity[2])];
//! let mut wanted = [(0, [0; 4096]), (3, [0; 4096]), (6, [0; 4096])];
//! codec.reconstruct(&survivors, &mut wanted)?;
//! assert_eq!(wanted[1].1, data[3]);
//! # }
//! # Ok::<(), lustrine::Error>(())
//! ```
//!
//! # Features
//!
//! `std` (default) over `alloc` over nothing: without features the crate needs neither an operating
//! system nor an allocator, and [`ec::Encoder`] and [`ec::Decoder`] work in tables that the caller
//! owns. `rayon` spreads plans over threads, and codecs over a pool (`Codec::encode_on`).
//! `wide` adds `ec::WideCodec`, another code for more than 255 data shards.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod cpu;
mod error;

pub mod checksum;
#[cfg(feature = "alloc")]
pub mod docs;
pub mod ec;
#[cfg(all(feature = "std", unix))]
pub mod engine;
pub mod gf;
#[cfg(feature = "alloc")]
pub mod layout;
#[cfg(feature = "alloc")]
pub mod pipeline;

pub use error::{Error, ShardList};

/// Memory between pages that may not be touched, for the kernels' tests.
#[cfg(all(test, unix, not(miri)))]
#[path = "../tests/common/guarded.rs"]
mod guarded;

/// The README's example runs with the tests.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
