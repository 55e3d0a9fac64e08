//! x86-64: `Dot`.
//!
//! AVX-512 has sums of four products of bytes, or of two of words, in one instruction (VNNI). The
//! others make them of two: `pmaddubsw` adds two products in 16 bits, `pmaddwd` widens. That these
//! 16 bits never saturate is proved where products are added.
//!
//! Words are added by `pmaddwd` too. It takes them as signed, so 2^15 is taken off each before.
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::super::dot::Dot;
use super::{Avx2, Avx512, Pclmul};

/// Weights of the bytes of a block.
#[repr(C, align(64))]
struct Weights<const BYTES: usize>([[i8; BYTES]; 4]);

impl<const BYTES: usize> Weights<BYTES> {
    /// Downwards from `centre`.
    const fn new(centre: i32) -> Self {
        let mut weights = [[0; BYTES]; 4];
        let mut i = 0;
        while i < 4 * BYTES {
            let weight = centre - i as i32;
            assert!(weight == weight as i8 as i32);
            weights[i / BYTES][i % BYTES] = weight as i8;
            i += 1;
        }
        Weights(weights)
    }
}

/// The bytes of a register in pairs exchanged.
const SWAP: [u8; 16] = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14];

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

/// What reads memory, or would.
macro_rules! memory {
    ($v:ty, $load:ident) => {
        type V = $v;
        type Sums = $v;

        #[inline(always)]
        unsafe fn load(self, p: *const u8) -> $v {
            // SAFETY: the caller says that BYTES bytes are readable; the token proves the ISA.
            unsafe { $load(p.cast()) }
        }
        #[inline(always)]
        fn prefetch(self, p: *const u8) {
            // SAFETY: a prefetch never faults; it is SSE.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
        }
    };
}

/// The first `n` bytes of `BYTES`, by way of the stack.
macro_rules! copied {
    () => {
        #[inline(always)]
        unsafe fn load_part(self, p: *const u8, n: usize) -> Self::V {
            let mut bytes = [0; Self::BYTES];
            // SAFETY: the caller says that n < BYTES bytes are readable, and the copy is BYTES
            // long.
            unsafe {
                core::ptr::copy_nonoverlapping(p, bytes.as_mut_ptr(), n);
                self.load(bytes.as_ptr())
            }
        }
    };
}

// SAFETY: only detection or an unsafe constructor makes the token; __m128i is 16 bytes.
unsafe impl Dot for Pclmul {
    const BYTES: usize = 16;
    const CENTRE: u32 = 32;
    const BIAS: u32 = 1 << 15;
    const STRIPES: bool = true;
    memory!(__m128i, _mm_loadu_si128);
    copied!();
    op! {
        fn zero() -> __m128i { _mm_setzero_si128() }
        fn none() -> __m128i { _mm_setzero_si128() }
        fn swap(v: __m128i) -> __m128i {
            _mm_shuffle_epi8(v, _mm_loadu_si128(SWAP.as_ptr().cast()))
        }
        fn add(a: __m128i, b: __m128i) -> __m128i { _mm_add_epi32(a, b) }
        fn dot(sums: (__m128i, __m128i), block: &[__m128i; 4]) -> (__m128i, __m128i) {
            static WEIGHTS: Weights<16> = Weights::new(32);
            let (mut bytes, mut weighted) = (sums.0, _mm_setzero_si128());
            for (x, weights) in block.iter().zip(&WEIGHTS.0) {
                bytes = _mm_add_epi32(bytes, _mm_sad_epu8(*x, _mm_setzero_si128()));
                let weights = _mm_load_si128(weights.as_ptr().cast());
                // Pairs of weights above zero are at most 32 + 31 and 16 + 15, of those below 14 +
                // 15 and 30 + 31, each with bytes of at most 255: between -22950 and 23970.
                weighted = _mm_add_epi16(weighted, _mm_maddubs_epi16(*x, weights));
            }
            let weighted = _mm_madd_epi16(weighted, _mm_set1_epi16(1));
            (bytes, _mm_add_epi32(sums.1, weighted))
        }
        fn words(sums: __m128i, v: __m128i) -> __m128i {
            let signed = _mm_xor_si128(v, _mm_set1_epi16(i16::MIN));
            _mm_add_epi32(sums, _mm_madd_epi16(signed, _mm_set1_epi16(1)))
        }
        fn totals(sums: [__m128i; 4]) -> [u32; 4] {
            let [a, b, c, d] = sums;
            let ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
            let cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
            let all = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
            core::mem::transmute::<__m128i, [u32; 4]>(all)
        }
    }
}

// SAFETY: only detection or an unsafe constructor makes the token; __m256i is 32 bytes.
unsafe impl Dot for Avx2 {
    const BYTES: usize = 32;
    const CENTRE: u32 = 64;
    const BIAS: u32 = 1 << 15;
    const STRIPES: bool = true;
    memory!(__m256i, _mm256_loadu_si256);
    copied!();
    op! {
        fn zero() -> __m256i { _mm256_setzero_si256() }
        fn none() -> __m256i { _mm256_setzero_si256() }
        fn swap(v: __m256i) -> __m256i {
            let swap = _mm_loadu_si128(SWAP.as_ptr().cast());
            _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(swap))
        }
        fn add(a: __m256i, b: __m256i) -> __m256i { _mm256_add_epi32(a, b) }
        fn dot(sums: (__m256i, __m256i), block: &[__m256i; 4]) -> (__m256i, __m256i) {
            static WEIGHTS: Weights<32> = Weights::new(64);
            let (mut bytes, mut weighted) = sums;
            for x in block {
                bytes = _mm256_add_epi32(bytes, _mm256_sad_epu8(*x, _mm256_setzero_si256()));
            }
            // The first register's pairs of weights are at most 64 + 63, the third's not above
            // zero: their sums are at most 32385. The second's are at most 32 + 31, the fourth's
            // not below -63 - 62, so theirs are at least -31875.
            for (i, j) in [(0, 2), (1, 3)] {
                let a = _mm256_load_si256(WEIGHTS.0[i].as_ptr().cast());
                let b = _mm256_load_si256(WEIGHTS.0[j].as_ptr().cast());
                let (a, b) =
                    (_mm256_maddubs_epi16(block[i], a), _mm256_maddubs_epi16(block[j], b));
                let sum = _mm256_madd_epi16(_mm256_add_epi16(a, b), _mm256_set1_epi16(1));
                weighted = _mm256_add_epi32(weighted, sum);
            }
            (bytes, weighted)
        }
        fn words(sums: __m256i, v: __m256i) -> __m256i {
            let signed = _mm256_xor_si256(v, _mm256_set1_epi16(i16::MIN));
            _mm256_add_epi32(sums, _mm256_madd_epi16(signed, _mm256_set1_epi16(1)))
        }
        fn totals(sums: [__m256i; 4]) -> [u32; 4] {
            let [a, b, c, d] = sums;
            let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            let all =
                _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
            let all =
                _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all));
            core::mem::transmute::<__m128i, [u32; 4]>(all)
        }
    }
}

// SAFETY: only detection or an unsafe constructor makes the token; __m512i is 64 bytes.
unsafe impl Dot for Avx512 {
    const BYTES: usize = 64;
    /// From 127 to -128: all that a signed byte can be.
    const CENTRE: u32 = 127;
    const BIAS: u32 = 1 << 15;
    const STRIPES: bool = true;
    memory!(__m512i, _mm512_loadu_si512);

    #[inline(always)]
    unsafe fn load_part(self, p: *const u8, n: usize) -> __m512i {
        // SAFETY: the caller says that n < 64 bytes are readable; masked-out bytes are not
        // accessed. The token proves the ISA.
        unsafe { _mm512_maskz_loadu_epi8((1 << n) - 1, p.cast()) }
    }
    op! {
        fn zero() -> __m512i { _mm512_setzero_si512() }
        fn none() -> __m512i { _mm512_setzero_si512() }
        fn swap(v: __m512i) -> __m512i {
            let swap = _mm_loadu_si128(SWAP.as_ptr().cast());
            _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(swap))
        }
        fn add(a: __m512i, b: __m512i) -> __m512i { _mm512_add_epi32(a, b) }
        fn dot(sums: (__m512i, __m512i), block: &[__m512i; 4]) -> (__m512i, __m512i) {
            static WEIGHTS: Weights<64> = Weights::new(127);
            let (mut bytes, mut weighted) = sums;
            for (x, weights) in block.iter().zip(&WEIGHTS.0) {
                bytes = _mm512_dpbusd_epi32(bytes, *x, _mm512_set1_epi8(1));
                let weights = _mm512_load_si512(weights.as_ptr().cast());
                weighted = _mm512_dpbusd_epi32(weighted, *x, weights);
            }
            (bytes, weighted)
        }
        fn words(sums: __m512i, v: __m512i) -> __m512i {
            let signed = _mm512_xor_si512(v, _mm512_set1_epi16(i16::MIN));
            _mm512_dpwssd_epi32(sums, signed, _mm512_set1_epi16(1))
        }
        fn totals(sums: [__m512i; 4]) -> [u32; 4] {
            let [a, b, c, d] = sums;
            let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            let all =
                _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
            let all =
                _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all));
            let all =
                _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all));
            core::mem::transmute::<__m128i, [u32; 4]>(all)
        }
    }
}
