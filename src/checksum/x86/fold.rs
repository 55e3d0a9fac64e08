//! x86-64: `Fold`.

use core::arch::x86_64::*;

use super::super::crc::{Poly, kernel};
use super::super::fold::{Clmul, Fold};
use super::{Avx2, Avx512, Pclmul, guards};

/// Safe operations made of instructions that the token vouches for.
macro_rules! op {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty $body:block)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) -> $out {
            // SAFETY: instructions on registers; the token proves that the CPU has them.
            unsafe { $body }
        }
    )*};
}

/// What is done with one lane, the same everywhere.
macro_rules! lane {
    () => {
        type X = __m128i;

        #[inline(always)]
        fn prefetch(self, p: *const u8) {
            // SAFETY: a prefetch never faults; it is SSE.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
        }
        op! {
            fn low(low: u64) -> __m128i { _mm_cvtsi64_si128(low as i64) }
            fn reflect(x: __m128i) -> __m128i {
                let nibble = _mm_set1_epi8(15);
                let turned = _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
                let low = _mm_shuffle_epi8(turned, _mm_and_si128(x, nibble));
                let high = _mm_and_si128(_mm_srli_epi64::<4>(x), nibble);
                // No byte of `low` has an upper nibble that could leave it.
                let bits = _mm_slli_epi64::<4>(low);
                swapped(_mm_or_si128(bits, _mm_shuffle_epi8(turned, high)))
            }
        }
        #[inline(always)]
        fn reduce<P: Poly>(self, x: __m128i) -> u64 {
            // SAFETY: instructions on registers; the token proves that the CPU has them.
            unsafe {
                let [quotient, polynomial] = P::BARRETT;
                let k = _mm_set_epi64x(polynomial as i64, quotient as i64);
                let quotient = _mm_clmulepi64_si128::<0x00>(x, k);
                let mut sum = _mm_xor_si128(x, _mm_clmulepi64_si128::<0x10>(quotient, k));
                if P::POLYNOMIAL >> 63 == 1 {
                    sum = _mm_xor_si128(sum, _mm_slli_si128::<8>(quotient));
                }
                _mm_extract_epi64::<1>(sum) as u64
            }
        }
    };
}

/// The bytes in the other order.
#[inline]
#[target_feature(enable = "ssse3")]
fn swapped(v: __m128i) -> __m128i {
    let order = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    _mm_shuffle_epi8(v, order)
}

/// The sets whose registers are one lane.
macro_rules! narrow {
    ($token:ident) => {
        // SAFETY: only detection or an unsafe constructor makes the token.
        unsafe impl Fold for $token {
            #[inline(always)]
            fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64 {
                kernel::crc::<$token, P>(self, register, bytes)
            }
        }

        // SAFETY: as above; __m128i is 16 bytes.
        unsafe impl Clmul for $token {
            const BYTES: usize = 16;
            const UPRIGHT: bool = true;
            type V = __m128i;
            lane!();

            #[inline(always)]
            unsafe fn load(self, p: *const u8) -> __m128i {
                // SAFETY: the caller says that 16 bytes are readable; the token proves the ISA.
                unsafe { _mm_loadu_si128(p.cast()) }
            }
            #[inline(always)]
            unsafe fn load_last(self, _: *const u8, _: usize) -> __m128i {
                // There is no multiple of 16 between 0 and 16.
                self.low(0)
            }
            op! {
                fn turn(v: __m128i) -> __m128i { swapped(v) }
                fn xor(a: __m128i, b: __m128i) -> __m128i { _mm_xor_si128(a, b) }
                fn pair(pair: [u64; 2]) -> __m128i {
                    _mm_set_epi64x(pair[1] as i64, pair[0] as i64)
                }
                fn fold(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
                    let low = _mm_clmulepi64_si128::<0x00>(a, b);
                    let high = _mm_clmulepi64_si128::<0x11>(a, b);
                    _mm_xor_si128(low, _mm_xor_si128(high, c))
                }
            }
            #[inline(always)]
            fn place(self, low: u64, _lane: usize) -> __m128i {
                self.low(low)
            }
            #[inline(always)]
            fn low_wide(self, low: u64) -> __m128i {
                self.low(low)
            }
            #[inline(always)]
            fn narrow(self, v: __m128i) -> __m128i {
                v
            }
        }
    };
}

narrow!(Pclmul);
narrow!(Avx2);

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Avx512 {
    #[inline(always)]
    fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64 {
        kernel::crc::<Avx512, P>(self, register, bytes)
    }

    #[inline(always)]
    fn guards<const SECTOR: usize>(self, sectors: &[[u8; SECTOR]], guards: &mut [u16]) {
        guards::guards(self, sectors, guards);
    }
}

// SAFETY: as above; __m512i is 64 bytes.
unsafe impl Clmul for Avx512 {
    const BYTES: usize = 64;
    const UPRIGHT: bool = false;
    type V = __m512i;
    lane!();

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> __m512i {
        // SAFETY: the caller says that 64 bytes are readable; the token proves the ISA.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }
    #[inline(always)]
    unsafe fn load_last(self, p: *const u8, n: usize) -> __m512i {
        let words = 0xff_u8 << (8 - n / 8);
        // SAFETY: the caller says that the last n of the 64 bytes that end at p + n are readable;
        // the mask leaves out the others, which are not touched. The token proves the ISA.
        unsafe { _mm512_maskz_loadu_epi64(words, p.wrapping_add(n).wrapping_sub(64).cast()) }
    }
    op! {
        fn turn(v: __m512i) -> __m512i {
            // The unit matrix, upside down.
            let turn = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
            _mm512_gf2p8affine_epi64_epi8::<0>(v, turn)
        }
        fn xor(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn pair(pair: [u64; 2]) -> __m512i {
            _mm512_broadcast_i32x4(_mm_set_epi64x(pair[1] as i64, pair[0] as i64))
        }
        fn fold(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
            let low = _mm512_clmulepi64_epi128::<0x00>(a, b);
            let high = _mm512_clmulepi64_epi128::<0x11>(a, b);
            _mm512_ternarylogic_epi64::<0x96>(low, high, c)
        }
        fn place(low: u64, lane: usize) -> __m512i {
            _mm512_maskz_set1_epi64(1 << (2 * lane), low as i64)
        }
        fn low_wide(low: u64) -> __m512i {
            _mm512_zextsi128_si512(_mm_cvtsi64_si128(low as i64))
        }
        fn narrow(v: __m512i) -> __m128i {
            let (low, high) = (_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64::<1>(v));
            let sum = _mm256_xor_si256(low, high);
            _mm_xor_si128(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum))
        }
    }
}
