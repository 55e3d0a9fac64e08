//! Sums and weighted sums of bytes.
#![allow(unsafe_code)]

/// What sums need of an instruction set.
///
/// A *block* is four registers. What is summed up lands in 32-bit lanes, whichever of them: only
/// their total has a meaning, and all of it is modulo 2^32.
///
/// # Safety
///
/// A value of `Self` exists only where the CPU, and the operating system's saving of registers,
/// support the instructions that the methods use. Registers are `BYTES` long, and the loads read
/// nothing but what their contracts say.
pub(super) unsafe trait Dot: Copy {
    /// Bytes of a register, a power of two, at most 64.
    const BYTES: usize;
    /// The weight of a block's first byte. Each byte weighs one less than the one before it, and
    /// they may well become negative: signed bytes have room for a longer block that way.
    const CENTRE: u32;
    /// What `words` leaves off each word.
    const BIAS: u32;
    /// Whether four stripes of memory are summed up in turns: where the latency of sums is long, or
    /// one stream is slower from memory than four, and there are registers for so many sums.
    const STRIPES: bool;
    /// A register of bytes.
    type V: Copy;
    /// A register of sums.
    type Sums: Copy;

    /// Loads a register.
    ///
    /// # Safety
    ///
    /// `BYTES` bytes are readable at `p`.
    unsafe fn load(self, p: *const u8) -> Self::V;

    /// Loads the first `n` bytes of a register; the others are zero.
    ///
    /// # Safety
    ///
    /// `n < BYTES`, and `n` bytes are readable at `p`.
    unsafe fn load_part(self, p: *const u8, n: usize) -> Self::V;

    /// A register of zeros.
    fn zero(self) -> Self::V;

    /// Exchanges the two bytes of each word.
    fn swap(self, v: Self::V) -> Self::V;

    /// Sums of nothing.
    fn none(self) -> Self::Sums;

    /// Adds lane by lane.
    fn add(self, a: Self::Sums, b: Self::Sums) -> Self::Sums;

    /// Adds the bytes of a block to the first sums, and their products with the weights to the
    /// second. In one method, since some instruction sets share work between the two.
    fn dot(self, sums: (Self::Sums, Self::Sums), block: &[Self::V; 4]) -> (Self::Sums, Self::Sums);

    /// Adds the words of a register, lower byte first, each less `BIAS`.
    fn words(self, sums: Self::Sums, v: Self::V) -> Self::Sums;

    /// The totals of four registers of sums.
    fn totals(self, sums: [Self::Sums; 4]) -> [u32; 4];

    /// Has the line at `p` brought near. `p` may be anything.
    #[inline(always)]
    fn prefetch(self, _p: *const u8) {}
}
