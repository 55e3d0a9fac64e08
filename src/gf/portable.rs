//! The backend of last resort, in plain integers: eight bytes of the field in each `u64`.
//!
//! c * x is the sum of x * 2^b over the bits b of c. So a sum of products is kept as eight sums,
//! one for each b, to which x is added as it is; only at the end are they multiplied by their 2^b.
//! That leaves four additions to a product on average, whatever the constants, and no table.
//! Compilers turn the arrays of `u64` into whatever vectors the target has.
#![allow(unsafe_code)]

use super::coef::Coef;
use super::scalar::REDUCTION;
use super::simd::{Kernel, Simd};

/// Words in a register: so many that walking the bits of a constant costs little beside them.
const WORDS: usize = 8;
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
    type X = Words;
    type C = u8;
    type A = [Words; 8];

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
    fn and(self, mut a: Words, b: Words) -> Words {
        for i in 0..WORDS {
            a[i] &= b[i];
        }
        a
    }
    #[inline(always)]
    fn is_zero(self, v: Words) -> bool {
        v == [0; WORDS]
    }

    #[inline(always)]
    fn prepare(self, c: &Coef) -> u8 {
        c.value()
    }
    #[inline(always)]
    fn split(self, v: Words) -> Words {
        v
    }
    #[inline(always)]
    fn add(self, a: Words, b: Words) -> Words {
        self.xor(a, b)
    }
    #[inline(always)]
    fn open(self, v: Words) -> [Words; 8] {
        let mut sums = [[0; WORDS]; 8];
        sums[0] = v;
        sums
    }
    #[inline(always)]
    fn mul_add(self, sums: &mut [Words; 8], mut c: u8, x: Words) {
        while c != 0 {
            let sum = &mut sums[c.trailing_zeros() as usize & 7];
            *sum = self.xor(*sum, x);
            c &= c - 1;
        }
    }
    #[inline(always)]
    fn close(self, sums: &[Words; 8]) -> Words {
        let [rest @ .., mut total] = *sums;
        for sum in rest.iter().rev() {
            total = self.xor(total.map(double), *sum);
        }
        total
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
