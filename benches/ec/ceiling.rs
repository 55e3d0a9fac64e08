//! What memory allows: the traffic of an encode, with hardly any arithmetic.
//!
//! Sources are read as an encode reads them (all of them side by side, prefetched) and summed, so
//! that no load can be left out; the sums are written round the caches.

use std::hint::black_box;

use crate::arena::{Arena, Shard, pointers};
use crate::race::Contestant;

/// How much of a source is read before the next one's turn, with names for reading and for copying.
/// Whole pages were slower here; which of these two is faster changes from code to code, and the
/// faster one is the ceiling.
const STRIPS: [(usize, &str, &str); 2] = [(256, "read", "copy"), (1024, "read1k", "copy1k")];

/// Names of the contestants that read and write.
pub(crate) const COPIES: &[&str] = &[STRIPS[0].2, STRIPS[1].2];

/// Reading the first `k` shards of a set, and doing so while writing the others.
pub(crate) fn contestants(arena: &Arena, k: usize) -> Vec<Contestant<'_>> {
    let mut list = Vec::new();
    for (strip, read, copy) in STRIPS {
        assert!(arena.size.is_multiple_of(strip));
        list.push(Contestant::new(read, move |set| {
            stream(strip, arena.split(set, k).0, &[]);
        }));
        list.push(Contestant::new(copy, move |set| {
            let (data, rest) = arena.split(set, k);
            stream(strip, data, &rest);
        }));
    }
    list
}

/// Reads all of `from` and writes the sum to each of `to`, if any.
fn stream(strip: usize, from: &[Shard], to: &[Shard]) {
    let len = from[0].as_ref().len();
    assert!(len.is_multiple_of(strip) && strip.is_multiple_of(STEP));
    let (sources, outputs) = (pointers(from), pointers(to));
    let (sources, outputs) = (&sources[..from.len()], &outputs[..to.len()]);
    assert!(outputs.iter().all(|output| output.align_offset(64) == 0));
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the CPU has it; shards are `len` bytes, whole strips, outputs aligned.
            return unsafe { x86::avx512(strip, len, sources, outputs) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { x86::avx2(strip, len, sources, outputs) };
        }
    }
    // SAFETY: shards are `len` bytes, whole strips.
    unsafe { plain(strip, len, sources, outputs) }
}

/// Bytes that one turn of the innermost loops handles.
const STEP: usize = 256;

/// # Safety
/// All pointers are good for `len` bytes, which are whole strips, and these are whole steps.
unsafe fn plain(strip: usize, len: usize, sources: &[*mut u8], outputs: &[*mut u8]) {
    let mut sum = [0_u64; STEP / 8];
    for at in (0..len).step_by(strip) {
        for source in sources {
            for step in (at..at + strip).step_by(STEP) {
                for (i, word) in sum.iter_mut().enumerate() {
                    // SAFETY: within the source, by the contract.
                    *word ^= unsafe { source.add(step + 8 * i).cast::<u64>().read_unaligned() };
                }
            }
        }
        for output in outputs {
            for step in (at..at + strip).step_by(STEP) {
                for (i, word) in sum.iter().enumerate() {
                    // SAFETY: within the output, by the contract.
                    unsafe { output.add(step + 8 * i).cast::<u64>().write_unaligned(*word) };
                }
            }
        }
    }
    black_box(sum);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use super::STEP;

    /// As far as the kernels look ahead.
    const AHEAD: usize = 512;

    macro_rules! loops {
        ($name:ident, $feature:literal, $v:ty, $zero:ident, $load:ident, $xor:ident, $stream:ident) => {
            /// # Safety
            /// The CPU has the feature; all pointers are good for `len` bytes, which are whole
            /// strips, and these are whole steps; outputs are aligned to 64 bytes.
            #[target_feature(enable = $feature)]
            pub(super) unsafe fn $name(
                strip: usize,
                len: usize,
                sources: &[*mut u8],
                outputs: &[*mut u8],
            ) {
                const BYTES: usize = size_of::<$v>();
                let mut sum: [$v; STEP / BYTES] = [$zero(); STEP / BYTES];
                for at in (0..len).step_by(strip) {
                    for source in sources {
                        for step in (at..at + strip).step_by(STEP) {
                            for line in (0..STEP).step_by(64) {
                                let ahead = source.wrapping_add(step + line + AHEAD);
                                _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                            }
                            for (i, v) in sum.iter_mut().enumerate() {
                                // SAFETY: within the source, by the contract.
                                let x = unsafe { $load(source.add(step + BYTES * i).cast()) };
                                *v = $xor(*v, x);
                            }
                        }
                    }
                    for output in outputs {
                        for step in (at..at + strip).step_by(STEP) {
                            for (i, v) in sum.iter().enumerate() {
                                // SAFETY: within the output and aligned, by the contract.
                                unsafe { $stream(output.add(step + BYTES * i).cast(), *v) };
                            }
                        }
                    }
                }
                // Streamed stores are in order with nothing else.
                _mm_sfence();
                black_box(sum);
            }
        };
    }

    loops!(
        avx512,
        "avx512f",
        __m512i,
        _mm512_setzero_si512,
        _mm512_loadu_si512,
        _mm512_xor_si512,
        _mm512_stream_si512
    );
    loops!(
        avx2,
        "avx2",
        __m256i,
        _mm256_setzero_si256,
        _mm256_loadu_si256,
        _mm256_xor_si256,
        _mm256_stream_si256
    );
}
