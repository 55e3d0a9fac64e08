//! The backend of last resort, in plain integers: eight bytes of the field in each `u64`.
//!
//! c * x is the sum of x * 2^b over the bits b of c. The eight multiples are made once per source
//! and shared by all outputs; a constant is eight masks that select among them. Compilers turn the
//! arrays of `u64` into whatever vectors the target has, and they are fair on targets with none.
#![allow(unsafe_code)]

use super::coef::Coef;
use super::scalar::REDUCTION;
use super::simd::{Kernel, Simd};

/// Words in a register. Two fill an SSE2 register.
const WORDS: usize = 2;
/// A byte in each byte of a word.
const BYTES_OF_1: u64 = 0x0101_0101_0101_0101;

type Words = [u64; WORDS];

/// Plain integer code. Every CPU has it.
#[derive(Clone, Copy)]
pub struct Portable;

// SAFETY: no instruction is needed that the target does not have; load and store move exactly the
// 8 * WORDS bytes of a `Words`.
unsafe impl Simd for Portable {
    const NAME: &'static str = "portable";
    const BYTES: usize = 8 * WORDS;
    const ROWS: usize = 4;
    const WIDE_FILE: bool = false;
    const PAIRS: bool = false;

    type V = Words;
    type X = [Words; 8];
    type C = [u64; 8];

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> Words {
        // SAFETY: the caller says that BYTES bytes are readable; read_unaligned needs no alignment.
        unsafe { p.cast::<Words>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut u8, v: Words) {
        // SAFETY: the caller says that BYTES bytes are writable; no alignment is needed.
        unsafe { p.cast::<Words>().write_unaligned(v) }
    }

    #[inline(always)]
    fn zero(self) -> Words {
        [0; WORDS]
    }
    #[inline(always)]
    fn xor(self, mut a: Words, b: Words) -> Words {
        for i in 0..WORDS {
            a[i] ^= b[i];
        }
        a
    }
    #[inline(always)]
    fn or(self, mut a: Words, b: Words) -> Words {
        for i in 0..WORDS {
            a[i] |= b[i];
        }
        a
    }
    #[inline(always)]
    fn is_zero(self, v: Words) -> bool {
        v == [0; WORDS]
    }

    #[inline(always)]
    fn prepare(self, c: &Coef) -> [u64; 8] {
        let c = u64::from(c.value());
        let mut masks = [0; 8];
        for (b, mask) in masks.iter_mut().enumerate() {
            *mask = (c >> b & 1).wrapping_neg();
        }
        masks
    }
    #[inline(always)]
    fn split(self, mut v: Words) -> [Words; 8] {
        let mut multiples = [v; 8];
        for multiple in &mut multiples[1..] {
            for word in &mut v {
                *word = double(*word);
            }
            *multiple = v;
        }
        multiples
    }
    #[inline(always)]
    fn mul_add(self, mut acc: Words, masks: [u64; 8], multiples: [Words; 8]) -> Words {
        for b in 0..8 {
            for i in 0..WORDS {
                acc[i] ^= multiples[b][i] & masks[b];
            }
        }
        acc
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.call(self)
    }
}

/// Twice each byte of `x`: the bytes whose top bit falls out get the reduction.
#[inline(always)]
fn double(x: u64) -> u64 {
    let top = x & (BYTES_OF_1 << 7);
    // 0xff in each byte of `top` that is set: 0x100 - 0x01, where no byte borrows from the next.
    let carry = (top << 1).wrapping_sub(top >> 7);
    ((x ^ top) << 1) ^ (carry & (BYTES_OF_1 * u64::from(REDUCTION)))
}
