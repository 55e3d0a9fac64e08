//! T10's guards by matrices of bits (GFNI): for 16 bits of remainder they are cheaper than
//! carry-less products.
//!
//! A byte times a power of x, modulo the polynomial, is 16 bits: two products of the byte with an
//! 8 x 8 matrix, whose bits also turn the byte round. Eight bytes that follow each other share the
//! matrices of the power that takes the last of them to the end of the sector, so all words of a
//! sector are simply added: what is left are two words, of the upper and of the lower bytes. Two
//! products and an addition of three terms for 64 bytes need the port of products for two cycles,
//! as carry-less products would that of theirs; but those want the bits turned round first, and
//! their own port is free for the ends of the sectors.

use core::arch::x86_64::*;

use super::super::crc::{Constants, Poly, T10};
use super::super::fold::Clmul;
use super::Avx512;

/// The longest sector that there are matrices for, and the shortest (two registers).
const MOST: usize = 4096;
const LEAST: usize = 128;

/// For each word of 8 bytes of the longest sector, in rows of eight: the matrices of the upper and
/// of the lower byte of the products. A shorter sector uses the last of them.
#[repr(C, align(64))]
struct Matrices([[[u64; 8]; 2]; MOST / 64]);

static MATRICES: Matrices = Matrices::new();

impl Matrices {
    const fn new() -> Matrices {
        let mut all = [[[0; 8]; 2]; MOST / 64];
        // What the word is multiplied by; bit i is x^i. A guard is x^16 times the message: that is
        // the polynomial but for its highest term.
        let mut power = upright();
        let mut word = MOST / 8;
        while word > 0 {
            word -= 1;
            let (mut upper, mut lower, mut bit) = (0, 0, 0);
            while bit < 8 {
                // Bit `bit` of the byte gives the power as it is now; the next gives x times it.
                let mut i = 0;
                while i < 8 {
                    // The row for output bit 7 is the lowest byte, and output bit 7 is to be x^0.
                    upper |= (power >> (8 + i) & 1) << (8 * i + bit);
                    lower |= (power >> i & 1) << (8 * i + bit);
                    i += 1;
                }
                power = times_x(power);
                bit += 1;
            }
            all[word / 8][0][word % 8] = upper;
            all[word / 8][1][word % 8] = lower;
            // Eight bits are done of the 64 to the word before.
            let mut bits = 8;
            while bits < 64 {
                power = times_x(power);
                bits += 1;
            }
        }
        Matrices(all)
    }
}

/// The polynomial, bit i being x^i.
const fn upright() -> u64 {
    (T10::POLYNOMIAL as u16).reverse_bits() as u64
}

/// `power * x`.
const fn times_x(power: u64) -> u64 {
    (power << 1 ^ upright() * (power >> 15)) & 0xffff
}

/// Guards of as many sectors of this size, a power of two; false if there are no matrices for it.
#[inline(always)]
pub(super) fn guards(simd: Avx512, sector: usize, bytes: &[u8], guards: &mut [u16]) -> bool {
    if !(LEAST..=MOST).contains(&sector) {
        return false;
    }
    let (pairs, _) = MATRICES.0[(MOST - sector) / 64..].as_chunks::<2>();
    let (fours, rest) = guards.as_chunks_mut::<4>();
    let mut bytes = bytes;
    for guards in fours {
        let (sectors, left) = bytes.split_at(4 * sector);
        // SAFETY: four sectors of half as many registers as there are matrices.
        let planes = unsafe { planes::<4>(simd, pairs, sectors.as_ptr(), sector) };
        *guards = finish(simd, planes);
        bytes = left;
    }
    for guard in rest {
        let (one, left) = bytes.split_at(sector);
        // SAFETY: one such sector.
        let [one] = unsafe { planes::<1>(simd, pairs, one.as_ptr(), sector) };
        let none = [simd.low_wide(0); 2];
        [*guard, ..] = finish(simd, [one, none, none, none]);
        bytes = left;
    }
    true
}

/// The sums of the upper and the lower bytes of `N` sectors.
///
/// # Safety
/// `p` is readable for `N` times `sector` bytes, and those are two registers for each of `pairs`.
#[inline(always)]
unsafe fn planes<const N: usize>(
    simd: Avx512,
    pairs: &[[[[u64; 8]; 2]; 2]],
    p: *const u8,
    sector: usize,
) -> [[__m512i; 2]; N] {
    let mut planes = [[simd.low_wide(0); 2]; N];
    for (i, pair) in pairs.iter().enumerate() {
        let mut matrices = [[simd.low_wide(0); 2]; 2];
        for (to, from) in matrices.as_flattened_mut().iter_mut().zip(pair.as_flattened()) {
            // SAFETY: eight words.
            *to = unsafe { simd.load(from.as_ptr().cast()) };
        }
        for (s, plane) in planes.iter_mut().enumerate() {
            let p = p.wrapping_add(s * sector + 128 * i);
            // SAFETY: by the contract the sector has these two registers.
            let (a, b) = unsafe { (simd.load(p), simd.load(p.wrapping_add(64))) };
            for (half, plane) in plane.iter_mut().enumerate() {
                // SAFETY: instructions on registers; the token proves that the CPU has them.
                *plane = unsafe {
                    let a = _mm512_gf2p8affine_epi64_epi8::<0>(a, matrices[0][half]);
                    let b = _mm512_gf2p8affine_epi64_epi8::<0>(b, matrices[1][half]);
                    _mm512_ternarylogic_epi64::<0x96>(*plane, a, b)
                };
            }
        }
    }
    planes
}

/// The guards of the sectors whose sums these are.
#[inline(always)]
fn finish(simd: Avx512, planes: [[__m512i; 2]; 4]) -> [u16; 4] {
    // SAFETY: instructions on registers; the token proves that the CPU has them.
    unsafe {
        // Eight words of the upper and of the lower bytes: one of each in every lane...
        let mut lanes = [simd.low_wide(0); 4];
        for (to, [upper, lower]) in lanes.iter_mut().zip(planes) {
            let even = _mm512_unpacklo_epi64(upper, lower);
            *to = _mm512_xor_si512(even, _mm512_unpackhi_epi64(upper, lower));
        }
        let [a, b, c, d] = lanes;
        // ... and the four lanes of four sectors: one lane for each sector.
        let ab = _mm512_shuffle_i64x2::<0x44>(a, b);
        let ab = _mm512_xor_si512(ab, _mm512_shuffle_i64x2::<0xee>(a, b));
        let cd = _mm512_shuffle_i64x2::<0x44>(c, d);
        let cd = _mm512_xor_si512(cd, _mm512_shuffle_i64x2::<0xee>(c, d));
        let sum = _mm512_shuffle_i64x2::<0x88>(ab, cd);
        let sum = _mm512_xor_si512(sum, _mm512_shuffle_i64x2::<0xdd>(ab, cd));

        // The upper bytes are x^8 further on than the lower ones. The register of 64 bits that
        // Barrett's products leave is x^48 times that of 16, so that is where they go: x^56, x^48.
        let places = simd.pair([1 << (64 - 56), 1 << (64 - 48)]);
        let upper = _mm512_clmulepi64_epi128::<0x00>(sum, places);
        let sum = _mm512_xor_si512(upper, _mm512_clmulepi64_epi128::<0x11>(sum, places));
        let k = simd.pair(T10::BARRETT);
        let quotient = _mm512_clmulepi64_epi128::<0x00>(sum, k);
        let sum = _mm512_xor_si512(sum, _mm512_clmulepi64_epi128::<0x10>(quotient, k));

        // The register is the fifth 16-bit word of each lane, its bits the wrong way round.
        let words = _mm512_castsi128_si512(_mm_setr_epi16(4, 12, 20, 28, 0, 0, 0, 0));
        let words = _mm512_castsi512_si128(_mm512_permutexvar_epi16(words, sum));
        let turn = _mm_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let words = _mm_gf2p8affine_epi64_epi8::<0>(words, turn);
        let swap = _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        let words = _mm_cvtsi128_si64(_mm_shuffle_epi8(words, swap)) as u64;
        [words as u16, (words >> 16) as u16, (words >> 32) as u16, (words >> 48) as u16]
    }
}
