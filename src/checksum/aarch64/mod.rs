//! AArch64: the token, and where its instructions are enabled.
#![allow(unsafe_code)]

mod dot;
mod fold;

use super::simd::{Kernel, Simd};
use crate::cpu::{self, token};

token!(Pmull, cpu::neon_pmull, "NEON and PMULL of 64 bits");

impl Simd for Pmull {
    const NAME: &'static str = "pmull";

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        #[target_feature(enable = "neon,aes")]
        fn enabled<S: Simd, K: Kernel>(simd: S, kernel: K) -> K::Out {
            kernel.call(simd)
        }
        // SAFETY: the token proves that the CPU has these features.
        unsafe { enabled(self, kernel) }
    }
}
