//! Remainders by carry-less products.
#![allow(unsafe_code)]

use super::crc::{Poly, T10};

/// What remainders need of an instruction set.
///
/// # Safety
///
/// A value of `Self` exists only where the CPU, and the operating system's saving of registers,
/// support the instructions that the methods use.
pub(super) unsafe trait Fold: Copy {
    /// The register after `bytes`.
    fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64;

    /// The T10 guards of sectors of `sector` bytes, of which there are as many as guards.
    #[inline(always)]
    fn guards(self, sector: usize, bytes: &[u8], guards: &mut [u16]) {
        one_by_one(self, sector, bytes, guards);
    }
}

/// What any CRC is good for.
#[inline(always)]
pub(super) fn one_by_one<F: Fold>(fold: F, sector: usize, mut bytes: &[u8], guards: &mut [u16]) {
    // No chunks: they divide.
    for guard in guards {
        let (one, rest) = bytes.split_at(sector);
        *guard = (fold.crc::<T10>(0, one) as u16).reverse_bits();
        bytes = rest;
    }
}

/// An instruction set that has carry-less products: what `crc::kernel` is written over.
///
/// A register is lanes of 128 bits, each two halves of 64; the lower one has the bytes that come
/// first, and so the higher powers.
///
/// # Safety
///
/// As for [`Fold`]. `BYTES` is what `load` reads, and a multiple of 16.
pub(super) unsafe trait Clmul: Fold {
    /// Bytes in a register.
    const BYTES: usize;
    /// A register.
    type V: Copy;
    /// One lane.
    type X: Copy;

    /// # Safety
    /// `p` is readable for `BYTES` bytes; any alignment.
    unsafe fn load(self, p: *const u8) -> Self::V;
    /// `n` bytes into the last lanes, zeros before them.
    /// # Safety
    /// `p` is readable for `n` bytes; `n` is a multiple of 16 below `BYTES`.
    unsafe fn load_last(self, p: *const u8, n: usize) -> Self::V;
    /// Each byte with its bits turned round.
    fn mirror(self, v: Self::V) -> Self::V;
    fn xor(self, a: Self::V, b: Self::V) -> Self::V;
    /// The pair in every lane.
    fn pair(self, pair: [u64; 2]) -> Self::V;
    /// Lower half times lower half, plus upper times upper, plus `c`, in each lane.
    fn fold(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// Zero but for the lower half of a lane.
    fn place(self, low: u64, lane: usize) -> Self::V;
    /// The same for lane 0.
    fn low_wide(self, low: u64) -> Self::V;

    /// The sum of the lanes.
    fn narrow(self, v: Self::V) -> Self::X;
    /// A lane whose upper half is zero.
    fn low(self, low: u64) -> Self::X;
    /// The remainder of a lane.
    fn reduce<P: Poly>(self, x: Self::X) -> u64;
}
