//! Lustre's erasure code: k data shards, p parity shards, any p of which may be lost.
//!
//! Parity shard i is the sum over the data shards j of `1 / ((k + i) ^ j)` times shard j, byte by
//! byte, in the field of [`crate::gf`]: the systematic Cauchy code of ISA-L's
//! `gf_gen_cauchy1_matrix`, which Lustre's parity mirrors hold. With one data shard that is a copy.
//!
//! A *shard* is one member's buffer of one row. All shards of a call are equally long; any length
//! and any alignment will do. Nothing is written unless all arguments are right.
//!
//! [`Codec`] is what programs use. Without an allocator, [`Encoder`] and [`Decoder`] do the same in
//! tables that the caller owns. `WideCodec` (feature `wide`) is *another* code, for more than 255
//! data shards.

#[cfg(feature = "alloc")]
mod cache;
#[cfg(feature = "alloc")]
mod codec;
mod geometry;
#[cfg(feature = "alloc")]
mod locate;
mod matrix;
mod set;
mod shards;
mod tables;
#[cfg(feature = "wide")]
mod wide;

#[cfg(feature = "alloc")]
pub use codec::Codec;
pub use geometry::Geometry;
#[cfg(feature = "alloc")]
pub use locate::{Located, Suspect, Verdict};
pub use tables::{Decoder, Encoder};
#[cfg(feature = "wide")]
pub use wide::WideCodec;
