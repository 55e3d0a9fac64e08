//! x86-64: the tokens, and where their instructions are enabled.
#![allow(unsafe_code)]

mod dot;
mod fold;
mod guards;

use super::simd::{Kernel, Simd};
use crate::cpu::{self, token};

token!(Pclmul, cpu::pclmul, "PCLMULQDQ, SSSE3 and SSE4.1");
token!(Avx2, cpu::avx2_pclmul, "AVX2 and PCLMULQDQ");
token!(Avx512, cpu::avx512_vpclmul, "AVX-512 F, BW, VL and VNNI, VPCLMULQDQ and GFNI");

macro_rules! simd {
    ($token:ident, $name:literal, $features:literal) => {
        impl Simd for $token {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn run<K: Kernel>(self, kernel: K) -> K::Out {
                #[target_feature(enable = $features)]
                fn enabled<S: Simd, K: Kernel>(simd: S, kernel: K) -> K::Out {
                    kernel.call(simd)
                }
                // SAFETY: the token proves that the CPU has these features.
                unsafe { enabled(self, kernel) }
            }
        }
    };
}

simd!(Pclmul, "pclmul", "pclmulqdq,ssse3,sse4.1");
simd!(Avx2, "avx2", "pclmulqdq,avx2");
simd!(Avx512, "avx512", "avx512f,avx512bw,avx512vl,avx512vnni,gfni,vpclmulqdq,pclmulqdq");
