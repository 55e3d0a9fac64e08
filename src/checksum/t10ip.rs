//! The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit
//! words.
//!
//! The sum does not care which byte of a word is the upper one as long as all agree: words are
//! added as little-endian ones, and only the guard is turned round.
#![allow(unsafe_code)]

use super::Backend;
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
    assert!(sector.is_power_of_two() && sector >= 64, "sectors of {sector} bytes");
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
fn fold(mut sum: u64) -> u16 {
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

/// The sum of the words of `bytes`, the last of them filled up with a zero byte.
struct Words<'a> {
    bytes: &'a [u8],
}

impl Kernel for Words<'_> {
    type Out = u64;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> u64 {
        let parts = self.bytes.chunks(LIMIT);
        parts.map(|part| u64::from(words(simd, part))).sum()
    }
}

/// The guards of whole sectors of at most `LIMIT` bytes, powers of two from 64 on.
struct Guards<'a> {
    sector: usize,
    bytes: &'a [u8],
    guards: &'a mut [u16],
}

impl Kernel for Guards<'_> {
    type Out = ();

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        let Guards { sector, bytes, guards } = self;
        let bias = S::BIAS.wrapping_mul(sector as u32 / 2);
        let guard = |sum: u32| finish(fold32(sum.wrapping_add(bias)));
        let (fours, rest) = guards.as_chunks_mut::<4>();
        let mut p = bytes.as_ptr();
        for four in fours {
            let sums = core::array::from_fn(|i| {
                // SAFETY: four more guards, four more sectors, whole registers each.
                unsafe { registers(simd, p.add(i * sector), sector) }
            });
            *four = simd.totals(sums).map(guard);
            // SAFETY: to the end at most.
            p = unsafe { p.add(4 * sector) };
        }
        let mut sums = [simd.none(); 4];
        for (i, sum) in sums.iter_mut().take(rest.len()).enumerate() {
            // SAFETY: as above.
            *sum = unsafe { registers(simd, p.add(i * sector), sector) };
        }
        for (rest, sum) in rest.iter_mut().zip(simd.totals(sums)) {
            *rest = guard(sum);
        }
    }
}

/// The sum of the words of at most `LIMIT` bytes.
#[inline(always)]
fn words<S: Simd>(simd: S, bytes: &[u8]) -> u32 {
    let (part, whole) = (bytes.len() % S::BYTES, bytes.len() - bytes.len() % S::BYTES);
    // SAFETY: so many bytes are there, whole registers.
    let mut sums = unsafe { registers(simd, bytes.as_ptr(), whole) };
    if part > 0 {
        // SAFETY: as many are left, fewer than a register.
        sums = simd.words(sums, unsafe { simd.load_part(bytes.as_ptr().add(whole), part) });
    }
    let none = simd.none();
    let [sum, ..] = simd.totals([sums, none, none, none]);
    sum.wrapping_add(S::BIAS.wrapping_mul((bytes.len().next_multiple_of(S::BYTES) / 2) as u32))
}

/// The sums of the words of `len` bytes.
///
/// # Safety
///
/// `len` bytes are readable at `p`, and they are whole registers.
#[inline(always)]
unsafe fn registers<S: Simd>(simd: S, mut p: *const u8, len: usize) -> S::Sums {
    let mut sums = [simd.none(); 4];
    let mut left = len;
    while left >= 4 * S::BYTES {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: four registers are left.
            *sum = simd.words(*sum, unsafe { simd.load(p.add(i * S::BYTES)) });
        }
        // SAFETY: to the end at most.
        p = unsafe { p.add(4 * S::BYTES) };
        left -= 4 * S::BYTES;
    }
    while left > 0 {
        // SAFETY: whole registers are left.
        sums[0] = simd.words(sums[0], unsafe { simd.load(p) });
        // SAFETY: to the end at most.
        p = unsafe { p.add(S::BYTES) };
        left -= S::BYTES;
    }
    simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3]))
}
