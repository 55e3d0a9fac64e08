//! The direct kernels, each written once for all instruction sets: `dot`, `verify` and `update`.
//!
//! All three add products of sources to rows held in registers:
//!
//! ```text
//! for each piece of U registers:
//!     row[r] = 0
//!     for each source j, loaded once:  row[r] += coef[j][r] * source[j]   for all r
//!     store row[r] (dot), add it to what is stored (update), or collect the bits in which it
//!     differs from what is stored: none if the output was right (verify)
//! ```
//!
//! The number of rows R and the unrolling U are constants, so that rows are registers. Only as many
//! rows as the registers hold go in one pass; more are done in groups, over tiles so short that
//! the second group finds the sources in L1.
#![allow(unsafe_code)]
// Iterators over rows survive until after the compiler has decided what is a register: rows that
// are indexed by constant ranges become registers, iterated ones live on the stack.
#![allow(clippy::needless_range_loop)]

use core::marker::PhantomData;

use super::Backend;
use super::access::{Access, Again, Ahead, Cached, Main, Part, Streamed, in_parts};
use super::coef::Coef;
use super::simd::{Kernel, Simd};
use super::verb::{Dot, Update, Verb, Verify};

/// What the sources of one tile may fill of L1, when rows are done in groups.
const TILE_BYTES: usize = 32 << 10;

/// `outputs[r] = sum over j of coefs[j * outputs.len() + r] * sources[j]`, for `len` bytes.
///
/// If the call touches `stream` bytes or more, stores go round the caches and loads are prefetched.
///
/// # Safety
///
/// * `coefs.len() == sources.len() * outputs.len()`.
/// * Each source is readable and each output writable for `len` bytes, at any alignment.
/// * No output overlaps another output or a source.
pub(crate) unsafe fn dot(
    backend: Backend,
    coefs: &[Coef],
    sources: &[*const u8],
    outputs: &[*mut u8],
    len: usize,
    stream: usize,
) {
    let verb = Dot { outputs: outputs.as_ptr() };
    // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
    let job = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
    backend.dispatch(job.stream_from(stream));
}

/// True if each `outputs[r]` holds what [`dot`] would write.
///
/// # Safety
///
/// * `coefs.len() == sources.len() * outputs.len()`.
/// * Sources and outputs are readable for `len` bytes, at any alignment.
pub(crate) unsafe fn verify(
    backend: Backend,
    coefs: &[Coef],
    sources: &[*const u8],
    outputs: &[*const u8],
    len: usize,
    stream: usize,
) -> bool {
    let verb = Verify { outputs: outputs.as_ptr() };
    // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
    let job = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
    backend.dispatch(job.stream_from(stream))
}

/// `outputs[r] += sum over j of coefs[j * outputs.len() + r] * (old of j + new of j)`, for `len`
/// bytes. In `sources` the old bytes of each source are followed by its new ones.
///
/// # Safety
///
/// * `coefs.len() * 2 == sources.len() * outputs.len()`, and `sources.len()` is even.
/// * Each source is readable and each output writable for `len` bytes, at any alignment.
/// * No output overlaps another output or a source.
pub(crate) unsafe fn update(
    backend: Backend,
    coefs: &[Coef],
    sources: &[*const u8],
    outputs: &[*mut u8],
    len: usize,
) {
    let verb = Update { outputs: outputs.as_ptr() };
    // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
    backend.dispatch(unsafe { Job::new(verb, coefs, sources, outputs.len(), len) });
}

/// One call of a kernel. Whoever makes one has promised that its pointers may be used.
pub(super) struct Job<'a, V> {
    pub(super) verb: V,
    coefs: &'a [Coef],
    pub(super) sources: &'a [*const u8],
    pub(super) rows: usize,
    pub(super) len: usize,
    /// From how many bytes on stores go round the caches.
    stream: usize,
}

impl<'a, V: Verb> Job<'a, V> {
    /// # Safety
    ///
    /// Until the job is done:
    ///
    /// * the verb's table of outputs has `rows` entries, `sources` has the verb's pointers for each
    ///   source, and `coefs` has `rows` for each;
    /// * sources and outputs (and the verb's other pointers) are valid for `len` bytes, for what
    ///   the verb does with them;
    /// * no output that the verb writes overlaps another output or a source.
    pub(super) unsafe fn new(
        verb: V,
        coefs: &'a [Coef],
        sources: &'a [*const u8],
        rows: usize,
        len: usize,
    ) -> Self {
        debug_assert_eq!(coefs.len() * V::POINTERS, sources.len() * rows);
        Job { verb, coefs, sources, rows, len, stream: usize::MAX }
    }

    /// Stores go round the caches if the job touches so many bytes: by then a core's own caches are
    /// long full, while below, stored lines are wanted there.
    pub(super) fn stream_from(self, bytes: usize) -> Self {
        Job { stream: bytes, ..self }
    }

    /// True if stores are to go round the caches.
    pub(super) fn streams(&self) -> bool {
        (self.sources.len() + self.rows).saturating_mul(self.len) >= self.stream
    }
}

impl<V: Verb> Kernel for Job<'_, V> {
    /// True if nothing was found wrong.
    type Out = bool;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        if self.streams() {
            // Streamed stores must be aligned: do what comes before as a piece of its own. Where no
            // piece aligns all outputs, ordinary stores have to do.
            // SAFETY: whoever made the job promised `rows` outputs.
            if let Some(head) = unsafe { self.verb.misalignment::<S>(self.rows) } {
                // SAFETY: up to the job's end, from where all outputs are aligned (or from the end,
                // if that comes first: then there is nothing to do).
                return self.head::<S>(simd, head)
                    & unsafe { self.tiles::<S, Streamed>(simd, head.min(self.len), self.len) };
            }
        }
        // SAFETY: the job's bytes; nothing is streamed.
        unsafe { self.tiles::<S, Cached>(simd, 0, self.len) }
    }
}

/// Bytes of each shard in a tile, when several groups of rows go over `sources`: whole cache lines,
/// so that streamed stores stay aligned.
pub(super) fn tile_bytes(sources: usize) -> usize {
    (TILE_BYTES / sources.max(1)).clamp(512, 4096) & !255
}

impl<V: Verb> Job<'_, V> {
    /// The `len` bytes before the first aligned ones, and as many of these as fill a register.
    ///
    /// For verbs that may do the same byte twice, as those that stream may.
    pub(super) fn head<S: Simd>(&self, simd: S, len: usize) -> bool {
        // SAFETY: no further than the job's bytes; nothing is streamed.
        len == 0 || unsafe { self.tiles::<S, Cached>(simd, 0, S::BYTES.min(self.len)) }
    }

    /// Works on bytes `from..to`, with as few groups of rows as the registers allow.
    ///
    /// # Safety
    ///
    /// `to` is at most the job's length. If W streams, all outputs are aligned at `from`.
    pub(super) unsafe fn tiles<S: Simd, W: Main>(&self, simd: S, from: usize, to: usize) -> bool {
        let groups = self.rows.div_ceil(S::ROWS).max(1);
        let rows = self.rows.div_ceil(groups).max(1);
        let tile = match groups {
            1 => usize::MAX,
            _ => tile_bytes(self.sources.len()),
        };
        let mut good = true;
        let mut start = from;
        while start < to {
            // The last tile is longer, so that it is not shorter than a register.
            let left = to - start;
            let end = if left / 2 < tile { to } else { start + tile };
            let mut first = 0;
            while first < self.rows {
                let count = rows.min(self.rows - first);
                let pass = Pass::<V, W> {
                    verb: self.verb.skip(first),
                    coefs: self.coefs.as_ptr().wrapping_add(first),
                    stride: self.rows,
                    sources: self.sources,
                    start,
                    end,
                    way: PhantomData,
                };
                good &= pass.rows(simd, count);
                first += count;
            }
            start = end;
        }
        good
    }
}

/// One group of rows over one tile. Holds the promises of its [`Job`], for `start..end`.
struct Pass<'a, V, W> {
    verb: V,
    /// Of the group's first row; a source's are `stride` after those of the source before.
    coefs: *const Coef,
    stride: usize,
    sources: &'a [*const u8],
    start: usize,
    end: usize,
    way: PhantomData<W>,
}

/// A pass with its constants: R rows, U registers of each at a time.
struct Fixed<P, const R: usize, const U: usize>(P);

impl<V: Verb, W: Main> Pass<'_, V, W> {
    /// Less than a register of each row: one after the other, by way of buffers.
    fn short<S: Simd>(self, simd: S, rows: usize) -> bool {
        let mut good = true;
        for r in 0..rows {
            good &= simd.run(Short(Pass::<V, W> {
                verb: self.verb.skip(r),
                coefs: self.coefs.wrapping_add(r),
                ..self
            }));
        }
        good
    }

    /// Turns the number of rows into constants. U fills the registers; of half
    /// as much benches/record tells.
    fn rows<S: Simd>(self, simd: S, rows: usize) -> bool {
        if self.end - self.start < S::BYTES {
            return self.short(simd, rows);
        }
        const { assert!(if S::WIDE_FILE { S::ROWS <= 8 } else { S::ROWS <= 6 }) };
        if S::WIDE_FILE && S::BYTES == 16 {
            match rows {
                1 => simd.run(Fixed::<_, 1, 8>(self)),
                2 => simd.run(Fixed::<_, 2, 7>(self)),
                3 => simd.run(Fixed::<_, 3, 4>(self)),
                4 => simd.run(Fixed::<_, 4, 3>(self)),
                5 => simd.run(Fixed::<_, 5, 3>(self)),
                6 => simd.run(Fixed::<_, 6, 2>(self)),
                7 => simd.run(Fixed::<_, 7, 2>(self)),
                _ => simd.run(Fixed::<_, 8, 2>(self)),
            }
        } else if S::WIDE_FILE {
            match rows {
                1 if S::PAIRS => simd.run(Fixed::<_, 1, 8>(self)),
                1 => simd.run(Fixed::<_, 1, 4>(self)),
                2 => simd.run(Fixed::<_, 2, 4>(self)),
                3 => simd.run(Fixed::<_, 3, 4>(self)),
                4 => simd.run(Fixed::<_, 4, 4>(self)),
                5 => simd.run(Fixed::<_, 5, 2>(self)),
                6 => simd.run(Fixed::<_, 6, 2>(self)),
                7 => simd.run(Fixed::<_, 7, 2>(self)),
                _ => simd.run(Fixed::<_, 8, 2>(self)),
            }
        } else {
            match rows {
                1 => simd.run(Fixed::<_, 1, 4>(self)),
                2 => simd.run(Fixed::<_, 2, 2>(self)),
                3 => simd.run(Fixed::<_, 3, 2>(self)),
                4 => simd.run(Fixed::<_, 4, 2>(self)),
                5 => simd.run(Fixed::<_, 5, 1>(self)),
                _ => simd.run(Fixed::<_, 6, 1>(self)),
            }
        }
    }
}

/// Less than a register of one row.
struct Short<P>(P);

impl<V: Verb, W: Main> Kernel for Short<Pass<'_, V, W>> {
    type Out = bool;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        let Pass { start, end, .. } = self.0;
        let mut residue = simd.zero();
        if start < end {
            // SAFETY: start..end is within the bytes that the job's caller vouches for; `short`
            // made this a pass of one row, for less than a register.
            unsafe {
                self.0.step::<S, Part, 1, 1>(simd, Part(end - start), start, &mut residue);
            }
        }
        simd.is_zero(residue)
    }
}

impl<V: Verb, W: Main, const R: usize, const U: usize> Kernel for Fixed<Pass<'_, V, W>, R, U> {
    type Out = bool;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        let pass = self.0;
        let mut residue = simd.zero();
        let mut at = pass.start;
        // SAFETY: `at` plus what a step moves stays within start..end, which is within the `len`
        // bytes that the job's caller vouches for, and at least a register long; `rows` chose R =
        // the rows of this group. Where stores are streamed, `tiles` starts where all outputs are aligned, and
        // steps keep it so.
        unsafe {
            while pass.end - at >= U * S::BYTES {
                if W::STREAMS && in_parts::<S>(R, U) {
                    pass.step::<S, Ahead, R, U>(simd, Ahead, at, &mut residue);
                } else {
                    pass.step::<S, W, R, U>(simd, W::WAY, at, &mut residue);
                }
                at += U * S::BYTES;
            }
            if W::STREAMS {
                // Before anything else touches what was streamed.
                simd.fence();
            }
            // The last register ends where the bytes end, and begins among those that are done.
            while at < pass.end {
                let start = at.min(pass.end - S::BYTES);
                let access = Again { done: at - start };
                pass.step::<S, Again, R, 1>(simd, access, start, &mut residue);
                at += S::BYTES;
            }
        }
        simd.is_zero(residue)
    }
}

impl<V: Verb, W: Main> Pass<'_, V, W> {
    /// U registers of each row, at byte `at`.
    ///
    /// # Safety
    ///
    /// What `access` moves at `at` lies within `start..end`; the group has R rows.
    #[inline(always)]
    unsafe fn step<S: Simd, A: Access, const R: usize, const U: usize>(
        &self,
        simd: S,
        access: A,
        at: usize,
        residue: &mut S::V,
    ) {
        let mut acc = [[simd.open(simd.zero()); U]; R];
        // SAFETY: the caller's contract is that of load and put; there are `sources` times `stride`
        // coefficients, of which the group's are R from `coefs` on in each stride.
        unsafe {
            let count = self.sources.len() / V::POINTERS;
            let source = |j: usize| self.sources.as_ptr().add(j * V::POINTERS);
            let mut coefs = self.coefs;
            let mut j = 0;
            while S::PAIRS && j + 1 < count {
                let x = self.load::<S, A, U>(simd, access, source(j), at);
                let y = self.load::<S, A, U>(simd, access, source(j + 1), at);
                for (r, row) in acc.iter_mut().enumerate() {
                    let c = simd.prepare(&*coefs.add(r));
                    let d = simd.prepare(&*coefs.add(self.stride + r));
                    for u in 0..U {
                        simd.mul_add(&mut row[u], c, x[u]);
                        simd.mul_add(&mut row[u], d, y[u]);
                    }
                }
                // After the last source this may point past the table.
                coefs = coefs.wrapping_add(2 * self.stride);
                j += 2;
            }
            while j < count {
                if R <= 2 && U > 4 {
                    // So many registers that a source is loaded piece by piece.
                    let mut c = [simd.prepare(&*coefs); R];
                    for r in 1..R {
                        c[r] = simd.prepare(&*coefs.add(r));
                    }
                    for u in 0..U {
                        let x = self.verb.load(simd, access, source(j), at + u * S::BYTES);
                        let x = simd.split(x);
                        for r in 0..R {
                            simd.mul_add(&mut acc[r][u], c[r], x);
                        }
                    }
                } else {
                    let x = self.load::<S, A, U>(simd, access, source(j), at);
                    for (r, row) in acc.iter_mut().enumerate() {
                        let c = simd.prepare(&*coefs.add(r));
                        for u in 0..U {
                            simd.mul_add(&mut row[u], c, x[u]);
                        }
                    }
                }
                coefs = coefs.wrapping_add(self.stride);
                j += 1;
            }
            for r in 0..R {
                for u in 0..U {
                    let v = simd.close(&acc[r][u]);
                    self.verb.put(simd, access, r, at + u * S::BYTES, v, residue);
                }
            }
        }
    }

    /// U registers of a source, prepared.
    ///
    /// # Safety
    ///
    /// What `access` moves at `at` lies within `start..end`.
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access, const U: usize>(
        &self,
        simd: S,
        access: A,
        source: *const *const u8,
        at: usize,
    ) -> [S::X; U] {
        let mut x = [simd.split(simd.zero()); U];
        for u in 0..U {
            // SAFETY: the caller's contract.
            x[u] = simd.split(unsafe { self.verb.load(simd, access, source, at + u * S::BYTES) });
        }
        x
    }
}
