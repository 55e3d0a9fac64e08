//! What the kernels do with their rows: `Dot`, `Verify` and `Update`.
#![allow(unsafe_code)]
// As in `kernel`: rows that are indexed by constant ranges become registers.
#![allow(clippy::needless_range_loop)]

use super::access::Access;
use super::simd::Simd;

/// Where the kernels differ: how rows begin, what is multiplied, and where rows end.
///
/// The pointers that a verb holds obey the promises of its [`Job`](super::kernel::Job).
pub(super) trait Verb: Copy {
    /// The same verb for the rows from `first` on.
    fn skip_rows(self, first: usize) -> Self;

    /// Bytes to the place where streaming can start, or `None` if there is none.
    ///
    /// # Safety
    /// There are `rows` outputs.
    unsafe fn misalignment<S: Simd>(self, rows: usize) -> Option<usize>;

    /// # Safety
    /// `access` at `at` is within each output; `acc` has as many rows as there are outputs.
    unsafe fn begin<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &mut [[S::A; U]; R],
    );

    /// # Safety
    /// `access` at `at` is within `source`.
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access, const U: usize>(
        self,
        simd: S,
        access: A,
        source: *const u8,
        at: usize,
    ) -> [S::X; U] {
        let mut x = [simd.split(simd.zero()); U];
        for u in 0..U {
            // SAFETY: the caller's contract.
            x[u] = simd.split(unsafe { access.load(simd, source.add(at + u * S::BYTES)) });
        }
        x
    }

    /// # Safety
    /// As for `begin`.
    unsafe fn end<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &[[S::A; U]; R],
        residue: &mut S::V,
    );
}

/// # Safety
/// `outputs` has R pointers, and `access` at `at` is within each output.
#[inline(always)]
unsafe fn load_rows<S: Simd, A: Access, const R: usize, const U: usize>(
    simd: S,
    access: A,
    outputs: *const *const u8,
    at: usize,
    acc: &mut [[S::A; U]; R],
) {
    for r in 0..R {
        for u in 0..U {
            // SAFETY: the caller's contract.
            let v = unsafe { access.load(simd, (*outputs.add(r)).add(at + u * S::BYTES)) };
            acc[r][u] = simd.open(v);
        }
    }
}

/// # Safety
/// `outputs` has R pointers, and `access` at `at` is within each output.
#[inline(always)]
unsafe fn store_rows<S: Simd, A: Access, const R: usize, const U: usize>(
    simd: S,
    access: A,
    outputs: *const *mut u8,
    at: usize,
    acc: &[[S::A; U]; R],
) {
    for r in 0..R {
        for u in 0..U {
            let v = simd.close(&acc[r][u]);
            // SAFETY: the caller's contract.
            unsafe { access.store(simd, (*outputs.add(r)).add(at + u * S::BYTES), v) };
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Dot {
    pub(super) outputs: *const *mut u8,
}

impl Verb for Dot {
    #[inline(always)]
    fn skip_rows(self, first: usize) -> Self {
        Dot { outputs: self.outputs.wrapping_add(first) }
    }
    unsafe fn misalignment<S: Simd>(self, rows: usize) -> Option<usize> {
        let mut common = None;
        for r in 0..rows {
            // SAFETY: the caller's contract.
            let over = unsafe { *self.outputs.add(r) }.addr() % S::BYTES;
            if *common.get_or_insert(over) != over {
                return None;
            }
        }
        common.map(|over| (S::BYTES - over) % S::BYTES)
    }
    #[inline(always)]
    unsafe fn begin<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        _: S,
        _: A,
        _: usize,
        _: &mut [[S::A; U]; R],
    ) {
    }
    #[inline(always)]
    unsafe fn end<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &[[S::A; U]; R],
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract is the same.
        unsafe { store_rows(simd, access, self.outputs, at, acc) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Verify {
    pub(super) outputs: *const *const u8,
}

impl Verb for Verify {
    #[inline(always)]
    fn skip_rows(self, first: usize) -> Self {
        Verify { outputs: self.outputs.wrapping_add(first) }
    }
    unsafe fn misalignment<S: Simd>(self, _: usize) -> Option<usize> {
        // Nothing is stored, so prefetching can start anywhere.
        Some(0)
    }
    #[inline(always)]
    unsafe fn begin<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &mut [[S::A; U]; R],
    ) {
        // SAFETY: the caller's contract is the same.
        unsafe { load_rows(simd, access, self.outputs, at, acc) }
    }
    #[inline(always)]
    unsafe fn end<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        _: A,
        _: usize,
        acc: &[[S::A; U]; R],
        residue: &mut S::V,
    ) {
        for r in 0..R {
            for u in 0..U {
                *residue = simd.or(*residue, simd.close(&acc[r][u]));
            }
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Update {
    pub(super) outputs: *const *mut u8,
    /// The only source is the old bytes; these are added to them.
    pub(super) new: *const u8,
}

impl Verb for Update {
    #[inline(always)]
    fn skip_rows(self, first: usize) -> Self {
        Update { outputs: self.outputs.wrapping_add(first), ..self }
    }
    unsafe fn misalignment<S: Simd>(self, _: usize) -> Option<usize> {
        // The outputs are read first, so they are in the cache anyway.
        None
    }
    #[inline(always)]
    unsafe fn begin<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &mut [[S::A; U]; R],
    ) {
        // SAFETY: the caller's contract is the same.
        unsafe { load_rows(simd, access, self.outputs.cast(), at, acc) }
    }
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access, const U: usize>(
        self,
        simd: S,
        access: A,
        source: *const u8,
        at: usize,
    ) -> [S::X; U] {
        let mut x = [simd.split(simd.zero()); U];
        for u in 0..U {
            let at = at + u * S::BYTES;
            // SAFETY: the caller's contract; `new` is as long as `old`, the source.
            let (old, new) =
                unsafe { (access.load(simd, source.add(at)), access.load(simd, self.new.add(at))) };
            x[u] = simd.split(simd.xor(old, new));
        }
        x
    }
    #[inline(always)]
    unsafe fn end<S: Simd, A: Access, const R: usize, const U: usize>(
        self,
        simd: S,
        access: A,
        at: usize,
        acc: &[[S::A; U]; R],
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract is the same.
        unsafe { store_rows(simd, access, self.outputs, at, acc) }
    }
}
