//! x86-64: the tokens and what they multiply with.
//!
//! A product with a constant is two table look-ups in registers (`pshufb`, one per nibble), or with
//! GFNI one 8x8 bit matrix (`gf2p8affineqb`; `gf2p8mulb` is no use, its polynomial is 0x11b).
#![allow(unsafe_code)]

use core::arch::x86_64::*;

use super::coef::Coef;
use super::simd::{Kernel, Simd};
use crate::cpu::{self, token};

token!(Ssse3, cpu::ssse3, "SSSE3");
token!(Avx2, cpu::avx2, "AVX2");
token!(Gfni256, cpu::avx2_gfni, "AVX2 and GFNI");
token!(Avx512, cpu::avx512, "AVX-512 F and BW");
token!(Gfni512, cpu::avx512_gfni, "AVX-512 F and BW, and GFNI");

/// One safe operation made of instructions that the token vouches for.
macro_rules! op {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? $body:block)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) $(-> $out)? {
            // SAFETY: instructions on registers, and loads of a 16-byte table that is borrowed; the
            // token proves that the CPU has them.
            unsafe { $body }
        }
    )*};
}

/// Moves between memory and registers. A token's caller vouches for the memory.
macro_rules! memory {
    ($v:ty, $load:ident, $store:ident, $stream:ident) => {
        type V = $v;
        type A = $v;

        #[inline(always)]
        fn open(self, v: $v) -> $v {
            v
        }
        #[inline(always)]
        fn close(self, sum: &$v) -> $v {
            *sum
        }

        #[inline(always)]
        unsafe fn load(self, p: *const u8) -> $v {
            // SAFETY: the caller says that BYTES bytes are readable; the token proves the ISA.
            unsafe { $load(p.cast()) }
        }
        #[inline(always)]
        unsafe fn store(self, p: *mut u8, v: $v) {
            // SAFETY: the caller says that BYTES bytes are writable; the token proves the ISA.
            unsafe { $store(p.cast(), v) }
        }
        #[inline(always)]
        unsafe fn stream(self, p: *mut u8, v: $v) {
            // SAFETY: the caller says that BYTES aligned bytes are writable and that a fence
            // follows; the token proves the ISA.
            unsafe { $stream(p.cast(), v) }
        }
        #[inline(always)]
        fn fence(self) {
            // SAFETY: sfence is SSE, which every x86-64 with vectors has.
            unsafe { _mm_sfence() }
        }
        #[inline(always)]
        fn prefetch(self, p: *const u8) {
            // SAFETY: a prefetch never faults; it is SSE.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
        }
    };
}

/// `run`: the place where the instructions are enabled.
macro_rules! run {
    ($features:literal) => {
        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) -> K::Out {
            #[target_feature(enable = $features)]
            fn enabled<S: Simd, K: Kernel>(simd: S, kernel: K) -> K::Out {
                kernel.call(simd)
            }
            // SAFETY: the token proves that the CPU has these features.
            unsafe { enabled(self, kernel) }
        }
    };
}

// SAFETY: only detection or an unsafe constructor makes the token; __m128i is 16 bytes.
unsafe impl Simd for Ssse3 {
    const NAME: &'static str = "ssse3";
    const BYTES: usize = 16;
    const ROWS: usize = 4;
    const WIDE_FILE: bool = false;
    const PAIRS: bool = false;
    type X = (__m128i, __m128i);
    type C = (__m128i, __m128i);
    memory!(__m128i, _mm_loadu_si128, _mm_storeu_si128, _mm_stream_si128);
    op! {
        fn zero() -> __m128i { _mm_setzero_si128() }
        fn xor(a: __m128i, b: __m128i) -> __m128i { _mm_xor_si128(a, b) }
        fn or(a: __m128i, b: __m128i) -> __m128i { _mm_or_si128(a, b) }
        fn and(a: __m128i, b: __m128i) -> __m128i { _mm_and_si128(a, b) }
        fn is_zero(v: __m128i) -> bool {
            _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) == 0xffff
        }
        fn prepare(c: &Coef) -> (__m128i, __m128i) {
            (_mm_loadu_si128(c.low.as_ptr().cast()), _mm_loadu_si128(c.high.as_ptr().cast()))
        }
        fn split(v: __m128i) -> (__m128i, __m128i) {
            let nibble = _mm_set1_epi8(15);
            (_mm_and_si128(v, nibble), _mm_and_si128(_mm_srli_epi64::<4>(v), nibble))
        }
        fn add(a: (__m128i, __m128i), b: (__m128i, __m128i)) -> (__m128i, __m128i) {
            (_mm_xor_si128(a.0, b.0), _mm_xor_si128(a.1, b.1))
        }
        fn mul_add(sum: &mut __m128i, c: (__m128i, __m128i), x: (__m128i, __m128i)) {
            let product = _mm_xor_si128(_mm_shuffle_epi8(c.0, x.0), _mm_shuffle_epi8(c.1, x.1));
            *sum = _mm_xor_si128(*sum, product);
        }
    }
    run!("ssse3");
}

// SAFETY: only detection or an unsafe constructor makes the token; __m256i is 32 bytes.
unsafe impl Simd for Avx2 {
    const NAME: &'static str = "avx2";
    const BYTES: usize = 32;
    const ROWS: usize = 4;
    const WIDE_FILE: bool = false;
    const PAIRS: bool = false;
    type X = (__m256i, __m256i);
    type C = (__m256i, __m256i);
    memory!(__m256i, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_stream_si256);
    op! {
        fn zero() -> __m256i { _mm256_setzero_si256() }
        fn xor(a: __m256i, b: __m256i) -> __m256i { _mm256_xor_si256(a, b) }
        fn or(a: __m256i, b: __m256i) -> __m256i { _mm256_or_si256(a, b) }
        fn and(a: __m256i, b: __m256i) -> __m256i { _mm256_and_si256(a, b) }
        fn is_zero(v: __m256i) -> bool { _mm256_testz_si256(v, v) != 0 }
        fn prepare(c: &Coef) -> (__m256i, __m256i) {
            (_mm256_broadcastsi128_si256(_mm_loadu_si128(c.low.as_ptr().cast())),
             _mm256_broadcastsi128_si256(_mm_loadu_si128(c.high.as_ptr().cast())))
        }
        fn split(v: __m256i) -> (__m256i, __m256i) {
            let nibble = _mm256_set1_epi8(15);
            (_mm256_and_si256(v, nibble), _mm256_and_si256(_mm256_srli_epi64::<4>(v), nibble))
        }
        fn add(a: (__m256i, __m256i), b: (__m256i, __m256i)) -> (__m256i, __m256i) {
            (_mm256_xor_si256(a.0, b.0), _mm256_xor_si256(a.1, b.1))
        }
        fn mul_add(sum: &mut __m256i, c: (__m256i, __m256i), x: (__m256i, __m256i)) {
            let (low, high) = (_mm256_shuffle_epi8(c.0, x.0), _mm256_shuffle_epi8(c.1, x.1));
            *sum = _mm256_xor_si256(*sum, _mm256_xor_si256(low, high));
        }
    }
    run!("avx2");
}

// SAFETY: only detection or an unsafe constructor makes the token; __m256i is 32 bytes.
unsafe impl Simd for Gfni256 {
    const NAME: &'static str = "gfni256";
    const BYTES: usize = 32;
    const ROWS: usize = 6;
    const WIDE_FILE: bool = false;
    const PAIRS: bool = true;
    type X = __m256i;
    type C = __m256i;
    memory!(__m256i, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_stream_si256);
    op! {
        fn zero() -> __m256i { _mm256_setzero_si256() }
        fn xor(a: __m256i, b: __m256i) -> __m256i { _mm256_xor_si256(a, b) }
        fn or(a: __m256i, b: __m256i) -> __m256i { _mm256_or_si256(a, b) }
        fn and(a: __m256i, b: __m256i) -> __m256i { _mm256_and_si256(a, b) }
        fn is_zero(v: __m256i) -> bool { _mm256_testz_si256(v, v) != 0 }
        fn prepare(c: &Coef) -> __m256i { _mm256_set1_epi64x(c.affine.cast_signed()) }
        fn add(a: __m256i, b: __m256i) -> __m256i { _mm256_xor_si256(a, b) }
        fn mul_add(sum: &mut __m256i, c: __m256i, x: __m256i) {
            *sum = _mm256_xor_si256(*sum, _mm256_gf2p8affine_epi64_epi8::<0>(x, c));
        }
    }
    #[inline(always)]
    fn split(self, v: __m256i) -> __m256i {
        v
    }
    run!("avx2,gfni");
}

/// Tails of AVX-512 are masked, so that no byte outside is touched and nothing is copied.
macro_rules! masked {
    () => {
        #[inline(always)]
        unsafe fn load_part(self, p: *const u8, n: usize) -> __m512i {
            // SAFETY: the caller says that n < 64 bytes are readable; masked-out bytes are not
            // accessed. The token proves the ISA.
            unsafe { _mm512_maskz_loadu_epi8((1 << n) - 1, p.cast()) }
        }
        #[inline(always)]
        unsafe fn store_part(self, p: *mut u8, n: usize, v: __m512i) {
            // SAFETY: the caller says that n < 64 bytes are writable; masked-out bytes are not
            // accessed. The token proves the ISA.
            unsafe { _mm512_mask_storeu_epi8(p.cast(), (1 << n) - 1, v) }
        }
    };
}

// SAFETY: only detection or an unsafe constructor makes the token; __m512i is 64 bytes.
unsafe impl Simd for Avx512 {
    const NAME: &'static str = "avx512";
    const BYTES: usize = 64;
    const ROWS: usize = 8;
    const WIDE_FILE: bool = true;
    const PAIRS: bool = false;
    type X = (__m512i, __m512i);
    type C = (__m512i, __m512i);
    memory!(__m512i, _mm512_loadu_si512, _mm512_storeu_si512, _mm512_stream_si512);
    masked!();
    op! {
        fn zero() -> __m512i { _mm512_setzero_si512() }
        fn xor(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn or(a: __m512i, b: __m512i) -> __m512i { _mm512_or_si512(a, b) }
        fn and(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        fn is_zero(v: __m512i) -> bool { _mm512_test_epi64_mask(v, v) == 0 }
        fn prepare(c: &Coef) -> (__m512i, __m512i) {
            (_mm512_broadcast_i32x4(_mm_loadu_si128(c.low.as_ptr().cast())),
             _mm512_broadcast_i32x4(_mm_loadu_si128(c.high.as_ptr().cast())))
        }
        fn split(v: __m512i) -> (__m512i, __m512i) {
            let nibble = _mm512_set1_epi8(15);
            (_mm512_and_si512(v, nibble), _mm512_and_si512(_mm512_srli_epi64::<4>(v), nibble))
        }
        fn add(a: (__m512i, __m512i), b: (__m512i, __m512i)) -> (__m512i, __m512i) {
            (_mm512_xor_si512(a.0, b.0), _mm512_xor_si512(a.1, b.1))
        }
        fn mul_add(sum: &mut __m512i, c: (__m512i, __m512i), x: (__m512i, __m512i)) {
            let (low, high) = (_mm512_shuffle_epi8(c.0, x.0), _mm512_shuffle_epi8(c.1, x.1));
            *sum = _mm512_ternarylogic_epi64::<0x96>(*sum, low, high);
        }
    }
    run!("avx512f,avx512bw");
}

// SAFETY: only detection or an unsafe constructor makes the token; __m512i is 64 bytes.
unsafe impl Simd for Gfni512 {
    const NAME: &'static str = "gfni512";
    const BYTES: usize = 64;
    const ROWS: usize = 8;
    const WIDE_FILE: bool = true;
    const PAIRS: bool = true;
    type X = __m512i;
    type C = __m512i;
    memory!(__m512i, _mm512_loadu_si512, _mm512_storeu_si512, _mm512_stream_si512);
    masked!();
    op! {
        fn zero() -> __m512i { _mm512_setzero_si512() }
        fn xor(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn or(a: __m512i, b: __m512i) -> __m512i { _mm512_or_si512(a, b) }
        fn and(a: __m512i, b: __m512i) -> __m512i { _mm512_and_si512(a, b) }
        fn is_zero(v: __m512i) -> bool { _mm512_test_epi64_mask(v, v) == 0 }
        fn prepare(c: &Coef) -> __m512i { _mm512_set1_epi64(c.affine.cast_signed()) }
        fn add(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn mul_add(sum: &mut __m512i, c: __m512i, x: __m512i) {
            // The kernel adds two products at a time: the compiler makes that one three-way xor.
            *sum = _mm512_xor_si512(*sum, _mm512_gf2p8affine_epi64_epi8::<0>(x, c));
        }
    }
    #[inline(always)]
    fn split(self, v: __m512i) -> __m512i {
        v
    }
    run!("avx512f,avx512bw,gfni");
}
