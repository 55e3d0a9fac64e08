//! Bytes that are moved or looked at, not multiplied.
#![allow(unsafe_code)]

use super::Backend;
use super::simd::{Kernel, Simd};

/// What a prefetch fetches, on every CPU that has a token of its own.
const LINE: usize = 64;

/// Copies round the caches, for copies that nobody reads soon.
///
/// What it wrote may be shown to another thread once it is dropped: that is when the last of its
/// stores are put in order. So it lives on the stack of a function that tells nobody before.
pub(crate) struct Streamer(Backend);

impl Streamer {
    pub(crate) fn new(backend: Backend) -> Streamer {
        Streamer(backend)
    }

    /// Overwrites `to` with `from`, as far as the shorter of the two goes. Any alignment.
    pub(crate) fn copy(&mut self, from: &[u8], to: &mut [u8]) {
        let len = from.len().min(to.len());
        self.0.dispatch(Run(Copy { from: &from[..len], to: &mut to[..len] }));
    }
}

impl Drop for Streamer {
    fn drop(&mut self) {
        self.0.dispatch(Run(Fence));
    }
}

/// True if every byte is zero.
pub(crate) fn is_zero(backend: Backend, bytes: &[u8]) -> bool {
    backend.dispatch(Run(IsZero(bytes)))
}

/// Hints that all of `bytes` is read soon.
pub(crate) fn prefetch(backend: Backend, bytes: &[u8]) {
    backend.dispatch(Run(Prefetch(bytes)));
}

/// A kernel of one piece: it is run where the instructions are enabled, and nothing else is.
struct Run<K>(K);

impl<K: Kernel> Kernel for Run<K> {
    type Out = K::Out;
    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> K::Out {
        simd.run(self.0)
    }
}

/// Both slices are equally long.
struct Copy<'a> {
    from: &'a [u8],
    to: &'a mut [u8],
}

impl Kernel for Copy<'_> {
    type Out = ();
    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        // Streamed stores are aligned ones: what comes before and after them goes through the
        // cache.
        let head = self.to.as_ptr().align_offset(S::BYTES).min(self.to.len());
        let (from_head, from) = self.from.split_at(head);
        let (to_head, to) = self.to.split_at_mut(head);
        to_head.copy_from_slice(from_head);
        let whole = to.len() / S::BYTES * S::BYTES;
        let (to, to_tail) = to.split_at_mut(whole);
        let (from, from_tail) = from.split_at(whole);
        for (from, to) in from.chunks_exact(S::BYTES).zip(to.chunks_exact_mut(S::BYTES)) {
            // SAFETY: chunks_exact makes both BYTES long. The first of `to` is aligned because
            // `head` ends where align_offset says (if that is beyond the end, `to` is empty), and
            // each other follows BYTES later. The Streamer that runs this fences when dropped.
            unsafe { simd.stream(to.as_mut_ptr(), simd.load(from.as_ptr())) }
        }
        to_tail.copy_from_slice(from_tail);
    }
}

struct Fence;

impl Kernel for Fence {
    type Out = ();
    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        simd.fence();
    }
}

struct IsZero<'a>(&'a [u8]);

impl Kernel for IsZero<'_> {
    type Out = bool;
    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        // Data that is not zero shows it at once; four registers at a time hide the tests of data
        // that is.
        let mut fours = self.0.chunks_exact(4 * S::BYTES);
        for four in &mut fours {
            let mut any = simd.zero();
            for one in four.chunks_exact(S::BYTES) {
                // SAFETY: chunks_exact makes it BYTES long.
                any = simd.or(any, unsafe { simd.load(one.as_ptr()) });
            }
            if !simd.is_zero(any) {
                return false;
            }
        }
        let mut ones = fours.remainder().chunks_exact(S::BYTES);
        for one in &mut ones {
            // SAFETY: chunks_exact makes it BYTES long.
            if !simd.is_zero(unsafe { simd.load(one.as_ptr()) }) {
                return false;
            }
        }
        let tail = ones.remainder();
        // SAFETY: a remainder is shorter than BYTES, and readable as far as it goes.
        simd.is_zero(unsafe { simd.load_part(tail.as_ptr(), tail.len()) })
    }
}

struct Prefetch<'a>(&'a [u8]);

impl Kernel for Prefetch<'_> {
    type Out = ();
    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        for line in self.0.chunks(LINE) {
            simd.prefetch(line.as_ptr());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Bytes around each copy that must stay as they are.
    const MARGIN: usize = 80;

    /// Bytes of which none is zero or the margin's.
    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| 1 + (i % 159) as u8).collect()
    }

    /// Lengths to try: all the short ones, and some of several pieces.
    fn lengths() -> impl Iterator<Item = usize> {
        let step = if cfg!(miri) { 37 } else { 1 };
        (0..300).step_by(step).chain([1000, 4096, 4097])
    }

    #[test]
    fn copies_what_it_should_and_no_more() {
        for backend in Backend::available() {
            for len in lengths() {
                for at in (0..64).step_by(if cfg!(miri) { 21 } else { 1 }) {
                    let from = bytes(len + at);
                    // The two alignments differ from case to case.
                    let from = &from[at * 7 % (at + 1)..][..len];
                    let mut to = std::vec![0xa5; len + 2 * MARGIN + 64];
                    let start = to.as_ptr().align_offset(64).min(63) + at + 16;
                    Streamer::new(backend).copy(from, &mut to[start..start + len]);
                    assert!(&to[start..start + len] == from, "{backend}: {len} bytes at {at}");
                    let whole = |outside: &[u8]| outside.iter().all(|byte| *byte == 0xa5);
                    assert!(whole(&to[..start]), "{backend}: {len} bytes at {at}, before");
                    assert!(whole(&to[start + len..]), "{backend}: {len} bytes at {at}, behind");
                }
            }
        }
    }

    #[test]
    fn copies_as_far_as_the_shorter_goes() {
        for backend in Backend::available() {
            let (from, mut to) = (bytes(200), [0xa5; 300]);
            Streamer::new(backend).copy(&from, &mut to);
            assert!(to[..200] == from && to[200..] == [0xa5; 100], "{backend}");
            let mut short = [0; 100];
            Streamer::new(backend).copy(&from, &mut short);
            assert!(short == from[..100], "{backend}");
        }
    }

    #[test]
    fn one_byte_that_is_not_zero_is_seen() {
        for backend in Backend::available() {
            for len in lengths() {
                for at in [0, 1, 31, 63].into_iter().take(if cfg!(miri) { 1 } else { 4 }) {
                    // What lies around is not zero and must not be looked at.
                    let mut memory = std::vec![0xa5; len + at + MARGIN];
                    memory[at..at + len].fill(0);
                    assert!(is_zero(backend, &memory[at..at + len]), "{backend}: {len} at {at}");
                    for i in (0..len).step_by(1 + len / 40).chain(len.checked_sub(1)) {
                        memory[at + i] = 1 << (i % 8);
                        let zero = is_zero(backend, &memory[at..at + len]);
                        assert!(!zero, "{backend}: {len} at {at}, byte {i}");
                        memory[at + i] = 0;
                    }
                }
            }
        }
    }

    #[test]
    fn prefetching_is_harmless() {
        for backend in Backend::available() {
            prefetch(backend, &[]);
            prefetch(backend, &bytes(1000)[3..]);
        }
    }
}
