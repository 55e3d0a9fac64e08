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

/// One butterfly on values: `low += high`, then `high += w * low`. Gives `low`, prepared.
///
/// # Safety
/// `w` may be read.
#[inline(always)]
unsafe fn butterfly<S: Simd>(simd: S, low: &mut S::V, high: &mut S::V, w: *const Coef) -> S::X {
    *low = simd.xor(*low, *high);
    let prepared = simd.split(*low);
    // SAFETY: the caller's contract.
    unsafe { raise(simd, high, w, prepared) };
    prepared
}

/// `high += w * low`.
///
/// # Safety
/// `w` may be read.
#[inline(always)]
unsafe fn raise<S: Simd>(simd: S, high: &mut S::V, w: *const Coef, low: S::X) {
    let mut sum = simd.open(*high);
    // SAFETY: the caller's contract.
    unsafe { mul_add(simd, &mut sum, w, low) };
    *high = simd.close(&sum);
}

/// The last level of a block as wide as the coset, and the factor that all its products share:
/// `low` is the sum of the two values, `high` the second, both prepared.
///
/// # Safety
/// Two coefficients are at `c`.
#[inline(always)]
unsafe fn add_last<S: Simd, const N: usize>(
    simd: S,
    sums: &mut [S::A; N],
    i: usize,
    c: *const Coef,
    low: S::X,
    high: S::X,
) {
    // SAFETY: the caller's contract.
    unsafe {
        mul_add(simd, &mut sums[i], c, low);
        mul_add(simd, &mut sums[i + N / 2], c.add(1), low);
        mul_add(simd, &mut sums[i + N / 2], c, high);
    }
}

/// Adds a value of a block narrower than the coset to each sum that it belongs to.
///
/// # Safety
/// `N / M` coefficients are at `c`.
#[inline(always)]
unsafe fn add_copies<S: Simd, const N: usize, const M: usize>(
    simd: S,
    sums: &mut [S::A; N],
    i: usize,
    c: *const Coef,
    x: S::X,
) {
    for copy in 0..N / M {
        // SAFETY: the caller's contract.
        unsafe { mul_add(simd, &mut sums[copy * M + i], c.add(copy), x) };
    }
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
        x: [S::V; M],
        c: *const Coef,
        sums: &mut [S::A; N],
    ) {
        debug_assert!(matches!(N, 2 | 4 | 8) && matches!(M, 1 | 2 | 4 | 8) && M <= N);
        // Values that were multiplied once are prepared already, and so are their sums: on a CPU
        // that looks products up, preparing costs as much as a product.
        //
        // SAFETY: the levels below the last have M - 1 twiddles, or M - 2 in a block as wide as the
        // coset, of which the last level uses two more; else there are N / M after them.
        unsafe {
            if M == 8 {
                // Of each half: the two sums, prepared, and the two values that were raised.
                let mut sum = [[simd.split(x[0]); 2]; 2];
                let mut raised = [[x[0]; 2]; 2];
                for half in 0..2 {
                    let [mut a, mut b] = [x[4 * half], x[4 * half + 1]];
                    let even = butterfly(simd, &mut a, &mut b, c.add(2 * half));
                    let [mut d, mut e] = [x[4 * half + 2], x[4 * half + 3]];
                    let odd = butterfly(simd, &mut d, &mut e, c.add(2 * half + 1));
                    let w = c.add(4 + half);
                    sum[half][0] = simd.add(even, odd);
                    raise(simd, &mut d, w, sum[half][0]);
                    sum[half][1] = butterfly(simd, &mut b, &mut e, w);
                    raised[half] = [d, e];
                }
                for i in 0..2 {
                    let low = simd.add(sum[0][i], sum[1][i]);
                    add_last(simd, sums, i, c.add(6), low, sum[1][i]);
                }
                for i in 0..2 {
                    let low = simd.split(simd.xor(raised[0][i], raised[1][i]));
                    add_last(simd, sums, 2 + i, c.add(6), low, simd.split(raised[1][i]));
                }
            } else if M == 4 {
                let [mut a, mut b] = [x[0], x[1]];
                let even = butterfly(simd, &mut a, &mut b, c);
                let [mut d, mut e] = [x[2], x[3 % M]];
                let odd = butterfly(simd, &mut d, &mut e, c.add(1));
                let sum = simd.add(even, odd);
                if N == 4 {
                    add_last(simd, sums, 0, c.add(2), sum, odd);
                    let low = simd.split(simd.xor(b, e));
                    add_last(simd, sums, 1, c.add(2), low, simd.split(e));
                } else {
                    raise(simd, &mut d, c.add(2), sum);
                    let second = butterfly(simd, &mut b, &mut e, c.add(2));
                    let copies = c.add(3);
                    add_copies::<S, N, M>(simd, sums, 0, copies, sum);
                    add_copies::<S, N, M>(simd, sums, 1, copies, second);
                    add_copies::<S, N, M>(simd, sums, 2, copies, simd.split(d));
                    add_copies::<S, N, M>(simd, sums, 3, copies, simd.split(e));
                }
            } else if M == 2 {
                let [mut a, mut b] = [x[0], x[1 % M]];
                if N == 2 {
                    add_last(simd, sums, 0, c, simd.split(simd.xor(a, b)), simd.split(b));
                } else {
                    let sum = butterfly(simd, &mut a, &mut b, c);
                    add_copies::<S, N, M>(simd, sums, 0, c.add(1), sum);
                    add_copies::<S, N, M>(simd, sums, 1, c.add(1), simd.split(b));
                }
            } else {
                add_copies::<S, N, M>(simd, sums, 0, c, simd.split(x[0]));
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
