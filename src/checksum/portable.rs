//! The backend of last resort: tables and plain integers.
#![allow(unsafe_code)]

use super::crc::{Poly, slices};
use super::dot::Dot;
use super::fold::Fold;
use super::simd::{Kernel, Simd};

/// Plain integer code. Every CPU has it.
#[derive(Clone, Copy)]
pub struct Portable;

// SAFETY: no instruction is needed that the target does not have.
unsafe impl Fold for Portable {
    #[inline(always)]
    fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64 {
        slices::crc::<P>(register, bytes)
    }
}
// SAFETY: no instruction is needed that the target does not have.
unsafe impl Dot for Portable {}

impl Simd for Portable {
    const NAME: &'static str = "portable";

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.call(self)
    }
}
