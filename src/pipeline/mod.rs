//! One trip through memory that encodes a row and takes the checksums of all its stripes.
//!
//! Each of these alone is bounded by memory, not by arithmetic; one after the other they take as
//! many trips. A [`Pipeline`] goes through the row in tiles of a few kilobytes per stripe, and does
//! everything there is to do with a tile while it is in the first-level cache.

mod digests;
mod pass;
mod segments;
mod sums;

use alloc::vec::Vec;

use crate::Error;
use crate::checksum::Checksum;
use crate::ec::Codec;
use segments::{Scattered, Whole};
pub use sums::RowSums;

/// What is to be done with the rows of a codec, in one pass over each.
///
/// A pipeline never changes once it is built, so threads share one by reference, each with a
/// [`RowSums`] of its own.
///
/// ```
/// use lustrine::checksum::Checksum;
/// use lustrine::ec::{Codec, Geometry};
/// use lustrine::pipeline::{Pipeline, RowSums};
///
/// let codec = Codec::new(Geometry::new(4, 2)?);
/// let pipeline =
///     Pipeline::new(&codec).checksum(Checksum::Crc32c).checksum(Checksum::T10Crc4k).zero_blocks(4096);
///
/// let data = [vec![1; 10_000], vec![0; 10_000], vec![3; 10_000], vec![4; 10_000]];
/// let mut parity = [vec![0; 10_000], vec![0; 10_000]];
/// let mut sums = RowSums::new();
/// pipeline.run(&data, &mut parity, &mut sums)?;
///
/// assert!(codec.verify(&data, &parity)?);
/// assert_eq!(sums.value(Checksum::Crc32c, 5), Some(Checksum::Crc32c.digest(&parity[1])));
/// assert_eq!(sums.guards(Checksum::T10Crc4k, 0).len(), 3);
/// assert!(sums.is_zero(1, 2) && !sums.is_zero(0, 2));
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline<'c> {
    codec: &'c Codec,
    checksums: Vec<Checksum>,
    /// 0 if zeros are not looked for.
    block: usize,
    digests: bool,
    stream_bytes: usize,
}

impl<'c> Pipeline<'c> {
    /// A pipeline that encodes with `codec`, and nothing more yet.
    pub fn new(codec: &'c Codec) -> Pipeline<'c> {
        let stream_bytes = codec.stream_bytes();
        Pipeline { codec, checksums: Vec::new(), block: 0, digests: false, stream_bytes }
    }

    /// Also takes this checksum of each data and parity stripe. Any number of them may be asked
    /// for.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Self {
        if !self.checksums.contains(&checksum) {
            self.checksums.push(checksum);
        }
        self
    }

    /// Also finds the blocks of `block` bytes of the data stripes, counted from the stripe's start,
    /// that are zero throughout. With 0, no longer.
    #[must_use]
    pub fn zero_blocks(mut self, block: usize) -> Self {
        self.block = block;
        self
    }

    /// Also takes the [linear digest](crate::ec::Digest) of each data stripe, and says what those of
    /// the parity have to be.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Digest, Geometry};
    /// use lustrine::pipeline::{Pipeline, RowSums};
    ///
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let data = [[1; 5000], [2; 5000], [3; 5000], [4; 5000]];
    /// let mut parity = [[0; 5000]; 2];
    /// let mut sums = RowSums::new();
    /// Pipeline::new(&codec).digests().run(&data, &mut parity, &mut sums)?;
    /// assert_eq!(sums.digest(3), Some(Digest::of(&data[3])));
    /// // If not, it is not the parity's digest that is wrong, but the parity.
    /// assert_eq!(sums.digest(5), Some(Digest::of(&parity[1])));
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    #[must_use]
    pub fn digests(mut self) -> Self {
        self.digests = true;
        self
    }

    /// Writes round the caches from `bytes` bytes in one call on (all stripes together), instead of
    /// from where the codec does.
    #[must_use]
    pub fn stream_from(mut self, bytes: usize) -> Self {
        self.stream_bytes = bytes;
        self
    }

    /// The codec that rows are encoded with.
    pub fn codec(&self) -> &'c Codec {
        self.codec
    }

    /// Overwrites `parity` with the parity of `data`, and `sums` with what was asked for.
    ///
    /// Stripes are equally long, of any length and alignment. Cost: one pass over the memory; no
    /// allocation if `sums` has seen a row of this size before.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`], and then nothing is written.
    pub fn run<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data: &[D],
        parity: &mut [P],
        sums: &mut RowSums,
    ) -> Result<(), Error> {
        pass::run(self, &Whole(data), &mut Whole(parity), None, sums)
    }

    /// [`run`](Self::run), which also copies each data stripe to one of `copy`.
    ///
    /// # Errors
    ///
    /// As for `run`.
    pub fn run_and_copy<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data: &[D],
        parity: &mut [P],
        copy: &mut [P],
        sums: &mut RowSums,
    ) -> Result<(), Error> {
        pass::run(self, &Whole(data), &mut Whole(parity), Some(&mut Whole(copy)), sums)
    }

    /// [`run`](Self::run) and, with `copy`, [`run_and_copy`](Self::run_and_copy), for stripes that
    /// lie in memory in segments.
    ///
    /// A stripe is a list of segments (pages, folios): any number, of any size and alignment, empty
    /// ones included, differently cut for each stripe. Only the sums of their lengths must agree.
    /// Nothing is gathered but those tiles of a stripe that lie in two segments.
    ///
    /// # Errors
    ///
    /// As for `run`; lengths are those of whole stripes.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    /// use lustrine::pipeline::{Pipeline, RowSums};
    ///
    /// let codec = Codec::new(Geometry::new(2, 1)?);
    /// let data: [&[&[u8]]; 2] = [&[b"six", b" or"], &[b"half", b"", b"-2"]];
    /// let (mut first, mut second) = ([0; 5], [0; 1]);
    /// let mut parity: [&mut [&mut [u8]]; 1] = [&mut [&mut first, &mut second]];
    /// Pipeline::new(&codec).run_segments(&data, &mut parity, None, &mut RowSums::new())?;
    /// assert!(codec.verify(&[b"six or", b"half-2"], &[[&first[..], &second].concat()])?);
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn run_segments<D, S, P, T>(
        &self,
        data: &[D],
        parity: &mut [P],
        copy: Option<&mut [P]>,
        sums: &mut RowSums,
    ) -> Result<(), Error>
    where
        D: AsRef<[S]>,
        S: AsRef<[u8]>,
        P: AsMut<[T]>,
        T: AsMut<[u8]>,
    {
        let mut copy = copy.map(Scattered::new);
        let (data, mut parity) = (Scattered::new(data), Scattered::new(parity));
        pass::run(self, &data, &mut parity, copy.as_mut(), sums)
    }
}
