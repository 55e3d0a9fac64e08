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

    /// The T10 guards of as many sectors. That their size is known to the compiler matters: for a
    /// sector of 512 bytes, finding out what there is to do takes as long as doing it.
    #[inline(always)]
    fn guards<const SECTOR: usize>(self, sectors: &[[u8; SECTOR]], guards: &mut [u16]) {
        one_by_one(self, sectors, guards);
    }
}

/// The guards of sectors that have nothing in common.
#[inline(always)]
pub(super) fn one_by_one<F: Fold, const SECTOR: usize>(
    fold: F,
    sectors: &[[u8; SECTOR]],
    guards: &mut [u16],
) {
    for (guard, sector) in guards.iter_mut().zip(sectors) {
        *guard = (fold.crc::<T10>(0, sector) as u16).reverse_bits();
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
    /// Hints that the line at `p` is read soon. Any address is allowed.
    #[inline(always)]
    fn prefetch(self, _p: *const u8) {}
    /// True if turning round the bits of bytes is slow. Then bytes that begin with their highest
    /// bit are multiplied as they are: a lane is an upright polynomial once its bytes are in the
    /// other order.
    const UPRIGHT: bool;
    /// Bytes that begin with their highest bit, ready to be multiplied: each with its bits turned
    /// round, or if [`UPRIGHT`](Self::UPRIGHT) all of a lane in the other order.
    fn turn(self, v: Self::V) -> Self::V;
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
    /// The bits of an upright lane in the other order.
    fn reflect(self, x: Self::X) -> Self::X;
    /// A lane whose upper half is zero.
    fn low(self, low: u64) -> Self::X;
    /// The remainder of a lane.
    fn reduce<P: Poly>(self, x: Self::X) -> u64;
}
