//! Fewer products than coefficients: the shapes in which a Cauchy matrix is multiplied.
//!
//! The entry of row i and column j depends on i ^ j alone. A *shape* takes rows of one coset of a
//! subgroup of (0..256, ^) together, and columns in *blocks*, which are cosets as well. It adds
//! each block to N sums, and at the end turns the sums into the rows: work per row, not per column.
//! `src/docs/kernels.md` derives the formulas; `ec::plan` chooses shapes, blocks and constants.
#![allow(unsafe_code)]
// As in `kernel`: what is indexed by constant ranges becomes registers.
#![allow(clippy::needless_range_loop)]

use super::coef::Coef;
use super::simd::Simd;

/// How rows of parity are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Shape {
    /// Coefficient by coefficient.
    Direct,
    /// Two rows: 3 products for two columns instead of 4.
    Pair,
    /// Three rows: 8 products for four columns instead of 12.
    Tri,
    /// Up to four rows: 8 products for four columns instead of 16.
    Fft4,
    /// Up to eight rows: 20 products for eight columns instead of 64.
    Fft8,
}

impl Shape {
    /// Every shape.
    pub const ALL: &[Shape] = &[Shape::Direct, Shape::Pair, Shape::Tri, Shape::Fft4, Shape::Fft8];

    /// Rows that come out of the sums.
    pub(crate) const fn rows(self) -> usize {
        match self {
            Shape::Direct => 0,
            Shape::Pair => 2,
            Shape::Tri => 3,
            Shape::Fft4 => 4,
            Shape::Fft8 => 8,
        }
    }

    /// Columns of the largest block.
    pub(crate) const fn widest(self) -> usize {
        match self {
            Shape::Direct => 1,
            Shape::Pair => 2,
            Shape::Tri | Shape::Fft4 => 4,
            Shape::Fft8 => 8,
        }
    }

    /// Constants of a block of so many columns.
    pub(crate) const fn block_coefs(self, columns: usize) -> usize {
        match (self, columns) {
            (Shape::Direct, _) => 0,
            (Shape::Tri, 4) => 8,
            (Shape::Tri, 2) => 5,
            (Shape::Tri, _) => 3,
            _ if columns == self.widest() => columns,
            _ => columns - 1 + self.rows() / columns,
        }
    }

    /// Constants that turn sums into rows.
    pub(crate) const fn final_coefs(self) -> usize {
        match self {
            Shape::Direct | Shape::Pair | Shape::Tri => 0,
            Shape::Fft4 => 1,
            Shape::Fft8 => 4,
        }
    }
}

/// What a shape does, N being its rows.
pub(super) trait Fold<const N: usize> {
    const SHAPE: Shape;

    /// Adds a block of M columns to the sums.
    ///
    /// # Safety
    /// `coefs` has `SHAPE.block_coefs(M)` entries.
    unsafe fn block<S: Simd, const M: usize>(
        simd: S,
        x: [S::V; M],
        coefs: *const Coef,
        sums: &mut [S::A; N],
    );

    /// The rows.
    ///
    /// # Safety
    /// `coefs` has `SHAPE.final_coefs()` entries.
    unsafe fn finish<S: Simd>(simd: S, sums: &[S::A; N], coefs: *const Coef) -> [S::V; N];
}

/// `sum += c * x`.
///
/// # Safety
/// `c` may be read.
#[inline(always)]
unsafe fn mul_add<S: Simd>(simd: S, sum: &mut S::A, c: *const Coef, x: S::X) {
    // SAFETY: the caller's contract.
    simd.mul_add(sum, simd.prepare(unsafe { &*c }), x);
}

/// The additive Fourier transform over a coset of 2, 4 or 8 rows.
///
/// With N = 2 it is the pair: no butterfly before the last level.
pub(super) struct Fft;

/// One butterfly: `low += high`, then `high += w * low`.
///
/// # Safety
/// `w` may be read.
#[inline(always)]
unsafe fn butterfly<S: Simd, const M: usize>(
    simd: S,
    x: &mut [S::V; M],
    (low, high): (usize, usize),
    w: *const Coef,
) {
    x[low] = simd.xor(x[low], x[high]);
    let mut sum = simd.open(x[high]);
    // SAFETY: the caller's contract.
    unsafe { mul_add(simd, &mut sum, w, simd.split(x[low])) };
    x[high] = simd.close(&sum);
}

/// Undoes a butterfly: `high += w * low`, then `low += high`.
///
/// # Safety
/// `w` may be read.
#[inline(always)]
unsafe fn unfold<S: Simd, const N: usize>(
    simd: S,
    y: &mut [S::V; N],
    (low, high): (usize, usize),
    w: *const Coef,
) {
    let mut sum = simd.open(y[high]);
    // SAFETY: the caller's contract.
    unsafe { mul_add(simd, &mut sum, w, simd.split(y[low])) };
    y[high] = simd.close(&sum);
    y[low] = simd.xor(y[low], y[high]);
}

impl<const N: usize> Fold<N> for Fft {
    const SHAPE: Shape = match N {
        2 => Shape::Pair,
        4 => Shape::Fft4,
        _ => Shape::Fft8,
    };

    #[inline(always)]
    unsafe fn block<S: Simd, const M: usize>(
        simd: S,
        mut x: [S::V; M],
        c: *const Coef,
        sums: &mut [S::A; N],
    ) {
        debug_assert!(matches!(N, 2 | 4 | 8) && matches!(M, 1 | 2 | 4 | 8) && M <= N);
        // SAFETY: the levels below the last have M - 1 twiddles, or M - 2 in a block as wide as the
        // coset, of which the last level uses two more; else there are N / M after them.
        unsafe {
            if M == 8 {
                for i in 0..4 {
                    butterfly(simd, &mut x, (2 * i, 2 * i + 1), c.add(i));
                }
                for half in 0..2 {
                    for i in 0..2 {
                        let low = 4 * half + i;
                        butterfly(simd, &mut x, (low, low + 2), c.add(4 + half));
                    }
                }
            } else if M == 4 {
                for i in 0..2 {
                    butterfly(simd, &mut x, (2 * i, 2 * i + 1), c.add(i));
                }
                if N > 4 {
                    for i in 0..2 {
                        butterfly(simd, &mut x, (i, i + 2), c.add(2));
                    }
                }
            } else if M == 2 && N > 2 {
                butterfly(simd, &mut x, (0, 1), c);
            }
            if M == N {
                // The last level, and the factor that all products of the block have in common.
                let (factor, twiddled) = (c.add(M - 2), c.add(M - 1));
                for i in 0..M / 2 {
                    let low = simd.split(simd.xor(x[i], x[i + M / 2]));
                    let high = simd.split(x[i + M / 2]);
                    mul_add(simd, &mut sums[i], factor, low);
                    mul_add(simd, &mut sums[i + M / 2], twiddled, low);
                    mul_add(simd, &mut sums[i + M / 2], factor, high);
                }
            } else {
                for i in 0..M {
                    let x = simd.split(x[i]);
                    for copy in 0..N / M {
                        mul_add(simd, &mut sums[copy * M + i], c.add(M - 1 + copy), x);
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(simd: S, sums: &[S::A; N], c: *const Coef) -> [S::V; N] {
        let mut y = [simd.zero(); N];
        // The first twiddle of each level is zero, because the coset starts at its origin.
        for i in 0..N / 2 {
            y[i + N / 2] = simd.close(&sums[i + N / 2]);
            y[i] = simd.xor(simd.close(&sums[i]), y[i + N / 2]);
        }
        // SAFETY: a coset of eight has four twiddles that are not zero, one of four has one.
        unsafe {
            if N == 8 {
                for i in 0..2 {
                    y[i] = simd.xor(y[i], y[i + 2]);
                    unfold(simd, &mut y, (i + 4, i + 6), c);
                }
                y[0] = simd.xor(y[0], y[1]);
                for i in 1..4 {
                    unfold(simd, &mut y, (2 * i, 2 * i + 1), c.add(i));
                }
            } else if N == 4 {
                y[0] = simd.xor(y[0], y[1]);
                unfold(simd, &mut y, (2, 3), c);
            }
        }
        y
    }
}

/// Three rows: the first, and its sums with the second and with the third.
pub(super) struct Tri;

impl Fold<3> for Tri {
    const SHAPE: Shape = Shape::Tri;

    #[inline(always)]
    unsafe fn block<S: Simd, const M: usize>(
        simd: S,
        x: [S::V; M],
        c: *const Coef,
        sums: &mut [S::A; 3],
    ) {
        debug_assert!(matches!(M, 1 | 2 | 4));
        // A closure given to `map` would not be compiled for the instruction set.
        let mut prepared = [simd.split(x[0]); M];
        for i in 1..M {
            prepared[i] = simd.split(x[i]);
        }
        let x = prepared;
        // SAFETY: the constants are those of the first row, column by column; of the second sum,
        // one for two columns; of the third, one for each that has no partner in the block.
        unsafe {
            for i in 0..M {
                mul_add(simd, &mut sums[0], c.add(i), x[i]);
            }
            if M == 4 {
                mul_add(simd, &mut sums[1], c.add(4), simd.add(x[0], x[1]));
                mul_add(simd, &mut sums[1], c.add(5), simd.add(x[2], x[3]));
                mul_add(simd, &mut sums[2], c.add(6), simd.add(x[0], x[2]));
                mul_add(simd, &mut sums[2], c.add(7), simd.add(x[1], x[3]));
            } else if M == 2 {
                mul_add(simd, &mut sums[1], c.add(2), simd.add(x[0], x[1]));
                mul_add(simd, &mut sums[2], c.add(3), x[0]);
                mul_add(simd, &mut sums[2], c.add(4), x[1]);
            } else {
                mul_add(simd, &mut sums[1], c.add(1), x[0]);
                mul_add(simd, &mut sums[2], c.add(2), x[0]);
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(simd: S, sums: &[S::A; 3], _: *const Coef) -> [S::V; 3] {
        let first = simd.close(&sums[0]);
        [first, simd.xor(first, simd.close(&sums[1])), simd.xor(first, simd.close(&sums[2]))]
    }
}
