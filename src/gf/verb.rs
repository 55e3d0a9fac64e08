//! What the kernels do with what they compute: `Dot`, `Verify`, `Update` and `Tee`.
#![allow(unsafe_code)]

use super::access::Access;
use super::simd::Simd;

/// Where the kernels differ: what is multiplied, and where a computed register goes.
///
/// The pointers that a verb holds obey the promises of its [`Job`](super::kernel::Job).
pub(super) trait Verb: Copy {
    /// Pointers of each source, next to each other in the table of sources.
    const POINTERS: usize = 1;
    /// The same byte may be done twice.
    #[cfg(feature = "alloc")]
    const REPEATS: bool = true;

    /// The same verb for the rows from `first` on.
    fn skip(self, first: usize) -> Self;
    /// The same verb for these rows, in this order, whose pointers are kept in `picked`. Rows that
    /// are [`ABSENT`] have none, see [`output`](Self::output).
    ///
    /// # Safety
    /// There are outputs for all other `rows`, of which there are at most [`MAX_PICKED`]. The verb is
    /// used only while `picked` stays as it is.
    #[cfg(feature = "alloc")]
    unsafe fn pick(self, rows: &[u8], picked: &mut Picked) -> Self;
    /// The output of row `r`: null if it is absent, and never written if the verb only compares.
    ///
    /// # Safety
    /// There is a row `r`.
    unsafe fn output(self, r: usize) -> *mut u8;

    /// Bytes to the place where streaming can start, or `None` if there is none.
    ///
    /// # Safety
    /// There are `rows` outputs.
    unsafe fn misalignment<S: Simd>(self, rows: usize) -> Option<usize>;

    /// A register of a source.
    ///
    /// # Safety
    /// At `source` are the pointers of one; `access` at `at` is within what they point to.
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        source: *const *const u8,
        at: usize,
    ) -> S::V {
        // SAFETY: the caller's contract.
        unsafe { access.load(simd, (*source).add(at)) }
    }

    /// Takes a computed register of row `r`. What is wrong about it is added to `residue`.
    ///
    /// # Safety
    /// There is a row `r`, it is not absent, and `access` at `at` is within its output.
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        r: usize,
        at: usize,
        v: S::V,
        residue: &mut S::V,
    );
}

/// In a list of rows: one that the kernel computes, and nobody wants.
#[cfg(feature = "alloc")]
pub(crate) const ABSENT: u8 = u8::MAX;
/// Most rows that can be picked.
#[cfg(feature = "alloc")]
pub(super) const MAX_PICKED: usize = 16;

/// Room for the pointers of picked rows.
#[cfg(feature = "alloc")]
pub(super) struct Picked([*mut u8; MAX_PICKED], [*mut u8; MAX_PICKED]);

#[cfg(feature = "alloc")]
impl Picked {
    pub(super) fn new() -> Picked {
        Picked([core::ptr::null_mut(); MAX_PICKED], [core::ptr::null_mut(); MAX_PICKED])
    }

    /// # Safety
    /// `outputs` has an entry for each of `rows` that is not absent.
    unsafe fn fill(&mut self, outputs: *const *mut u8, rows: &[u8]) -> *const *mut u8 {
        // SAFETY: the caller's contract is the same.
        unsafe { fill(&mut self.0, outputs, rows) }
    }
}

/// # Safety
/// As for [`Picked::fill`].
#[cfg(feature = "alloc")]
unsafe fn fill(
    slots: &mut [*mut u8; MAX_PICKED],
    outputs: *const *mut u8,
    rows: &[u8],
) -> *const *mut u8 {
    for (slot, row) in slots.iter_mut().zip(rows) {
        *slot = match *row {
            ABSENT => core::ptr::null_mut(),
            // SAFETY: the caller's contract.
            row => unsafe { *outputs.add(usize::from(row)) },
        };
    }
    slots.as_ptr()
}

#[derive(Clone, Copy)]
pub(super) struct Dot {
    pub(super) outputs: *const *mut u8,
}

impl Verb for Dot {
    #[inline(always)]
    fn skip(self, first: usize) -> Self {
        Dot { outputs: self.outputs.wrapping_add(first) }
    }
    #[cfg(feature = "alloc")]
    unsafe fn pick(self, rows: &[u8], picked: &mut Picked) -> Self {
        // SAFETY: the caller's contract is the same.
        Dot { outputs: unsafe { picked.fill(self.outputs, rows) } }
    }
    #[inline(always)]
    unsafe fn output(self, r: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { *self.outputs.add(r) }
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
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        r: usize,
        at: usize,
        v: S::V,
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract.
        unsafe { access.store(simd, self.output(r).add(at), v) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Verify {
    pub(super) outputs: *const *const u8,
}

impl Verb for Verify {
    #[inline(always)]
    fn skip(self, first: usize) -> Self {
        Verify { outputs: self.outputs.wrapping_add(first) }
    }
    #[cfg(feature = "alloc")]
    unsafe fn pick(self, rows: &[u8], picked: &mut Picked) -> Self {
        // SAFETY: the caller's contract is the same.
        Verify { outputs: unsafe { picked.fill(self.outputs.cast(), rows) }.cast() }
    }
    #[inline(always)]
    unsafe fn output(self, r: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { (*self.outputs.add(r)).cast_mut() }
    }
    unsafe fn misalignment<S: Simd>(self, _: usize) -> Option<usize> {
        // Nothing is stored, so prefetching can start anywhere.
        Some(0)
    }
    #[inline(always)]
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        r: usize,
        at: usize,
        v: S::V,
        residue: &mut S::V,
    ) {
        // SAFETY: the caller's contract; the output is only read.
        let stored = unsafe { access.load(simd, self.output(r).add(at)) };
        *residue = simd.or(*residue, simd.xor(v, stored));
    }
}

/// Adds to the outputs what changes of the sources demand. A source is old bytes and new ones.
#[derive(Clone, Copy)]
pub(super) struct Update {
    pub(super) outputs: *const *mut u8,
}

impl Verb for Update {
    const POINTERS: usize = 2;
    #[cfg(feature = "alloc")]
    const REPEATS: bool = false;

    #[inline(always)]
    fn skip(self, first: usize) -> Self {
        Update { outputs: self.outputs.wrapping_add(first) }
    }
    #[cfg(feature = "alloc")]
    unsafe fn pick(self, rows: &[u8], picked: &mut Picked) -> Self {
        // SAFETY: the caller's contract is the same.
        Update { outputs: unsafe { picked.fill(self.outputs, rows) } }
    }
    #[inline(always)]
    unsafe fn output(self, r: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { *self.outputs.add(r) }
    }
    unsafe fn misalignment<S: Simd>(self, _: usize) -> Option<usize> {
        // The outputs are read first, so they are in the cache anyway.
        None
    }
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        source: *const *const u8,
        at: usize,
    ) -> S::V {
        // SAFETY: the caller's contract: there are POINTERS of them.
        let (old, new) = unsafe {
            let (old, new) = (*source, *source.add(1));
            (access.load(simd, old.add(at)), access.load(simd, new.add(at)))
        };
        // What was done before must not be added again.
        access.fresh(simd, simd.xor(old, new))
    }
    #[inline(always)]
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        r: usize,
        at: usize,
        v: S::V,
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract.
        unsafe {
            let place = self.output(r).add(at);
            let stored = access.load(simd, place);
            access.store(simd, place, simd.xor(v, stored));
        }
    }
}

/// `Dot`, and the same registers streamed to memory: for outputs of which a copy stays in the cache,
/// to be read at once.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy)]
pub(super) struct Tee {
    /// What stays in the cache.
    pub(super) outputs: *const *mut u8,
    /// Where the same goes, null for none. Aligned to `BYTES`, as are all `at`.
    pub(super) streamed: *const *mut u8,
}

#[cfg(feature = "alloc")]
impl Verb for Tee {
    #[inline(always)]
    fn skip(self, first: usize) -> Self {
        Tee {
            outputs: self.outputs.wrapping_add(first),
            streamed: self.streamed.wrapping_add(first),
        }
    }
    unsafe fn pick(self, rows: &[u8], picked: &mut Picked) -> Self {
        // SAFETY: the caller's contract is the same; both tables have as many entries.
        unsafe {
            Tee {
                outputs: fill(&mut picked.0, self.outputs, rows),
                streamed: fill(&mut picked.1, self.streamed, rows),
            }
        }
    }
    #[inline(always)]
    unsafe fn output(self, r: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { *self.outputs.add(r) }
    }
    unsafe fn misalignment<S: Simd>(self, _: usize) -> Option<usize> {
        None
    }
    #[inline(always)]
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        r: usize,
        at: usize,
        v: S::V,
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract; whoever made the verb saw to the alignment, and fences.
        unsafe {
            access.store(simd, self.output(r).add(at), v);
            let streamed = *self.streamed.add(r);
            if !streamed.is_null() {
                simd.stream(streamed.add(at), v);
            }
        }
    }
}
