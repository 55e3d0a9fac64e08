//! The kernel of the shapes: one group of rows over one tile.
//!
//! ```text
//! for each piece of U registers:
//!     for each block of columns, loaded once:  add it to the shape's sums, and to the rows beside
//!     turn the sums into rows, and hand each row to the verb
//! ```
#![allow(unsafe_code)]
// As in `kernel`: what is indexed by constant ranges becomes registers.
#![allow(clippy::needless_range_loop)]

use core::marker::PhantomData;

use super::access::{Access, Ahead, Cached, Main, in_parts};
use super::coef::Coef;
use super::group::Group;
use super::shape::{Fft, Fold, Shape, Tri};
use super::simd::{Kernel, Simd};
use super::verb::Verb;

/// The most bytes of a shard that a shape works on at a time.
pub(super) const LONGEST_STEP: usize = 256;

/// One group over one tile.
///
/// Holds the promises of its [`Job`](super::kernel::Job) for `start..end`; `end` is at least four
/// registers, and what lies before `start` is done, or done twice without harm. The verb has an
/// output for each row of the group, null where it is absent. `Group::new` counted columns and
/// coefficients.
pub(super) struct Pass<'a, V, W> {
    pub(super) verb: V,
    pub(super) group: &'a Group,
    pub(super) sources: &'a [*const u8],
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) way: PhantomData<W>,
}

/// A pass with its constants: a shape of N rows and D more, U registers of each at a time.
struct Fixed<'a, V, W, T, const N: usize, const D: usize, const U: usize> {
    pass: Pass<'a, V, W>,
    shape: PhantomData<T>,
}

impl<'a, V: Verb, W: Main> Pass<'a, V, W> {
    /// U registers of each row at a time, as shape and registers allow.
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S) -> bool {
        match (self.group.shape(), self.group.extra()) {
            (Shape::Pair, 0) => self.fixed::<S, Fft, 2, 0, 4, 4, 4, 2>(simd),
            (Shape::Pair, _) => self.fixed::<S, Fft, 2, 1, 4, 2, 2, 1>(simd),
            (Shape::Tri, 0) => self.fixed::<S, Tri, 3, 0, 4, 2, 2, 1>(simd),
            (Shape::Tri, _) => self.fixed::<S, Tri, 3, 1, 2, 1, 1, 1>(simd),
            (Shape::Fft4, 0) => self.fixed::<S, Fft, 4, 0, 4, 2, 2, 1>(simd),
            (Shape::Fft4, _) => self.fixed::<S, Fft, 4, 1, 2, 1, 1, 1>(simd),
            (_, 0) => self.fixed::<S, Fft, 8, 0, 1, 1, 1, 1>(simd),
            _ => self.fixed::<S, Fft, 8, 1, 1, 1, 1, 1>(simd),
        }
    }

    /// The last four are U, as much as registers allow without spilling: for 32 registers and a
    /// source in one of them, or in two; and likewise for 16.
    #[inline(always)]
    fn fixed<
        S: Simd,
        T: Fold<N>,
        const N: usize,
        const D: usize,
        const WIDE: usize,
        const WIDE_TWO: usize,
        const NARROW: usize,
        const NARROW_TWO: usize,
    >(
        self,
        simd: S,
    ) -> bool {
        let shape = PhantomData::<T>;
        match (S::WIDE_FILE, S::PAIRS) {
            (true, true) => simd.run(Fixed::<V, W, T, N, D, WIDE> { pass: self, shape }),
            (true, false) => simd.run(Fixed::<V, W, T, N, D, WIDE_TWO> { pass: self, shape }),
            (false, true) => simd.run(Fixed::<V, W, T, N, D, NARROW> { pass: self, shape }),
            (false, false) => simd.run(Fixed::<V, W, T, N, D, NARROW_TWO> { pass: self, shape }),
        }
    }
}

impl<V: Verb, W: Main, T: Fold<N>, const N: usize, const D: usize, const U: usize> Kernel
    for Fixed<'_, V, W, T, N, D, U>
{
    type Out = bool;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        const { assert!(U * S::BYTES <= LONGEST_STEP) };
        let pass = &self.pass;
        let step = U * S::BYTES;
        let mut residue = simd.zero();
        let mut at = pass.start;
        // SAFETY: `at + step` is at most `end`, which is within the `len` bytes that the job's
        // caller vouches for. Where stores are streamed, `start` is where all outputs are aligned, and
        // steps keep it so. The last step begins where it just fits: what it does twice it does alike.
        unsafe {
            if W::STREAMS && in_parts::<S>(N + D, U) {
                while at < pass.end {
                    self.step::<S, Ahead>(simd, Ahead, at.min(pass.end - step), &mut residue);
                    at += step;
                }
            } else if W::STREAMS {
                while pass.end - at >= step {
                    self.step::<S, W>(simd, W::WAY, at, &mut residue);
                    at += step;
                }
                simd.fence();
                if at < pass.end {
                    self.step::<S, Cached>(simd, Cached, pass.end - step, &mut residue);
                }
            } else {
                while at < pass.end {
                    self.step::<S, W>(simd, W::WAY, at.min(pass.end - step), &mut residue);
                    at += step;
                }
            }
        }
        simd.is_zero(residue)
    }
}

/// The sums of one step, and where it has got to.
struct Sums<S: Simd, const N: usize, const D: usize, const U: usize> {
    shape: [[S::A; N]; U],
    extra: [[S::A; D]; U],
    source: *const *const u8,
    coefs: *const Coef,
}

impl<V: Verb, W: Main, T: Fold<N>, const N: usize, const D: usize, const U: usize>
    Fixed<'_, V, W, T, N, D, U>
{
    /// U registers of each row, at byte `at`.
    ///
    /// # Safety
    ///
    /// What `access` moves at `at` ends no later than `end`, for U registers.
    #[inline(always)]
    unsafe fn step<S: Simd, A: Access>(&self, simd: S, access: A, at: usize, residue: &mut S::V) {
        let group = self.pass.group;
        let finals = group.coefs().as_ptr();
        let empty = simd.open(simd.zero());
        let mut sums = Sums::<S, N, D, U> {
            shape: [[empty; N]; U],
            extra: [[empty; D]; U],
            source: self.pass.sources.as_ptr(),
            coefs: finals.wrapping_add(T::SHAPE.final_coefs()),
        };
        // SAFETY: `Group::new` counted: there are as many sources, and coefficients after the
        // final ones, as the blocks consume in this order.
        unsafe {
            // Two at a time where additions take two products; the larger ones only where that leaves
            // no register spilled.
            let many = S::PAIRS && S::WIDE_FILE;
            let [eights, fours, twos, ones] = group.blocks();
            if T::SHAPE.widest() == 8 {
                self.blocks::<S, A, 8>(simd, access, at, eights, many && D == 0, &mut sums);
            }
            if T::SHAPE.widest() >= 4 {
                let fit = many && U <= 2 && N + D <= 8;
                self.blocks::<S, A, 4>(simd, access, at, fours, fit, &mut sums);
            }
            self.blocks::<S, A, 2>(simd, access, at, twos, S::PAIRS, &mut sums);
            self.blocks::<S, A, 1>(simd, access, at, ones, S::PAIRS, &mut sums);
            for u in 0..U {
                let at = at + u * S::BYTES;
                let rows = T::finish(simd, &sums.shape[u], finals);
                for r in 0..N {
                    if !self.pass.verb.output(r).is_null() {
                        self.pass.verb.put(simd, access, r, at, rows[r], residue);
                    }
                }
                for r in 0..D {
                    let row = simd.close(&sums.extra[u][r]);
                    self.pass.verb.put(simd, access, N + r, at, row, residue);
                }
            }
        }
    }

    /// Adds `count` blocks of M columns, two at a time or one.
    ///
    /// # Safety
    ///
    /// As for `block`, for each of them.
    #[inline(always)]
    unsafe fn blocks<S: Simd, A: Access, const M: usize>(
        &self,
        simd: S,
        access: A,
        at: usize,
        count: usize,
        twice: bool,
        sums: &mut Sums<S, N, D, U>,
    ) {
        let mut left = count;
        // SAFETY: the caller's contract.
        unsafe {
            while twice && left >= 2 {
                self.block::<S, A, M>(simd, access, at, sums);
                self.block::<S, A, M>(simd, access, at, sums);
                left -= 2;
            }
            while left > 0 {
                self.block::<S, A, M>(simd, access, at, sums);
                left -= 1;
            }
        }
    }

    /// Adds a block of M columns.
    ///
    /// # Safety
    ///
    /// As for `step`; M sources and the coefficients of a block are left.
    #[inline(always)]
    unsafe fn block<S: Simd, A: Access, const M: usize>(
        &self,
        simd: S,
        access: A,
        at: usize,
        sums: &mut Sums<S, N, D, U>,
    ) {
        let extra = sums.coefs.wrapping_add(T::SHAPE.block_coefs(M));
        for u in 0..U {
            let mut x = [simd.zero(); M];
            // SAFETY: the caller's contract; of the block's coefficients the shape's are first,
            // then D for each column.
            unsafe {
                for i in 0..M {
                    let source = sums.source.add(i * V::POINTERS);
                    x[i] = self.pass.verb.load(simd, access, source, at + u * S::BYTES);
                }
                for i in 0..M {
                    for r in 0..D {
                        let c = simd.prepare(&*extra.add(i * D + r));
                        simd.mul_add(&mut sums.extra[u][r], c, simd.split(x[i]));
                    }
                }
                T::block::<S, M>(simd, x, sums.coefs, &mut sums.shape[u]);
            }
        }
        sums.source = sums.source.wrapping_add(M * V::POINTERS);
        sums.coefs = extra.wrapping_add(M * D);
    }
}
