//! The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit
//! words.
//!
//! The sum does not care which byte of a word is the upper one as long as all agree: words are
//! added as little-endian ones, and only the guard is turned round.
#![allow(unsafe_code)]

use super::Backend;
use super::dot::Dot;
use super::simd::{Kernel, Simd};

/// The sum of no words.
pub(super) const INIT: u16 = 0;

/// The sum after `bytes`; `odd` if a word is half full. Cost: one pass.
pub(super) fn update(backend: Backend, sum: u16, odd: bool, bytes: &[u8]) -> u16 {
    let part = fold(backend.run(Words { bytes }));
    // An odd number of bytes before puts each of these into the other half of its word.
    let part = if odd { part.swap_bytes() } else { part };
    fold(u64::from(sum) + u64::from(part))
}

/// The guard; its bytes in memory are those of the number, upper one first.
pub(super) fn finish(sum: u16) -> u16 {
    !sum.swap_bytes()
}

/// Writes the guards of sectors of `sector` bytes, which `bytes` is made of. Cost: one pass.
///
/// # Panics
///
/// If `sector` is no power of two or shorter than 64, or `bytes` not as many sectors as `guards`.
pub(super) fn guards(backend: Backend, sector: usize, bytes: &[u8], guards: &mut [u16]) {
    assert!(sector.is_power_of_two() && sector >= LINE, "sectors of {sector} bytes");
    assert_eq!(Some(bytes.len()), guards.len().checked_mul(sector), "bytes of all sectors");
    if sector <= LIMIT {
        backend.run(Guards { sector, bytes, guards });
    } else {
        for (bytes, guard) in bytes.chunks_exact(sector).zip(guards) {
            *guard = finish(update(backend, INIT, false, bytes));
        }
    }
}

/// Adds what is above 16 bits to what is below, until nothing is.
pub(super) fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The same of 32 bits, which two additions are enough for: 2 * 0xffff at most, then 0xffff.
#[inline(always)]
fn fold32(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}

/// As many bytes as have a sum that fits 32 bits, and is exact although lanes may overflow and have
/// a bias: 2^16 words of 2^16 - 1.
const LIMIT: usize = 1 << 17;

/// A line of the caches: whole registers of every backend, and sectors are whole lines.
const LINE: usize = 64;

struct Words<'a> {
    bytes: &'a [u8],
}

impl Kernel for Words<'_> {
    type Out = u64;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> u64 {
        words(simd, self.bytes)
    }
}

struct Guards<'a> {
    sector: usize,
    bytes: &'a [u8],
    guards: &'a mut [u16],
}

impl Kernel for Guards<'_> {
    type Out = ();

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        // SAFETY: `guards` has checked that there are as many sectors as guards, powers of two.
        unsafe { whole(simd, self.sector, self.bytes, self.guards) };
    }
}

/// The sum of the words of `bytes`, the last of them filled up with a zero byte.
#[inline(always)]
pub(super) fn words<D: Dot>(dot: D, bytes: &[u8]) -> u64 {
    let mut sum = 0;
    for bytes in bytes.chunks(LIMIT) {
        let (part, whole) = (bytes.len() % D::BYTES, bytes.len() - bytes.len() % D::BYTES);
        // SAFETY: so many bytes are there, whole registers.
        let mut sums = unsafe { registers(dot, bytes.as_ptr(), whole) };
        let mut len = whole;
        if part > 0 {
            // SAFETY: as many are left, fewer than a register.
            sums = dot.words(sums, unsafe { dot.load_part(bytes.as_ptr().add(whole), part) });
            len += D::BYTES;
        }
        sum += u64::from(total(dot, sums, len));
    }
    sum
}

/// The guards of sectors of at most `LIMIT` bytes.
///
/// # Safety
///
/// `bytes` are as many sectors as `guards`, and a sector is whole lines.
#[inline(always)]
pub(super) unsafe fn whole<D: Dot>(dot: D, sector: usize, bytes: &[u8], guards: &mut [u16]) {
    let (fours, rest) = guards.as_chunks_mut::<4>();
    let mut p = bytes.as_ptr();
    let mut left = fours.len();
    for four in fours {
        left -= 1;
        // SAFETY: four more guards, four more sectors, whole lines each.
        let sums = unsafe { sectors(dot, p, sector, left > 0) };
        for (guard, sum) in four.iter_mut().zip(dot.totals(sums)) {
            *guard = finish(fold32(unbiased::<D>(sum, sector)));
        }
        // SAFETY: to the end at most.
        p = unsafe { p.add(4 * sector) };
    }
    for guard in rest {
        // SAFETY: one more guard, one more sector.
        let sums = unsafe { registers(dot, p, sector) };
        *guard = finish(fold32(total(dot, sums, sector)));
        // SAFETY: to the end at most.
        p = unsafe { p.add(sector) };
    }
}

/// The total of the sums of `len` bytes.
#[inline(always)]
fn total<D: Dot>(dot: D, sums: D::Sums, len: usize) -> u32 {
    let none = dot.none();
    let [sum, ..] = dot.totals([sums, none, none, none]);
    unbiased::<D>(sum, len)
}

/// A total with what was left off the words of `len` bytes, at most `LIMIT`.
#[inline(always)]
fn unbiased<D: Dot>(sum: u32, len: usize) -> u32 {
    sum.wrapping_add(D::BIAS.wrapping_mul((len / 2) as u32))
}

/// The sums of the words of four sectors of `len` bytes; fetches the next four meanwhile.
///
/// Each sector has one register of sums: what four sectors hide of its latency costs no addition at
/// the end.
///
/// # Safety
///
/// `4 * len` bytes are readable at `p`, and `len` is whole lines.
#[inline(always)]
unsafe fn sectors<D: Dot>(dot: D, p: *const u8, len: usize, fetch: bool) -> [D::Sums; 4] {
    let mut sums = [dot.none(); 4];
    for line in 0..len / LINE {
        for (i, sum) in sums.iter_mut().enumerate() {
            let line = p.wrapping_add(i * len + line * LINE);
            if fetch {
                dot.prefetch(line.wrapping_add(4 * len));
            }
            for at in 0..LINE / D::BYTES {
                // SAFETY: a register of a line of sector `i`.
                *sum = dot.words(*sum, unsafe { dot.load(line.add(at * D::BYTES)) });
            }
        }
    }
    sums
}

/// The sums of the words of `len` bytes.
///
/// # Safety
///
/// `len` bytes are readable at `p`, and they are whole registers.
#[inline(always)]
unsafe fn registers<D: Dot>(dot: D, mut p: *const u8, len: usize) -> D::Sums {
    let mut sums = [dot.none(); 4];
    let mut left = len;
    while left >= 8 * D::BYTES {
        for i in 0..8 {
            // SAFETY: eight registers are left.
            sums[i % 4] = dot.words(sums[i % 4], unsafe { dot.load(p.add(i * D::BYTES)) });
        }
        // SAFETY: to the end at most.
        p = unsafe { p.add(8 * D::BYTES) };
        left -= 8 * D::BYTES;
    }
    while left > 0 {
        // SAFETY: whole registers are left.
        sums[0] = dot.words(sums[0], unsafe { dot.load(p) });
        // SAFETY: to the end at most.
        p = unsafe { p.add(D::BYTES) };
        left -= D::BYTES;
    }
    dot.add(dot.add(sums[0], sums[1]), dot.add(sums[2], sums[3]))
}
