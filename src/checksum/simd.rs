//! The contract between the kernels of checksums and instruction sets.
//!
//! Two families of operations: [`Fold`] for remainders (all CRCs), [`Dot`] for sums (Adler-32, the
//! Internet checksum). They do not align with the instruction sets of [`crate::gf`], so checksums
//! have a ladder of their own; what the CPU has is asked in the same place.
#![allow(unsafe_code)]

use super::dot::Dot;
use super::fold::Fold;

/// Code over a token's operations, run where the token's instructions are enabled.
///
/// `call` must be `#[inline(always)]`: its body has to end up inside [`Simd::run`].
pub(super) trait Kernel {
    type Out;
    fn call<S: Simd>(self, simd: S) -> Self::Out;
}

/// An instruction set. Every method but `run` is `#[inline(always)]`, so that it becomes an
/// instruction of the kernel around it.
pub(super) trait Simd: Fold + Dot {
    /// How users name the backend.
    const NAME: &'static str;

    /// Runs `kernel` where the instructions are enabled: the only such place of a backend.
    fn run<K: Kernel>(self, kernel: K) -> K::Out;
}
