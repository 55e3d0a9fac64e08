//! How it works, at more length than fits beside the code.

#[doc = include_str!("checksums.md")]
pub mod checksums {}

#[doc = include_str!("digest.md")]
pub mod digest {}

#[doc = include_str!("kernels.md")]
pub mod kernels {}
