//! How kernels move bytes: whole registers, round the caches, or the first few bytes of one.
#![allow(unsafe_code)]

use super::simd::Simd;

/// How far ahead of the loads to prefetch. The prototype ran alike from 256 to 1024.
const PREFETCH_BYTES: usize = 512;

/// A way to move what a register holds.
pub(super) trait Access: Copy {
    /// # Safety
    /// As for `Simd::load`, of the bytes that this access moves.
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V;
    /// # Safety
    /// As for `Simd::store`, of the bytes that this access moves.
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V);
    /// `v` without the bytes that were done before.
    #[inline(always)]
    fn fresh<S: Simd>(self, _: S, v: S::V) -> S::V {
        v
    }
}

/// True if streamed stores of U registers to each of so many outputs would reach memory in parts: the
/// CPU collects whole lines, but not of many outputs at a time. Then stores by way of the cache are
/// twice as fast (`benches/record`: AVX2, 8 outputs).
pub(super) const fn in_parts<S: Simd>(outputs: usize, unrolled: usize) -> bool {
    unrolled * S::BYTES < 64 && outputs > 4
}

/// A way that suits the main loop of a kernel.
pub(super) trait Main: Access {
    const WAY: Self;
    /// Stores go round the caches: they must be aligned, and fenced in the end.
    const STREAMS: bool;
}

/// Whole registers.
#[derive(Clone, Copy)]
pub(super) struct Cached;
/// Whole registers, round the caches, from memory that is prefetched.
#[derive(Clone, Copy)]
pub(super) struct Streamed;
/// Whole registers, from memory that is prefetched.
#[derive(Clone, Copy)]
pub(super) struct Ahead;
/// Whole registers, of which the first bytes have been done before.
#[derive(Clone, Copy)]
pub(super) struct Again {
    /// So many bytes, fewer than a register holds.
    pub(super) done: usize,
}
/// So many bytes, fewer than a register holds.
#[derive(Clone, Copy)]
pub(super) struct Part(pub(super) usize);

impl Main for Cached {
    const WAY: Self = Cached;
    const STREAMS: bool = false;
}

impl Main for Streamed {
    const WAY: Self = Streamed;
    const STREAMS: bool = true;
}

impl Main for Ahead {
    const WAY: Self = Ahead;
    const STREAMS: bool = false;
}

impl Access for Ahead {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V {
        simd.prefetch(p.wrapping_add(PREFETCH_BYTES));
        // SAFETY: the caller's contract is the same.
        unsafe { simd.load(p) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V) {
        // SAFETY: the caller's contract is the same.
        unsafe { simd.store(p, v) }
    }
}

impl Access for Cached {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V {
        // SAFETY: the caller's contract is the same.
        unsafe { simd.load(p) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V) {
        // SAFETY: the caller's contract is the same.
        unsafe { simd.store(p, v) }
    }
}

impl Access for Streamed {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V {
        simd.prefetch(p.wrapping_add(PREFETCH_BYTES));
        // SAFETY: the caller's contract is the same.
        unsafe { simd.load(p) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V) {
        // SAFETY: the same contract; `tiles` aligned the outputs, and the pass ends with a fence.
        unsafe { simd.stream(p, v) }
    }
}

/// Zeros, then ones: a register loaded from the middle, less n, masks its first n bytes.
static MASK: [[u8; 64]; 2] = [[0; 64], [0xff; 64]];

impl Access for Again {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V {
        // SAFETY: the caller's contract is the same.
        unsafe { simd.load(p) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V) {
        // SAFETY: the caller's contract is the same.
        unsafe { simd.store(p, v) }
    }
    #[inline(always)]
    fn fresh<S: Simd>(self, simd: S, v: S::V) -> S::V {
        const { assert!(S::BYTES <= 64) };
        let start = 64 - self.done % 64;
        // SAFETY: `start` is at most 64, and the table has 64 bytes more.
        simd.and(v, unsafe { simd.load(MASK.as_ptr().cast::<u8>().add(start)) })
    }
}

impl Access for Part {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, simd: S, p: *const u8) -> S::V {
        // SAFETY: the caller's contract, for the self.0 < BYTES bytes that this access moves.
        unsafe { simd.load_part(p, self.0) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(self, simd: S, p: *mut u8, v: S::V) {
        // SAFETY: the caller's contract, for the self.0 < BYTES bytes that this access moves.
        unsafe { simd.store_part(p, self.0, v) }
    }
}
