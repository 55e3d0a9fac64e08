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
}

/// Whole registers.
#[derive(Clone, Copy)]
pub(super) struct Cached;
/// Whole registers, round the caches, from memory that is prefetched.
#[derive(Clone, Copy)]
pub(super) struct Streamed;
/// So many bytes, fewer than a register holds.
#[derive(Clone, Copy)]
pub(super) struct Part(pub(super) usize);

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
