//! How it works, at more length than fits beside the code.

#[doc = include_str!("kernels.md")]
pub mod kernels {}
