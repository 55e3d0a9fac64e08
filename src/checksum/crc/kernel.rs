//! Remainders by carry-less products: the one kernel of every polynomial and instruction set.
//!
//! Sixteen bytes that are multiplied by x to the power of their distance from the end, modulo the
//! polynomial, count the same at the end: two products of 64 by 64 bits, one for each half. So
//!
//! * a short message is the sum of its registers, each times the constant of its own distance
//!   ([`Poly::ENDS`](super::poly::Constants::ENDS)): no product waits for another;
//! * a long one first goes through eight registers, each taken eight registers further on to meet
//!   what is there, so that eight chains of products overlap;
//! * the lanes of the sum are added, and 128 bits are reduced to the register with two more
//!   products (Barrett), the only ones that wait for each other.
//!
//! Bytes that begin with their highest bit (T10) are made reflected as they are loaded, or where
//! that is slow multiplied upright, and only the last lane is reflected.
//!
//! What is there before is the register: it is added to the first eight bytes, and from there on
//! it is zero. So a message may begin with zeros that are not there, which is how lengths are
//! rounded up to whole registers.
#![allow(unsafe_code)]

use super::super::fold::Clmul;
use super::slices::word;
use super::{Poly, algebra};

/// Bytes that a pair of constants multiplies.
const PIECE: usize = 16;
/// Chains of products.
const CHAINS: usize = 8;
/// How far ahead memory is asked for what comes, and in what pieces. By themselves CPUs stop at the
/// end of a page.
const AHEAD: usize = 2048;
const LINE: usize = 64;
const PAGE: usize = 4096;

/// The register after `bytes`.
#[inline(always)]
pub(in super::super) fn crc<S: Clmul, P: Poly>(simd: S, register: u64, bytes: &[u8]) -> u64 {
    let (head, body) = bytes.split_at(bytes.len() % PIECE);
    // What is not whole pieces comes first: the products of the rest need not wait for it.
    let register = if head.is_empty() { register } else { few::<S, P>(simd, register, head) };
    if body.is_empty() {
        return register;
    }
    // SAFETY: the split leaves whole pieces, the check not none.
    let sum = unsafe { sum::<S, P>(simd, register, body) };
    let lane = simd.narrow(sum);
    simd.reduce::<P>(if is_upright::<S, P>() { simd.reflect(lane) } else { lane })
}

/// True if lanes are upright polynomials.
const fn is_upright<S: Clmul, P: Poly>() -> bool {
    S::UPRIGHT && !P::REFLECTED
}

/// What a register is multiplied by to come to lie `bytes` further on.
const fn step<S: Clmul, P: Poly>(bytes: usize) -> [u64; 2] {
    let pair = algebra::distance(bytes, P::POLYNOMIAL);
    if is_upright::<S, P>() { algebra::upright(pair, P::POLYNOMIAL) } else { pair }
}

/// The register after fewer than 16 bytes, but not none.
#[inline(always)]
fn few<S: Clmul, P: Poly>(simd: S, mut register: u64, bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    for bytes in words {
        register = simd.reduce::<P>(simd.low(word::<P>(u64::from_le_bytes(*bytes)) ^ register));
    }
    if tail.is_empty() {
        return register;
    }
    // As if zeros came before; what of the register they do not reach moves on.
    let bits = 8 * tail.len() as u32;
    let low = (word::<P>(partial(tail)) ^ register) << (64 - bits);
    register >> bits ^ simd.reduce::<P>(simd.low(low))
}

/// One to seven bytes, then zeros.
#[inline(always)]
fn partial(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let shift = |value: u64, at: usize| value << (8 * at);
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        // They overlap where the bytes are the same.
        let [first, last] = [*first, *last].map(|four| u64::from(u32::from_le_bytes(four)));
        return first | shift(last, len - 4);
    }
    let byte = |at: usize| shift(bytes[at].into(), at);
    byte(0) | byte(len / 2) | byte(len - 1)
}

/// What the message is congruent to, in the lanes of one register, x^64 further on.
///
/// # Safety
/// `bytes` are whole pieces, and not none.
#[inline(always)]
unsafe fn sum<S: Clmul, P: Poly>(simd: S, register: u64, bytes: &[u8]) -> S::V {
    let turn = |v: S::V| if P::REFLECTED { v } else { simd.turn(v) };
    let load = |p: *const u8| {
        // SAFETY: `blocks` registers are left at `p`, and no use below goes beyond them.
        turn(unsafe { simd.load(p) })
    };
    // Of a register with `blocks` more behind it.
    let end = |blocks: usize| {
        let ends = if is_upright::<S, P>() { P::UPRIGHT_ENDS } else { P::ENDS };
        let ends = ends.at(blocks * (S::BYTES / PIECE), S::BYTES / PIECE);
        // SAFETY: a slice of that many bytes.
        unsafe { simd.load(ends.as_ptr().cast()) }
    };
    let (mut p, mut blocks) = (bytes.as_ptr(), bytes.len() / S::BYTES);
    let mut sum = simd.low_wide(0);
    // As the bytes that it is added to.
    let register = word::<P>(register);
    let mut first = turn(simd.low_wide(register));

    let odd = bytes.len() % S::BYTES;
    if odd != 0 {
        // SAFETY: the remainder is less than a register, whole pieces, as all are by contract, and
        // the message is not shorter than it.
        let v = unsafe { simd.load_last(p, odd) };
        let v = turn(simd.xor(v, simd.place(register, (S::BYTES - odd) / PIECE)));
        p = p.wrapping_add(odd);
        if blocks == 0 {
            return simd.fold(v, end(0), sum);
        }
        first = simd.fold(v, simd.pair(const { step::<S, P>(S::BYTES) }), sum);
    }

    if blocks >= CHAINS {
        let mut chains = [sum; CHAINS];
        for (i, chain) in chains.iter_mut().enumerate() {
            *chain = load(p.wrapping_add(i * S::BYTES));
        }
        chains[0] = simd.xor(chains[0], first);
        first = sum;
        p = p.wrapping_add(CHAINS * S::BYTES);
        blocks -= CHAINS;
        let far = simd.pair(const { step::<S, P>(CHAINS * S::BYTES) });
        while blocks >= CHAINS {
            // Not beyond the end, where nobody may want what is there, and not for a page alone.
            if blocks * S::BYTES > PAGE {
                for line in 0..CHAINS * S::BYTES / LINE {
                    simd.prefetch(p.wrapping_add(AHEAD + LINE * line));
                }
            }
            for (i, chain) in chains.iter_mut().enumerate() {
                *chain = simd.fold(*chain, far, load(p.wrapping_add(i * S::BYTES)));
            }
            p = p.wrapping_add(CHAINS * S::BYTES);
            blocks -= CHAINS;
        }
        for (i, chain) in chains.into_iter().enumerate() {
            sum = simd.fold(chain, end(blocks + CHAINS - 1 - i), sum);
        }
    }
    while blocks > 0 {
        blocks -= 1;
        let v = simd.xor(load(p), first);
        first = simd.low_wide(0);
        sum = simd.fold(v, end(blocks), sum);
        p = p.wrapping_add(S::BYTES);
    }
    sum
}
