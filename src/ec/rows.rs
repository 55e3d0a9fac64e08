//! Buffers for the shards of a row, laid out as caches like them.

use alloc::vec;
use alloc::vec::Vec;

use super::geometry::Geometry;

/// See [`RowBuffers::LINE`].
const LINE: usize = RowBuffers::LINE;

/// Bytes between the end of a shard's last line and the next shard. Shards of whole pages would
/// otherwise all start at the same offset of a page, where they meet in the same few sets of the
/// caches and loads wait for unrelated stores. An odd number of lines: 64 shards start on as many
/// lines of a page. A few lines can be worse than none (`benches/record`).
const STAGGER: usize = 17 * LINE;

/// Buffers for the k data and p parity shards of a row: one allocation, each shard aligned to 64
/// bytes, and shards of whole pages a few cache lines further apart than they are long.
///
/// Any memory will do for [`Codec`](super::Codec). In such, sets of shards that fill L2 are coded
/// some 5 to 35 % faster than shard after shard, smaller and larger ones about as fast
/// (`benches/record`), and parity of any length can be streamed. From DRAM, pages of 2 MiB are worth
/// up to 30 %. Safe code cannot ask for them, but the C library's allocator can be told to: in a
/// process that was started with `GLIBC_TUNABLES=glibc.malloc.hugetlb=1`, large buffers get them.
///
/// ```
/// use lustrine::ec::{Codec, Geometry, RowBuffers};
///
/// let codec = Codec::new(Geometry::new(4, 2)?);
/// let mut rows = RowBuffers::new(codec.geometry(), 1 << 20);
/// let (mut data, mut parity) = rows.split_mut();
/// for (shard, byte) in data.iter_mut().zip(1..) {
///     shard.fill(byte);
/// }
/// codec.encode(&data, &mut parity)?;
/// assert_eq!((parity[0][999_999], parity[1][999_999]), (0x48, 0x0f));
/// assert!(codec.verify(&rows.data(), &rows.parity())?);
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Debug)]
pub struct RowBuffers {
    geometry: Geometry,
    len: usize,
    /// Where the first shard starts.
    start: usize,
    memory: Vec<u8>,
}

impl RowBuffers {
    /// Shards start on cache lines, which streamed stores want; so does what a register holds.
    pub(crate) const LINE: usize = 64;

    /// From the start of a shard of `len` bytes to that of the next; none if there is no such
    /// number.
    pub(crate) fn stride(len: usize) -> Option<usize> {
        len.checked_next_multiple_of(LINE)?.checked_add(STAGGER)
    }

    /// Buffers of zeros, `shard_len` bytes each.
    ///
    /// # Panics
    ///
    /// If all shards together are larger than any allocation can be.
    pub fn new(geometry: Geometry, shard_len: usize) -> RowBuffers {
        let bytes = Self::stride(shard_len).and_then(|stride| stride.checked_mul(geometry.total()));
        let bytes = bytes.and_then(|bytes| bytes.checked_add(LINE)).unwrap_or(usize::MAX);
        let memory = vec![0; bytes];
        let start = memory.as_ptr().align_offset(LINE).min(LINE);
        RowBuffers { geometry, len: shard_len, start, memory }
    }

    /// The shards that there are buffers for.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Bytes of each shard.
    pub fn shard_len(&self) -> usize {
        self.len
    }

    /// The data shards. Cost: one small allocation for the list, as for all these.
    pub fn data(&self) -> Vec<&[u8]> {
        self.shards().take(self.geometry.data()).collect()
    }

    /// The parity shards.
    pub fn parity(&self) -> Vec<&[u8]> {
        self.shards().skip(self.geometry.data()).collect()
    }

    /// The data shards, to be filled.
    pub fn data_mut(&mut self) -> Vec<&mut [u8]> {
        self.split_mut().0
    }

    /// The parity shards, to be filled.
    pub fn parity_mut(&mut self) -> Vec<&mut [u8]> {
        self.split_mut().1
    }

    /// The data and the parity shards.
    pub fn split_mut(&mut self) -> (Vec<&mut [u8]>, Vec<&mut [u8]>) {
        let len = self.len;
        let rows =
            self.memory[self.start..].chunks_exact_mut(Self::stride(len).unwrap_or(usize::MAX));
        let mut shards = rows.take(self.geometry.total()).map(|row| &mut row[..len]);
        (shards.by_ref().take(self.geometry.data()).collect(), shards.collect())
    }

    fn shards(&self) -> impl Iterator<Item = &[u8]> {
        let rows =
            self.memory[self.start..].chunks_exact(Self::stride(self.len).unwrap_or(usize::MAX));
        rows.take(self.geometry.total()).map(|row| &row[..self.len])
    }
}

/// A copy is laid out anew, because its memory may be aligned otherwise.
impl Clone for RowBuffers {
    fn clone(&self) -> RowBuffers {
        let mut copy = RowBuffers::new(self.geometry, self.len);
        let (data, parity) = copy.split_mut();
        data.into_iter().chain(parity).zip(self.shards()).for_each(|(to, from)| {
            to.copy_from_slice(from);
        });
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_aligned_and_apart() {
        for (k, p, len) in [(1, 1, 0), (4, 2, 1), (20, 8, 4096), (8, 2, 65_537), (239, 15, 64)] {
            let mut rows = RowBuffers::new(Geometry::new(k, p).expect("a code"), len);
            let (mut data, mut parity) = rows.split_mut();
            assert_eq!((data.len(), parity.len()), (k, p));
            let mut lines = [0; 64];
            for (shard, byte) in data.iter_mut().chain(&mut parity).zip(0..) {
                assert_eq!((shard.len(), shard.as_ptr().addr() % LINE), (len, 0));
                lines[shard.as_ptr().addr() % 4096 / LINE] += 1;
                shard.fill(byte);
            }
            assert!(len % 4096 > 0 || lines.iter().all(|shards| *shards <= (k + p).div_ceil(64)));
            let copy = rows.clone();
            for rows in [&rows, &copy] {
                let all = rows.data().into_iter().chain(rows.parity());
                let mut all = all.zip(0..);
                assert!(all.all(|(shard, byte)| shard.len() == len && *shard == vec![byte; len]));
            }
            assert_eq!(rows.data_mut().len() + rows.parity_mut().len(), k + p);
            assert_eq!((rows.shard_len(), rows.geometry().total()), (len, k + p));
        }
    }
}
