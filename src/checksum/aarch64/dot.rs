//! AArch64: `Dot`.
//!
//! NEON widens while it adds: bytes to words, words to lanes of 32 bits.
#![allow(unsafe_code)]

use core::arch::aarch64::*;

use super::super::dot::Dot;
use super::Pmull;

/// Weights of the bytes of a block: downwards from 64.
static WEIGHTS: [[u8; 16]; 4] = {
    let mut weights = [[0; 16]; 4];
    let mut i = 0;
    while i < 64 {
        weights[i / 16][i % 16] = 64 - i as u8;
        i += 1;
    }
    weights
};

/// Products of the lower, or upper, halves; and their sums with what was there.
///
/// As instructions by name: the compiler keeps the upper halves of constants in registers of their
/// own, and then has to move those of the data down first.
macro_rules! multiply {
    ($name:ident, $instruction:literal, inout) => {
        #[inline(always)]
        fn $name(mut sums: uint16x8_t, a: uint8x16_t, b: uint8x16_t) -> uint16x8_t {
            // SAFETY: an instruction on registers, which every CPU with NEON has.
            unsafe {
                core::arch::asm!(
                    $instruction,
                    inout(vreg) sums,
                    in(vreg) a,
                    in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            sums
        }
    };
    ($name:ident, $instruction:literal) => {
        #[inline(always)]
        fn $name(a: uint8x16_t, b: uint8x16_t) -> uint16x8_t {
            let products;
            // SAFETY: as above.
            unsafe {
                core::arch::asm!(
                    $instruction,
                    lateout(vreg) products,
                    in(vreg) a,
                    in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            products
        }
    };
}
multiply!(umull, "umull {0:v}.8h, {1:v}.8b, {2:v}.8b");
multiply!(umull2, "umull2 {0:v}.8h, {1:v}.16b, {2:v}.16b");
multiply!(umlal, "umlal {0:v}.8h, {1:v}.8b, {2:v}.8b", inout);
multiply!(umlal2, "umlal2 {0:v}.8h, {1:v}.16b, {2:v}.16b", inout);

/// Safe operations made of instructions that the token vouches for.
macro_rules! op {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty $body:block)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) -> $out {
            // SAFETY: instructions on registers, and loads of constants as long as they read; the
            // token proves that the CPU has them.
            unsafe { $body }
        }
    )*};
}

// SAFETY: only detection or an unsafe constructor makes the token; uint8x16_t is 16 bytes.
unsafe impl Dot for Pmull {
    const BYTES: usize = 16;
    const CENTRE: u32 = 64;
    const BIAS: u32 = 0;
    const STRIPES: bool = false;
    type V = uint8x16_t;
    type Sums = uint32x4_t;

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> uint8x16_t {
        // SAFETY: the caller says that 16 bytes are readable; the token proves the ISA.
        unsafe { vld1q_u8(p) }
    }
    #[inline(always)]
    unsafe fn load_part(self, p: *const u8, n: usize) -> uint8x16_t {
        let mut bytes = [0; 16];
        // SAFETY: the caller says that n < 16 bytes are readable, and the copy is 16 long.
        unsafe {
            core::ptr::copy_nonoverlapping(p, bytes.as_mut_ptr(), n);
            self.load(bytes.as_ptr())
        }
    }
    op! {
        fn zero() -> uint8x16_t { vdupq_n_u8(0) }
        fn none() -> uint32x4_t { vdupq_n_u32(0) }
        fn swap(v: uint8x16_t) -> uint8x16_t { vrev16q_u8(v) }
        fn add(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t { vaddq_u32(a, b) }
        fn dot(sums: (uint32x4_t, uint32x4_t), block: &[uint8x16_t; 4]) -> (uint32x4_t, uint32x4_t)
        {
            // Of a lane, 255 * (64 + 48 + 32 + 16) at most: 40800 fit 16 bits.
            let weights = vld1q_u8(WEIGHTS[0].as_ptr());
            let (mut low, mut high) = (umull(block[0], weights), umull2(block[0], weights));
            let mut bytes = vpaddlq_u8(block[0]);
            for i in 1..4 {
                let weights = vld1q_u8(WEIGHTS[i].as_ptr());
                low = umlal(low, block[i], weights);
                high = umlal2(high, block[i], weights);
                bytes = vpadalq_u8(bytes, block[i]);
            }
            (vpadalq_u16(sums.0, bytes), vpadalq_u16(vpadalq_u16(sums.1, low), high))
        }
        fn words(sums: uint32x4_t, v: uint8x16_t) -> uint32x4_t {
            vpadalq_u16(sums, vreinterpretq_u16_u8(v))
        }
        fn totals(sums: [uint32x4_t; 4]) -> [u32; 4] {
            let [a, b, c, d] = sums;
            let all = vpaddq_u32(vpaddq_u32(a, b), vpaddq_u32(c, d));
            core::mem::transmute::<uint32x4_t, [u32; 4]>(all)
        }
    }
}
