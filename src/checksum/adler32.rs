//! Adler-32: the sum of the bytes and the sum of those sums, modulo 65521.
//!
//! The kernel works on blocks of four registers. The sum of sums counts each byte as often as there
//! are bytes from it to the end, which is what it weighs within its block and the length of all
//! blocks behind. So three sums suffice: of bytes, of weighted bytes, and, once for each block, of
//! the sum of bytes before it. Four such triples take turns, else the latency of one would be waited
//! for. What is missing to a whole block counts as zeros, and is taken off again.
#![allow(unsafe_code)]

use super::Backend;
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
    if let [first, rest @ ..] = guards
        && rest.len() < 3
    {
        return rest.iter().fold(push(sum, *first), |sum, guard| push(sum, *guard));
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
        let (mut low, mut high) = (u64::from(self.sum & 0xffff), u64::from(self.sum >> 16));
        for part in self.bytes.chunks(Limit::<S>::BYTES) {
            let (bytes, weighted) = sums::<S, SWAP>(simd, part);
            // At most 2^16 + 2^17 * 2^16 + 2^17 * 2^16 * 2^8.
            high = (high + low * part.len() as u64 + weighted) % P;
            low = (low + bytes) % P;
        }
        join(low, high)
    }
}

/// How many bytes are summed up before sums are reduced.
struct Limit<S>(S);

impl<S: Simd> Limit<S> {
    const BLOCK: usize = 4 * S::BYTES;

    /// So many blocks that no sum overflows if all bytes are 255.
    ///
    /// Of n blocks, the sums before each add up to 255 * BLOCK * n (n - 1) / 2, which must fit
    /// 32 bits. Weighted bytes are the most if those above zero are 255 and the others 0: 255 *
    /// CENTRE (CENTRE + 1) / 2 in a block; the least, if it is the other way round. They must fit
    /// 31 bits and a sign. Lanes are parts of these totals, and the sum of bytes is smaller.
    const BLOCKS: u64 = {
        let (block, centre) = (Self::BLOCK as u64, S::CENTRE as u64);
        let mut n = 1;
        while 255 * block * ((n + 1) * n / 2) < 1 << 32
            && 255 * (centre * (centre + 1) / 2) * (n + 1) < 1 << 31
        {
            n += 1;
        }
        let below = (block - 1).saturating_sub(centre);
        assert!(255 * (below * (below + 1) / 2) * n <= 1 << 31);
        n
    };

    const BYTES: usize = Self::BLOCKS as usize * Self::BLOCK;
}

/// The sum of `bytes` (at most [`Limit::BYTES`]), and the sum of the sums after each.
#[inline(always)]
fn sums<S: Simd, const SWAP: bool>(simd: S, bytes: &[u8]) -> (u64, u64) {
    let len = bytes.len();
    let block = Limit::<S>::BLOCK;
    let mut p = bytes.as_ptr();
    let add = |a, b| simd.add(a, b);
    // Bytes and weighted bytes; and what the bytes were before each block.
    let (mut sums, mut before) = ((simd.none(), simd.none()), simd.none());
    let mut left = len;
    if left >= 4 * block {
        let mut all = [sums; 4];
        let mut each = [before; 4];
        while left >= 4 * block {
            for (i, (sums, before)) in all.iter_mut().zip(&mut each).enumerate() {
                *before = add(*before, sums.0);
                // SAFETY: four blocks are left.
                let x = unsafe { load::<S, SWAP>(simd, p.add(i * block)) };
                *sums = simd.dot(*sums, &x);
            }
            // SAFETY: to the end at most.
            p = unsafe { p.add(4 * block) };
            left -= 4 * block;
        }
        // As if there had been one triple: four times as many blocks were before each, and
        // within the last four, three were behind the first, two behind the second.
        let two = add(all[0].0, all[1].0);
        let three = add(two, all[2].0);
        before = add(add(each[0], each[1]), add(each[2], each[3]));
        before = add(before, before);
        before = add(add(before, before), add(add(all[0].0, two), three));
        sums.0 = add(three, all[3].0);
        sums.1 = add(add(all[0].1, all[1].1), add(all[2].1, all[3].1));
    }
    while left >= block {
        before = add(before, sums.0);
        // SAFETY: a block is left.
        sums = simd.dot(sums, &unsafe { load::<S, SWAP>(simd, p) });
        // SAFETY: to the end at most.
        p = unsafe { p.add(block) };
        left -= block;
    }
    let mut missing = 0;
    if left > 0 {
        before = add(before, sums.0);
        // SAFETY: as many bytes are left, fewer than a block.
        sums = simd.dot(sums, &unsafe { load_part::<S, SWAP>(simd, p, left) });
        missing = block - left;
    }
    let [bytes, weighted, before, _] = simd.totals([sums.0, sums.1, before, simd.none()]);
    let bytes = u64::from(bytes);
    // The weights of the last block end at CENTRE - BLOCK + 1 instead of 1, or, of zeros that are
    // none, behind it. The total of positive terms is positive, whatever the order.
    let weight = (block - missing) as u64;
    let sum = i64::from(weighted as i32) as u64;
    let sum = sum.wrapping_add(block as u64 * u64::from(before));
    let sum = sum.wrapping_add(weight.wrapping_sub(S::CENTRE.into()).wrapping_mul(bytes));
    (bytes, sum)
}

/// # Safety
///
/// A block is readable at `p`.
#[inline(always)]
unsafe fn load<S: Simd, const SWAP: bool>(simd: S, p: *const u8) -> [S::V; 4] {
    core::array::from_fn(|i| {
        // SAFETY: the i-th quarter of the block.
        let v = unsafe { simd.load(p.add(i * S::BYTES)) };
        if SWAP { simd.swap(v) } else { v }
    })
}

/// The first `n` bytes of a block; the others are zero.
///
/// # Safety
///
/// `n` bytes are readable at `p`, fewer than a block.
#[inline(always)]
unsafe fn load_part<S: Simd, const SWAP: bool>(simd: S, p: *const u8, n: usize) -> [S::V; 4] {
    core::array::from_fn(|i| {
        let left = n.saturating_sub(i * S::BYTES);
        let v = match left {
            0 => return simd.zero(),
            // SAFETY: so many are left of the n bytes.
            part if part < S::BYTES => unsafe { simd.load_part(p.add(i * S::BYTES), part) },
            // SAFETY: a register is left of the n bytes.
            _ => unsafe { simd.load(p.add(i * S::BYTES)) },
        };
        if SWAP { simd.swap(v) } else { v }
    })
}
