//! Lustre's erasure code: k data shards, p parity shards, any p of which may be lost.
//!
//! Parity shard i is the sum over the data shards j of `1 / ((k + i) ^ j)` times shard j, byte by
//! byte, in the field of [`crate::gf`]: the systematic Cauchy code of ISA-L's
//! `gf_gen_cauchy1_matrix`, which Lustre's parity mirrors hold. With one data shard that is a copy.
//!
//! A *shard* is one member's buffer of one row. All shards of a call are equally long; any length
//! and any alignment will do. Nothing is written unless all arguments are right.
//!
//! [`Codec`] is what programs use. Its `locate` says which shards of a row are wrong, for up to half
//! as many as could be lost:
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use lustrine::ec::{Codec, Geometry, Verdict};
//!
//! let codec = Codec::new(Geometry::new(5, 4)?);
//! let mut shards: Vec<Vec<u8>> =
//!     (0..5).map(|j| (0..200).map(|at: u32| (at.pow(3) / (j + 7)) as u8).collect()).collect();
//! let mut parity = vec![vec![0; 200]; 4];
//! codec.encode(&shards, &mut parity)?;
//! shards.extend(parity);
//!
//! // A data and a parity shard rot.
//! shards[1][70..90].fill(0);
//! shards[8].reverse();
//! let all: Vec<_> = shards.iter().map(Some).collect();
//! assert_eq!(codec.locate(&all)?.verdict(), Verdict::Replace(vec![1, 8]));
//! # }
//! # Ok::<(), lustrine::Error>(())
//! ```
//!
//! A [`Digest`] is 8 bytes of a shard. The digests of a row's shards are themselves a row of the code,
//! so that parity can be checked where neither it nor the data is (`docs::digest`).
//!
//! Without an allocator, [`Encoder`] and [`Decoder`] do the same as `Codec` but for that, in tables
//! that the caller owns. `WideCodec` (feature `wide`) is *another* code, for more than 255 data
//! shards.

#[cfg(feature = "alloc")]
mod cache;
#[cfg(feature = "alloc")]
mod codec;
mod digest;
mod geometry;
#[cfg(feature = "alloc")]
mod locate;
mod matrix;
#[cfg(feature = "rayon")]
mod parallel;
#[cfg(feature = "alloc")]
mod plan;
#[cfg(feature = "alloc")]
mod rows;
mod set;
mod shards;
mod tables;
#[cfg(feature = "wide")]
mod wide;

#[cfg(feature = "alloc")]
pub use codec::Codec;
pub use digest::{Digest, Digester};
pub use geometry::Geometry;
#[cfg(feature = "alloc")]
pub use locate::{Located, Suspect, Verdict};
#[cfg(feature = "alloc")]
pub use plan::{Part, Plan};
#[cfg(feature = "alloc")]
pub use rows::RowBuffers;
pub use tables::{Decoder, Encoder};
#[cfg(feature = "wide")]
pub use wide::WideCodec;
