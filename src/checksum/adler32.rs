//! Adler-32: the sum of the bytes and the sum of those sums, modulo 65521.
//!
//! The kernel works on blocks of four registers. The sum of sums counts each byte as often as there
//! are bytes from it to the end, which is what it weighs within its block and the length of all
//! blocks behind. So three sums suffice: of bytes, of weighted bytes, and, once for each block, of
//! the bytes before it. What is missing to a whole block counts as zeros, and is taken off again.
//!
//! Four such triples take turns, else the latency of one would be waited for. Each has a stripe of
//! its own, a page long where there is room for four: that way hardware fetches from four pages at
//! once, and memory gives more than to one stream.
#![allow(unsafe_code)]

use super::Backend;
use super::dot::Dot;
use super::simd::{Kernel, Simd};

/// Of no bytes.
pub(super) const INIT: u32 = 1;
/// The largest prime below 2^16.
const MODULUS: u32 = 65521;
/// The same for longer sums.
const P: u64 = MODULUS as u64;

/// The sum after `bytes`. Cost: one pass.
pub(super) fn update(backend: Backend, sum: u32, bytes: &[u8]) -> u32 {
    backend.run(Update::<false> { sum, bytes })
}

/// The sum after the bytes of `guards`, of each the upper one first. Cost: one pass.
pub(super) fn guards(backend: Backend, sum: u32, guards: &[u16]) -> u32 {
    // For so few, a kernel's sums at the end take longer.
    if guards.len() < 8 {
        return guards.iter().fold(sum, |sum, guard| push(sum, *guard));
    }
    // SAFETY: as many bytes as the guards have, and no bytes are invalid.
    let bytes = unsafe {
        core::slice::from_raw_parts(guards.as_ptr().cast(), core::mem::size_of_val(guards))
    };
    #[cfg(target_endian = "little")]
    return backend.run(Update::<true> { sum, bytes });
    #[cfg(target_endian = "big")]
    return backend.run(Update::<false> { sum, bytes });
}

/// The sum after the two bytes of a guard, for which a call of a vector kernel is too much.
pub(super) fn push(sum: u32, guard: u16) -> u32 {
    // Both terms are below the modulus: one subtraction reduces their sum.
    let add = |a: u32, b: u32| {
        let sum = a + b;
        if sum >= MODULUS { sum - MODULUS } else { sum }
    };
    let [first, second] = guard.to_be_bytes();
    let (low, high) = (sum & 0xffff, sum >> 16);
    let low = add(low, first.into());
    let high = add(high, low);
    let low = add(low, second.into());
    add(high, low) << 16 | low
}

/// The sum of `a`'s bytes and then `b`'s, which are `len_b`. Cost: a few products.
pub(super) fn combine(a: u32, b: u32, len_b: u64) -> u32 {
    let ((a_low, a_high), (b_low, b_high)) = (split(a), split(b));
    // `b` began with 1 where `a` had come to `a_low`: each of its sums lacks the difference.
    let more = a_low + P - 1;
    join(more + b_low, a_high + b_high + more % P * (len_b % P))
}

/// The sum of the last `len_b` bytes alone: `b` of which `ab` is `combine(a, b, len_b)`. Cost: a
/// few products.
pub(super) fn extract(a: u32, ab: u32, len_b: u64) -> u32 {
    let ((a_low, a_high), (low, high)) = (split(a), split(ab));
    let less = P + 1 - a_low;
    join(low + less, high + (P - a_high) + less % P * (len_b % P))
}

/// The sum after `len` zero bytes. Cost: a product.
pub(super) fn zeros(sum: u32, len: u64) -> u32 {
    let (low, high) = split(sum);
    join(low, high + low * (len % P))
}

/// The sum after the bytes of `n` guards that are all `guard`. Cost: a few products.
pub(super) fn repeat(sum: u32, guard: u16, n: u64) -> u32 {
    let (low, high) = split(sum);
    let [first, second] = guard.to_be_bytes().map(u64::from);
    let (n, before) = (n % P, (n % P + P - 1) % P);
    // A guard adds twice what was there before it, the first byte twice, and the second once. What
    // was there grows by both bytes each time: their multiples from 0 to n - 1, counted twice.
    let each = 2 * low + 2 * first + second;
    join(low + n * (first + second), high + n * each % P + n * before % P * (first + second))
}

/// Both halves, reduced.
fn split(sum: u32) -> (u64, u64) {
    (u64::from(sum & 0xffff) % P, u64::from(sum >> 16) % P)
}

/// The sum of these halves, reduced.
fn join(low: u64, high: u64) -> u32 {
    // Remainders are below 2^16.
    ((high % P) as u32) << 16 | (low % P) as u32
}

/// `SWAP` exchanges the bytes of each pair.
struct Update<'a, const SWAP: bool> {
    sum: u32,
    bytes: &'a [u8],
}

impl<const SWAP: bool> Kernel for Update<'_, SWAP> {
    type Out = u32;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> u32 {
        whole::<S, SWAP>(simd, self.sum, self.bytes)
    }
}

/// The sum after all of `bytes`.
#[inline(always)]
pub(super) fn whole<D: Dot, const SWAP: bool>(dot: D, mut sum: u32, mut bytes: &[u8]) -> u32 {
    loop {
        let part = match bytes.len() {
            len @ ..STRIP => len,
            len => (len - len % STRIP).min(Limit::<D>::BYTES),
        };
        let (part, rest) = bytes.split_at(part);
        let (low, high) = (u64::from(sum & 0xffff), u64::from(sum >> 16));
        let (more, weighted) = sums::<D, SWAP>(dot, part, rest.len());
        // Parts are shorter than 2^18: at most 2^16 + 2^16 * 2^18 + 2^8 * 2^18 * 2^18.
        sum = join(low + more, high + low * part.len() as u64 + weighted);
        if rest.is_empty() {
            return sum;
        }
        bytes = rest;
    }
}

/// From here on four triples are worth their sums at the end.
const TURNS: usize = 1024;
/// Stripes are at most a page.
const STRIPE: usize = 4096;
/// Four stripes.
const STRIP: usize = 4 * STRIPE;

/// How many bytes are summed up before sums are reduced.
pub(super) struct Limit<D>(D);

impl<D: Dot> Limit<D> {
    const BLOCK: usize = 4 * D::BYTES;

    /// So many whole strips that no sum overflows if all bytes are 255, and what is shorter than a
    /// strip has no sum that overflows either.
    ///
    /// The sums before each of n blocks add up to at most 255 * BLOCK * n^2 / 2, which must fit 32
    /// bits. In stripes, each triple has n / 4 blocks, and four triples a fourth of these sums; the
    /// sums before each stripe are smaller. Weighted bytes are the most if those above zero are 255
    /// and the others 0: 255 * CENTRE (CENTRE + 1) / 2 in a block; the least, if it is the other
    /// way round. They must fit 31 bits and a sign. The sum of bytes is smaller, and lanes may
    /// overflow where their total does not.
    pub(super) const BYTES: usize = {
        assert!(STRIPE.is_multiple_of(Self::BLOCK));
        let (block, above) = (Self::BLOCK as u64, D::CENTRE as u64);
        let below = (block - 1).saturating_sub(above);
        let weight = if above > below { above } else { below };
        let mut strips = 0;
        loop {
            let blocks = (strips + 1) * (STRIP as u64 / block);
            if 255 * block * (blocks * blocks / if D::STRIPES { 8 } else { 2 }) >= 1 << 32
                || 255 * (weight * (weight + 1) / 2) * blocks >= 1 << 31
            {
                break;
            }
            strips += 1;
        }
        let blocks = STRIP as u64 / block;
        assert!(strips > 0 && 255 * block * (blocks * blocks / 2) < 1 << 32);
        strips as usize * STRIP
    };
}

/// The sum of `bytes`, and the sum of the sums after each.
///
/// `bytes` are whole strips, at most [`Limit::BYTES`], or less than a strip. In memory, `behind`
/// more follow, which will be asked for next.
#[inline(always)]
fn sums<D: Dot, const SWAP: bool>(dot: D, bytes: &[u8], behind: usize) -> (u64, u64) {
    let block = Limit::<D>::BLOCK;
    let mut p = bytes.as_ptr();
    let mut left = bytes.len();
    // Bytes and weighted bytes, and what the bytes were before each block; and, in units of
    // stripes, before those of other triples.
    let (mut sums, mut before, mut stripes) = ((dot.none(), dot.none()), dot.none(), dot.none());
    let stripe = (left / 4 / block * block).min(STRIPE);
    if D::STRIPES && left >= TURNS && stripe > 0 {
        let (mut all, mut each) = ([sums; 4], [before; 4]);
        while left >= 4 * stripe {
            let fetch = left + behind >= 8 * stripe && stripe == STRIPE;
            stripes =
                dot.add(stripes, dot.add(dot.add(all[0].0, all[1].0), dot.add(all[2].0, all[3].0)));
            let mut at = 0;
            while at < stripe {
                for (i, (sums, before)) in all.iter_mut().zip(&mut each).enumerate() {
                    let p = p.wrapping_add(i * stripe + at);
                    if fetch {
                        let mut line = 0;
                        while line < block {
                            dot.prefetch(p.wrapping_add(STRIP + line));
                            line += 64;
                        }
                    }
                    *before = dot.add(*before, sums.0);
                    // SAFETY: four stripes are left, of whole blocks each.
                    *sums = dot.dot(*sums, &unsafe { load::<D, SWAP>(dot, p) });
                }
                at += block;
            }
            // SAFETY: to the end at most.
            p = unsafe { p.add(4 * stripe) };
            left -= 4 * stripe;
        }
        // A strip has three stripes of other triples, and within the last strip, three were behind
        // the first, two behind the second.
        let two = dot.add(all[0].0, all[1].0);
        let three = dot.add(two, all[2].0);
        stripes = dot.add(
            dot.add(stripes, dot.add(stripes, stripes)),
            dot.add(dot.add(all[0].0, two), three),
        );
        before = dot.add(dot.add(each[0], each[1]), dot.add(each[2], each[3]));
        sums.0 = dot.add(three, all[3].0);
        sums.1 = dot.add(dot.add(all[0].1, all[1].1), dot.add(all[2].1, all[3].1));
    }
    // Two at a time: what a loop costs shows where a block is short.
    while left >= 2 * block {
        for i in 0..2 {
            before = dot.add(before, sums.0);
            // SAFETY: two blocks are left.
            sums = dot.dot(sums, &unsafe { load::<D, SWAP>(dot, p.add(i * block)) });
        }
        // SAFETY: to the end at most.
        p = unsafe { p.add(2 * block) };
        left -= 2 * block;
    }
    if left >= block {
        before = dot.add(before, sums.0);
        // SAFETY: a block is left.
        sums = dot.dot(sums, &unsafe { load::<D, SWAP>(dot, p) });
        // SAFETY: to the end at most.
        p = unsafe { p.add(block) };
        left -= block;
    }
    let mut missing = 0;
    if left > 0 {
        before = dot.add(before, sums.0);
        // SAFETY: as many bytes are left, fewer than a block.
        sums = dot.dot(sums, &unsafe { load_part::<D, SWAP>(dot, p, left) });
        missing = block - left;
    }
    let [bytes, weighted, before, stripes] = dot.totals([sums.0, sums.1, before, stripes]);
    let [bytes, before, stripes] = [bytes, before, stripes].map(u64::from);
    // The weights of the last block end at CENTRE - BLOCK + 1 instead of 1, or, of zeros that are
    // none, behind it. The total of positive terms is positive, whatever the order.
    let weight = ((block - missing) as u64).wrapping_sub(D::CENTRE.into());
    let sum = (block as u64 * before + stripe as u64 * stripes)
        .wrapping_add(i64::from(weighted as i32) as u64)
        .wrapping_add(weight.wrapping_mul(bytes));
    (bytes, sum)
}

/// # Safety
///
/// A block is readable at `p`.
#[inline(always)]
unsafe fn load<D: Dot, const SWAP: bool>(dot: D, p: *const u8) -> [D::V; 4] {
    // Loops, not closures: those would be functions without the token's instructions.
    let mut block = [dot.zero(); 4];
    for (i, v) in block.iter_mut().enumerate() {
        // SAFETY: the i-th quarter of the block.
        *v = unsafe { dot.load(p.add(i * D::BYTES)) };
        if SWAP {
            *v = dot.swap(*v);
        }
    }
    block
}

/// The first `n` bytes of a block; the others are zero.
///
/// # Safety
///
/// `n` bytes are readable at `p`, fewer than a block.
#[inline(always)]
unsafe fn load_part<D: Dot, const SWAP: bool>(dot: D, p: *const u8, n: usize) -> [D::V; 4] {
    let mut block = [dot.zero(); 4];
    for (i, v) in block.iter_mut().enumerate() {
        let left = n.saturating_sub(i * D::BYTES);
        if left >= D::BYTES {
            // SAFETY: a register is left of the n bytes.
            *v = unsafe { dot.load(p.add(i * D::BYTES)) };
        } else if left > 0 {
            // SAFETY: so many are left of the n bytes.
            *v = unsafe { dot.load_part(p.add(i * D::BYTES), left) };
        }
        if SWAP {
            *v = dot.swap(*v);
        }
    }
    block
}
