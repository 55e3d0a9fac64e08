//! How it works, at more length than fits beside the code.

#[doc = include_str!("checksums.md")]
pub mod checksums {}

#[doc = include_str!("digest.md")]
pub mod digest {}

#[doc = include_str!("kernels.md")]
pub mod kernels {}

#[doc = include_str!("layouts.md")]
///
/// ## A file over four OSTs
///
/// `lfs setstripe -c 4 -S 1M`; where is byte 9.5 MiB?
///
#[doc = include_str!("layouts/plain-4.svg")]
///
/// ```text
#[doc = include_str!("layouts/plain-4.txt")]
/// ```
///
/// ## A progressive layout, written up to its second component
///
/// The third component has no objects yet.
///
#[doc = include_str!("layouts/pfl3-partial.svg")]
///
/// ```text
#[doc = include_str!("layouts/pfl3-partial.txt")]
/// ```
///
/// ## Three mirrors after a write
///
/// The write went to mirror 1; the others are stale until the next resync.
///
#[doc = include_str!("layouts/flr3-pfl.svg")]
///
/// ```text
#[doc = include_str!("layouts/flr3-pfl.txt")]
/// ```
///
/// ## Erasure coding with three RAID sets
///
/// `-c 11 --ec 4+2`: eleven stripes are two sets of four and one of three, each with two parities.
///
#[doc = include_str!("layouts/ec-c11-4p2.svg")]
///
/// ```text
#[doc = include_str!("layouts/ec-c11-4p2.txt")]
/// ```
///
/// ## A progressive layout with parity
///
/// Each data component has its parity component beside it, in a mirror of its own.
///
#[doc = include_str!("layouts/ec-pfl.svg")]
///
/// ```text
#[doc = include_str!("layouts/ec-pfl.txt")]
/// ```
///
/// ## More stripes than OSTs
///
/// Thirty-two stripes over sixteen OSTs: each OST holds two, but never two of one RAID set.
///
#[doc = include_str!("layouts/ec-C32-4p3.svg")]
///
/// ```text
#[doc = include_str!("layouts/ec-C32-4p3.txt")]
/// ```
pub mod layouts {}
