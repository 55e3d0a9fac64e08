//! Buffers of the executor: one per thread, reused from step to step.

use std::sync::{Mutex, PoisonError};

/// Shards start on cache lines, and their distance is no power of two, so that the shards of a
/// step do not fall on the same cache sets. As far apart as those of `ec::RowBuffers`.
const LINE: usize = 64;
const STAGGER: usize = 17 * LINE;

/// A pool of buffers; it holds as many as were ever in use at once.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give(&self, buffer: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    /// Cuts `count` shards of `width` bytes out of a buffer that grows as needed. The shards hold
    /// whatever the last step left there.
    pub(super) fn carve(buffer: &mut Vec<u8>, count: usize, width: usize) -> Vec<&mut [u8]> {
        let stride = width.next_multiple_of(LINE) + STAGGER;
        let len = count * stride + LINE;
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        let skew = buffer.as_ptr().align_offset(LINE).min(LINE);
        buffer[skew..].chunks_exact_mut(stride).take(count).map(|c| &mut c[..width]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_aligned_and_apart() {
        let mut buffer = Vec::new();
        for (count, width) in [(1, 1), (11, 65_536), (3, 4097)] {
            let shards = Buffers::carve(&mut buffer, count, width);
            assert_eq!(shards.len(), count);
            for shard in shards {
                assert_eq!((shard.len(), shard.as_ptr() as usize % LINE), (width, 0));
            }
        }
    }
}
