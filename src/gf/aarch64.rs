//! AArch64: NEON, a product being two table look-ups in registers (`tbl`, one per nibble).
#![allow(unsafe_code)]

use core::arch::aarch64::*;

use super::coef::Coef;
use super::simd::{Kernel, Simd};
use crate::cpu::{self, token};

token!(Neon, cpu::neon, "NEON");

/// One safe operation made of instructions that the token vouches for.
macro_rules! op {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? $body:block)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) $(-> $out)? {
            // SAFETY: register-only instructions, and loads of a table that is borrowed; the token
            // proves that the CPU has them.
            unsafe { $body }
        }
    )*};
}

// SAFETY: only detection or an unsafe constructor makes the token; uint8x16_t is 16 bytes.
unsafe impl Simd for Neon {
    const NAME: &'static str = "neon";
    const BYTES: usize = 16;
    const ROWS: usize = 8;
    const WIDE_FILE: bool = true;
    const PAIRS: bool = false;
    type V = uint8x16_t;
    type X = (uint8x16_t, uint8x16_t);
    type C = (uint8x16_t, uint8x16_t);
    type A = uint8x16_t;

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> uint8x16_t {
        // SAFETY: the caller says that 16 bytes are readable; the token proves the ISA.
        unsafe { vld1q_u8(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut u8, v: uint8x16_t) {
        // SAFETY: the caller says that 16 bytes are writable; the token proves the ISA.
        unsafe { vst1q_u8(p, v) }
    }
    op! {
        fn zero() -> uint8x16_t { vdupq_n_u8(0) }
        fn xor(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t { veorq_u8(a, b) }
        fn or(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t { vorrq_u8(a, b) }
        fn and(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t { vandq_u8(a, b) }
        fn is_zero(v: uint8x16_t) -> bool { vmaxvq_u8(v) == 0 }
        fn prepare(c: &Coef) -> (uint8x16_t, uint8x16_t) {
            (vld1q_u8(c.low.as_ptr()), vld1q_u8(c.high.as_ptr()))
        }
        fn split(v: uint8x16_t) -> (uint8x16_t, uint8x16_t) {
            (vandq_u8(v, vdupq_n_u8(15)), vshrq_n_u8::<4>(v))
        }
        fn add(
            a: (uint8x16_t, uint8x16_t), b: (uint8x16_t, uint8x16_t)
        ) -> (uint8x16_t, uint8x16_t) {
            (veorq_u8(a.0, b.0), veorq_u8(a.1, b.1))
        }
        fn mul_add(
            sum: &mut uint8x16_t, c: (uint8x16_t, uint8x16_t), x: (uint8x16_t, uint8x16_t)
        ) {
            *sum = veorq_u8(*sum, veorq_u8(vqtbl1q_u8(c.0, x.0), vqtbl1q_u8(c.1, x.1)));
        }
    }
    #[inline(always)]
    fn open(self, v: uint8x16_t) -> uint8x16_t {
        v
    }
    #[inline(always)]
    fn close(self, sum: &uint8x16_t) -> uint8x16_t {
        *sum
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        #[target_feature(enable = "neon")]
        fn enabled<K: Kernel>(simd: Neon, kernel: K) -> K::Out {
            kernel.call(simd)
        }
        // SAFETY: the token proves that the CPU has NEON.
        unsafe { enabled(self, kernel) }
    }
}
