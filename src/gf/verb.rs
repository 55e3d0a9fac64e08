//! What the kernels do with what they compute: `Dot`, `Verify` and `Update`.
#![allow(unsafe_code)]

use super::access::Access;
use super::simd::Simd;

/// Where the kernels differ: what is multiplied, and where a computed register goes.
///
/// The pointers that a verb holds obey the promises of its [`Job`](super::kernel::Job).
pub(super) trait Verb: Copy {
    /// The table of outputs. `Verify` never writes to them.
    fn outputs(self) -> *const *mut u8;
    /// The same verb for other outputs.
    fn with_outputs(self, outputs: *const *mut u8) -> Self;

    /// Bytes to the place where streaming can start, or `None` if there is none.
    ///
    /// # Safety
    /// There are `rows` outputs.
    unsafe fn misalignment<S: Simd>(self, rows: usize) -> Option<usize>;

    /// A register of a source.
    ///
    /// # Safety
    /// `access` at `at` is within `source`.
    #[inline(always)]
    unsafe fn load<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        source: *const u8,
        at: usize,
    ) -> S::V {
        // SAFETY: the caller's contract.
        unsafe { access.load(simd, source.add(at)) }
    }

    /// Takes a computed register of `output`. What is wrong about it is added to `residue`.
    ///
    /// # Safety
    /// `access` at `at` is within `output`.
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        output: *mut u8,
        at: usize,
        v: S::V,
        residue: &mut S::V,
    );
}

#[derive(Clone, Copy)]
pub(super) struct Dot {
    pub(super) outputs: *const *mut u8,
}

impl Verb for Dot {
    #[inline(always)]
    fn outputs(self) -> *const *mut u8 {
        self.outputs
    }
    #[inline(always)]
    fn with_outputs(self, outputs: *const *mut u8) -> Self {
        Dot { outputs }
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
        output: *mut u8,
        at: usize,
        v: S::V,
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract.
        unsafe { access.store(simd, output.add(at), v) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Verify {
    pub(super) outputs: *const *const u8,
}

impl Verb for Verify {
    #[inline(always)]
    fn outputs(self) -> *const *mut u8 {
        self.outputs.cast()
    }
    #[inline(always)]
    fn with_outputs(self, outputs: *const *mut u8) -> Self {
        Verify { outputs: outputs.cast() }
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
        output: *mut u8,
        at: usize,
        v: S::V,
        residue: &mut S::V,
    ) {
        // SAFETY: the caller's contract; the output is only read.
        let stored = unsafe { access.load(simd, output.cast_const().add(at)) };
        *residue = simd.or(*residue, simd.xor(v, stored));
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
    fn outputs(self) -> *const *mut u8 {
        self.outputs
    }
    #[inline(always)]
    fn with_outputs(self, outputs: *const *mut u8) -> Self {
        Update { outputs, ..self }
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
        source: *const u8,
        at: usize,
    ) -> S::V {
        // SAFETY: the caller's contract; `new` is as long as `old`, the source.
        let (old, new) =
            unsafe { (access.load(simd, source.add(at)), access.load(simd, self.new.add(at))) };
        // What was done before must not be added again.
        access.fresh(simd, simd.xor(old, new))
    }
    #[inline(always)]
    unsafe fn put<S: Simd, A: Access>(
        self,
        simd: S,
        access: A,
        output: *mut u8,
        at: usize,
        v: S::V,
        _: &mut S::V,
    ) {
        // SAFETY: the caller's contract.
        unsafe {
            let stored = access.load(simd, output.cast_const().add(at));
            access.store(simd, output.add(at), simd.xor(v, stored));
        }
    }
}
