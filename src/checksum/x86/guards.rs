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

use super::super::crc::{Constants, Poly, T10, distance};
use super::super::fold::{Clmul, one_by_one};
use super::Avx512;

/// The longest sector that there are matrices for.
const MOST: usize = 4096;
/// From here on the longest part of a sector goes through matrices and the rest through products.
const MIXED: usize = 1024;
/// Of eight registers, those that go through carry-less products.
const CHAINS: usize = 2;

/// What the sums of upper and lower bytes are multiplied by: the former are x^8 further on. The
/// register of 64 bits that Barrett's products leave is x^48 times that of 16: x^56 and x^48.
const PLACES: [u64; 2] = [1 << (63 - 56 + 1), 1 << (63 - 48 + 1)];

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
    ((power << 1) ^ (upright() * (power >> 15))) & 0xffff
}

/// Guards of as many sectors, which are 512 or 4096 bytes long.
#[inline(always)]
pub(super) fn guards<const SECTOR: usize>(
    simd: Avx512,
    sectors: &[[u8; SECTOR]],
    guards: &mut [u16],
) {
    let (fours, rest) = sectors.as_chunks::<4>();
    let (four_guards, guards) = guards.as_chunks_mut::<4>();
    for (i, (guards, sectors)) in four_guards.iter_mut().zip(fours).enumerate() {
        *guards = finish(simd, sums(simd, sectors, fours.get(i + 1)));
    }
    one_by_one(simd, rest, guards);
}

/// What a sector comes to.
#[derive(Clone, Copy)]
struct Sum {
    /// The upper and the lower bytes of products with matrices.
    planes: [__m512i; 2],
    /// Carry-less products.
    lanes: __m512i,
}

impl Sum {
    #[inline(always)]
    fn zero(simd: Avx512) -> Sum {
        let zero = simd.low_wide(0);
        Sum { planes: [zero; 2], lanes: zero }
    }

    /// Adds two registers of a sector, times their matrices.
    #[inline(always)]
    fn add(&mut self, simd: Avx512, sector: &[u8], at: usize, matrices: &[[__m512i; 2]; 2]) {
        let (a, b) = (register(simd, sector, at), register(simd, sector, at + 64));
        for (half, plane) in self.planes.iter_mut().enumerate() {
            // SAFETY: instructions on registers; the token proves that the CPU has them.
            *plane = unsafe {
                let a = _mm512_gf2p8affine_epi64_epi8::<0>(a, matrices[0][half]);
                let b = _mm512_gf2p8affine_epi64_epi8::<0>(b, matrices[1][half]);
                _mm512_ternarylogic_epi64::<0x96>(*plane, a, b)
            };
        }
    }

    /// The sums of pairs of words: one of the upper bytes and one of the lower ones in every lane.
    #[inline(always)]
    fn words(self) -> __m512i {
        let [upper, lower] = self.planes;
        // SAFETY: instructions on registers; a token was had where they come from.
        unsafe {
            let even = _mm512_unpacklo_epi64(upper, lower);
            _mm512_xor_si512(even, _mm512_unpackhi_epi64(upper, lower))
        }
    }
}

/// What four sectors come to. Memory is asked for those that come `next`.
#[inline(always)]
fn sums<const SECTOR: usize>(
    simd: Avx512,
    sectors: &[[u8; SECTOR]; 4],
    next: Option<&[[u8; SECTOR]; 4]>,
) -> [Sum; 4] {
    const { assert!(SECTOR.is_multiple_of(512) && SECTOR <= MOST) };
    /// Lines of each sector that memory is asked for in advance: 512 bytes, in the last rounds.
    const ASKED: usize = 8;
    let share = if SECTOR < MIXED { ASKED } else { ASKED / 4 };
    let mut sums = [Sum::zero(simd); 4];
    let matrices = &MATRICES.0[(MOST - SECTOR) / 64..];
    let mixed = if SECTOR < MIXED { 0 } else { CHAINS };
    let step = simd.pair(const { distance(512, T10::POLYNOMIAL) });
    let mut chains = [[simd.low_wide(0); CHAINS]; 4];
    for (i, eight) in matrices.as_chunks::<8>().0.iter().enumerate() {
        let at = 512 * i;
        // The first lines of each sector that comes; further on the CPU asks by itself.
        let rounds_left = SECTOR / 512 - i;
        if let Some(next) = next
            && rounds_left <= ASKED / share
        {
            for sector in next {
                for line in 0..share {
                    let at = ASKED - share * rounds_left + line;
                    simd.prefetch(sector.as_ptr().wrapping_add(64 * at));
                }
            }
        }
        for (j, pair) in eight[..8 - mixed].as_chunks::<2>().0.iter().enumerate() {
            let mut matrices = [[simd.low_wide(0); 2]; 2];
            for (to, from) in matrices.as_flattened_mut().iter_mut().zip(pair.as_flattened()) {
                // SAFETY: eight words.
                *to = unsafe { simd.load(from.as_ptr().cast()) };
            }
            for ((sum, chains), sector) in sums.iter_mut().zip(&mut chains).zip(sectors) {
                sum.add(simd, sector, at + 128 * j, &matrices);
                // One here and one there: the CPU does not look far enough ahead to find products
                // for one port behind all those for the other.
                if let Some(chain) = chains[..mixed].get_mut(j) {
                    let v = simd.turn(register(simd, sector, at + 64 * (8 - CHAINS + j)));
                    *chain = simd.fold(*chain, step, v);
                }
            }
        }
    }
    for (sum, chains) in sums.iter_mut().zip(chains) {
        for (j, chain) in chains[..mixed].iter().enumerate() {
            let end = T10::ENDS.at(4 * (CHAINS - 1 - j), 4);
            // SAFETY: four pairs.
            let end = unsafe { simd.load(end.as_ptr().cast()) };
            sum.lanes = simd.fold(*chain, end, sum.lanes);
        }
    }
    sums
}

/// 64 bytes of a sector.
#[inline(always)]
fn register(simd: Avx512, sector: &[u8], at: usize) -> __m512i {
    let bytes = &sector[at..at + 64];
    // SAFETY: they are 64.
    unsafe { simd.load(bytes.as_ptr()) }
}

/// The guards of the sectors whose sums these are.
#[inline(always)]
fn finish(simd: Avx512, sums: [Sum; 4]) -> [u16; 4] {
    let [a, b, c, d] = sums;
    let words = add_lanes([a.words(), b.words(), c.words(), d.words()]);
    let products = add_lanes([a.lanes, b.lanes, c.lanes, d.lanes]);
    let sum = simd.fold(words, simd.pair(PLACES), products);
    // SAFETY: instructions on registers; the token proves that the CPU has them.
    unsafe {
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

/// The sum of the four lanes of each, in one lane for each.
#[inline(always)]
fn add_lanes([a, b, c, d]: [__m512i; 4]) -> __m512i {
    // SAFETY: instructions on registers; a token was had where they come from.
    unsafe {
        let ab = _mm512_shuffle_i64x2::<0x44>(a, b);
        let ab = _mm512_xor_si512(ab, _mm512_shuffle_i64x2::<0xee>(a, b));
        let cd = _mm512_shuffle_i64x2::<0x44>(c, d);
        let cd = _mm512_xor_si512(cd, _mm512_shuffle_i64x2::<0xee>(c, d));
        let sum = _mm512_shuffle_i64x2::<0x88>(ab, cd);
        _mm512_xor_si512(sum, _mm512_shuffle_i64x2::<0xdd>(ab, cd))
    }
}
