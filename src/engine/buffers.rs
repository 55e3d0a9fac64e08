//! Buffers of the executor: one per thread, reused from step to step.

use std::sync::{Mutex, PoisonError};

use crate::ec::RowBuffers;

const LINE: usize = RowBuffers::LINE;

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
    /// whatever the last step left there. They start on cache lines, as far apart as those of
    /// `RowBuffers`, so that the shards of a step do not fall on the same cache sets.
    pub(super) fn carve(buffer: &mut Vec<u8>, count: usize, width: usize) -> Vec<&mut [u8]> {
        // As a length, the largest number is more than a `Vec` can have.
        let stride = RowBuffers::stride(width).unwrap_or(usize::MAX);
        let len = stride.checked_mul(count).and_then(|len| len.checked_add(LINE));
        let len = len.unwrap_or(usize::MAX);
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
            for pair in shards.windows(2) {
                let end = pair[0].as_ptr().addr() + width.next_multiple_of(LINE);
                assert_eq!(pair[1].as_ptr().addr() - end, 17 * LINE, "{width}");
            }
            for shard in shards {
                assert_eq!((shard.len(), shard.as_ptr() as usize % LINE), (width, 0));
            }
        }
    }
}
