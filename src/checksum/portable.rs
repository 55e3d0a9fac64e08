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

/// In each 64 bits, the even bytes, each with room for 16 bits.
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
/// In each 64 bits, the even words, each with room for 32 bits.
const WORDS: u64 = 0x0000_ffff_0000_ffff;
/// As a factor: has the sum of four words, if it fits one, end up in the uppermost.
const SUM: u64 = 0x0001_0001_0001_0001;
/// As a factor: the same of four words times 4, 3, 2 and 1, the lowest first.
const WEIGHTED: u64 = 0x0004_0003_0002_0001;

// SAFETY: no instruction is needed that the target does not have; [u64; 4] is 32 bytes.
unsafe impl Dot for Portable {
    const BYTES: usize = 32;
    const CENTRE: u32 = 128;
    const BIAS: u32 = 0;
    const STRIPES: bool = false;
    /// Bytes and words in the order of memory are those of the numbers from the lowest up.
    type V = [u64; 4];
    type Sums = u32;

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> [u64; 4] {
        // SAFETY: the caller says that 32 bytes are readable.
        unsafe { p.cast::<[u64; 4]>().read_unaligned() }.map(u64::from_le)
    }

    #[inline(always)]
    unsafe fn load_part(self, p: *const u8, n: usize) -> [u64; 4] {
        let mut bytes = [0_u8; 32];
        // SAFETY: the caller says that n < 32 bytes are readable, and the copy is 32 long.
        unsafe {
            core::ptr::copy_nonoverlapping(p, bytes.as_mut_ptr(), n);
            self.load(bytes.as_ptr())
        }
    }

    #[inline(always)]
    fn zero(self) -> [u64; 4] {
        [0; 4]
    }

    #[inline(always)]
    fn swap(self, v: [u64; 4]) -> [u64; 4] {
        v.map(|x| (x & EVEN) << 8 | x >> 8 & EVEN)
    }

    #[inline(always)]
    fn none(self) -> u32 {
        0
    }

    #[inline(always)]
    fn add(self, a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    /// Columns are summed up in 16 bits, and weighted when all 16 rows are in. What the rows weigh
    /// is a sum of sums.
    #[inline(always)]
    fn dot(self, sums: (u32, u32), block: &[[u64; 4]; 4]) -> (u32, u32) {
        let (mut even, mut odd, mut rows) = (0, 0, 0);
        for x in block.as_flattened() {
            // Row r is in it 15 - r times, and a word is two bytes: at most 510 * 120 = 61200.
            rows += even + odd;
            even += x & EVEN;
            odd += x >> 8 & EVEN;
        }
        // Words of `even` and `odd` are at most 16 * 255: ten times that fits, and four times two.
        let bytes = (even + odd).wrapping_mul(SUM) >> 48;
        let columns = 2
            * ((even.wrapping_mul(WEIGHTED) >> 48) + (odd.wrapping_mul(WEIGHTED) >> 48))
            - (odd.wrapping_mul(SUM) >> 48);
        let rows = (rows & WORDS) + (rows >> 16 & WORDS);
        let rows = (rows & 0xffff_ffff) + (rows >> 32);
        (self.add(sums.0, bytes as u32), self.add(sums.1, (8 * rows + columns) as u32))
    }

    #[inline(always)]
    fn words(self, sums: u32, v: [u64; 4]) -> u32 {
        let sum: u64 = v.iter().map(|x| (x & WORDS) + (x >> 16 & WORDS)).sum();
        self.add(sums, sum as u32 + (sum >> 32) as u32)
    }

    #[inline(always)]
    fn totals(self, sums: [u32; 4]) -> [u32; 4] {
        sums
    }
}

impl Simd for Portable {
    const NAME: &'static str = "portable";

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.call(self)
    }
}
