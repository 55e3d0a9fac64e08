//! The codec's verbs over the threads of a pool that the caller owns.
//!
//! A byte of a shard depends only on the bytes at its own offset, so the columns of a call are cut
//! into parts, and each part is a call of its own. All shards are looked at before the first part is
//! begun, by the calling thread: what was checked is what the parts use, and the caller's types need
//! be neither `Send` nor `Sync`.

use alloc::vec::Vec;
use core::iter;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};

use rayon::ThreadPool;

use super::codec::Codec;
use super::shards::{Call, check_count};
use crate::{Error, ShardList};

/// What a part must touch at least, bytes, when a thread outside of the pool calls: it cannot take
/// back what it handed over, and waits some ten microseconds for a thread to wake up, in which it
/// would have done this itself.
const PART_OUTSIDE: usize = 1 << 20;

/// The same on a thread of the pool, which does all parts itself if the others sleep: cutting costs
/// it half a microsecond.
const PART_INSIDE: usize = 512 << 10;

/// Parts start at multiples of this from the start of a shard. Whole cache lines: streamed stores
/// stay aligned, and threads share no line of aligned shards. Whole pages: nor a page.
const STEP: usize = 4096;

/// What a part of a verification touches before it asks whether another part already failed.
const VERIFY_BYTES: usize = 16 << 20;

/// Spread over the threads of a pool (feature `rayon`): the same bytes and the same errors as the
/// verbs without a pool.
///
/// Each thread gets one range of columns, the calling thread the first: a pool of n threads is
/// handed at most n - 1 parts, one of a single thread none. Shards that are less than 2 MiB in all
/// are not worth a second thread, less than 1 MiB if a thread of the pool calls. No thread is made,
/// and rayon's global pool is left alone. Besides the work itself, a call costs the time of waking
/// threads up, and allocations of a few words per shard and thread. Many calls in a row are best
/// made within `pool.install`: then threads do not fall asleep between them, and no time is lost if
/// they do.
impl Codec {
    /// [`encode`](Self::encode), spread over the threads of `pool`.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`], and then nothing is written.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    ///
    /// let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let data = [1, 2, 3, 4].map(|byte| vec![byte; 1 << 19]);
    /// let mut parity = [vec![0; 1 << 19], vec![0; 1 << 19]];
    /// codec.encode_on(&pool, &data, &mut parity)?;
    /// assert_eq!((parity[0][99_999], parity[1][99_999]), (0x48, 0x0f));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode_on<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        pool: &ThreadPool,
        data: &[D],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let total = self.geometry().total();
        if part_len(pool, total, first_len(data.iter())).is_none() {
            return self.encode(data, parity);
        }
        let mut call = Call::<*const u8>::new();
        let data = self.data(&mut call, data)?;
        check_count(ShardList::Parity, self.geometry().parity(), parity.len())?;
        let mut outputs = Vec::with_capacity(parity.len());
        for (index, shard) in parity.iter_mut().enumerate() {
            outputs.push((index, checked_mut(&mut call, ShardList::Parity, index, shard)?));
        }
        let len = first_len(data.iter());
        let part = part_len(pool, total, len).unwrap_or(len.max(1));
        let outputs = columns_of_all(outputs, len, part, |_, bytes| bytes);
        let parts = ranges(0..len, part).zip(outputs).collect();
        spread(pool, parts, |(range, mut parity): (_, Vec<&mut [u8]>)| {
            self.encode(&columns(&data, range), &mut parity)?;
            Ok(true)
        })?;
        Ok(())
    }

    /// [`verify`](Self::verify), spread over the threads of `pool`. When one finds a difference, the
    /// others end early.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`].
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    ///
    /// let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let data = [1, 2, 3, 4].map(|byte| vec![byte; 1 << 19]);
    /// let mut parity = [vec![0x48; 1 << 19], vec![0x0f; 1 << 19]];
    /// assert!(codec.verify_on(&pool, &data, &parity)?);
    /// parity[1][200_000] = 0;
    /// assert!(!codec.verify_on(&pool, &data, &parity)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_on<D: AsRef<[u8]>, P: AsRef<[u8]>>(
        &self,
        pool: &ThreadPool,
        data: &[D],
        parity: &[P],
    ) -> Result<bool, Error> {
        let total = self.geometry().total();
        if part_len(pool, total, first_len(data.iter())).is_none() {
            return self.verify(data, parity);
        }
        let mut call = Call::<*const u8>::new();
        let data = self.data(&mut call, data)?;
        check_count(ShardList::Parity, self.geometry().parity(), parity.len())?;
        let parity = checked(&mut call, ShardList::Parity, parity)?;
        let len = first_len(data.iter());
        let part = part_len(pool, total, len).unwrap_or(len.max(1));
        let piece = (VERIFY_BYTES / total).next_multiple_of(STEP);
        let failed = AtomicBool::new(false);
        spread(pool, ranges(0..len, part).collect(), |range| {
            for range in ranges(range, piece) {
                if failed.load(Ordering::Relaxed) {
                    break;
                }
                if !self.verify(&columns(&data, range.clone()), &columns(&parity, range))? {
                    failed.store(true, Ordering::Relaxed);
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// [`reconstruct`](Self::reconstruct), spread over the threads of `pool`.
    ///
    /// # Errors
    ///
    /// Those of `reconstruct`, and then nothing is written.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    ///
    /// let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let shards = [0, 2, 3, 4, 0x48, 0].map(|byte| vec![byte; 1 << 19]);
    /// let mut survivors = shards.each_ref().map(Some);
    /// (survivors[0], survivors[5]) = (None, None);
    /// let mut wanted = [(5, vec![0; 1 << 19]), (0, vec![0; 1 << 19])];
    /// codec.reconstruct_on(&pool, &survivors, &mut wanted)?;
    /// assert_eq!((wanted[0].1[99_999], wanted[1].1[99_999]), (0x0f, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reconstruct_on<S: AsRef<[u8]>, W: AsMut<[u8]>>(
        &self,
        pool: &ThreadPool,
        survivors: &[Option<S>],
        wanted: &mut [(usize, W)],
    ) -> Result<(), Error> {
        let total = self.geometry().data() + wanted.len();
        let len = first_len(survivors.iter().flatten());
        if wanted.is_empty() || part_len(pool, total, len).is_none() {
            return self.reconstruct(survivors, wanted);
        }
        // Shards without bytes: all checks but those of lengths, and the table is made, once.
        let present = survivors.iter().map(|shard| shard.as_ref().map(|_| [0; 0]));
        let mut numbers: Vec<_> = wanted.iter().map(|(index, _)| (*index, [0; 0])).collect();
        self.reconstruct(&present.collect::<Vec<_>>(), &mut numbers)?;

        let mut call = Call::<*const u8>::new();
        let mut sources = Vec::with_capacity(survivors.len());
        for (index, shard) in survivors.iter().enumerate() {
            let bytes = shard.as_ref().map(AsRef::as_ref);
            if let Some(bytes) = bytes {
                call.check(ShardList::Survivors, index, bytes.len())?;
            }
            sources.push(bytes);
        }
        let mut outputs = Vec::with_capacity(wanted.len());
        for (index, shard) in wanted {
            outputs.push((*index, checked_mut(&mut call, ShardList::Wanted, *index, shard)?));
        }
        let len = first_len(sources.iter().flatten());
        let part = part_len(pool, total, len).unwrap_or(len.max(1));
        let outputs = columns_of_all(outputs, len, part, |index, bytes| (index, bytes));
        let parts = ranges(0..len, part).zip(outputs).collect();
        spread(pool, parts, |(range, mut wanted): (Range<usize>, Vec<_>)| {
            let survivors = sources.iter().map(|shard| shard.map(|bytes| &bytes[range.clone()]));
            self.reconstruct(&survivors.collect::<Vec<_>>(), &mut wanted)?;
            Ok(true)
        })?;
        Ok(())
    }

    /// The bytes of all data shards, checked.
    fn data<'a>(
        &self,
        call: &mut Call<'_, *const u8>,
        data: &'a [impl AsRef<[u8]>],
    ) -> Result<Vec<&'a [u8]>, Error> {
        check_count(ShardList::Data, self.geometry().data(), data.len())?;
        checked(call, ShardList::Data, data)
    }
}

/// The length of the first shard, of which those of the others must not differ.
fn first_len<'a>(mut shards: impl Iterator<Item = &'a (impl AsRef<[u8]> + 'a)>) -> usize {
    shards.next().map_or(0, |shard| shard.as_ref().len())
}

/// Columns of a part, so that all threads have one; `None` if one thread should do it all.
fn part_len(pool: &ThreadPool, shards: usize, len: usize) -> Option<usize> {
    let inside = pool.current_thread_index().is_some();
    let least = if inside { PART_INSIDE } else { PART_OUTSIDE };
    let parts = pool.current_num_threads().min(shards.saturating_mul(len) / least);
    let part = len.div_ceil(parts.max(1)).next_multiple_of(STEP);
    (part < len).then_some(part)
}

/// The bytes of `shards`, all of one length.
fn checked<'a>(
    call: &mut Call<'_, *const u8>,
    list: ShardList,
    shards: &'a [impl AsRef<[u8]>],
) -> Result<Vec<&'a [u8]>, Error> {
    let shards = shards.iter().map(AsRef::as_ref).enumerate();
    shards.map(|(index, shard)| call.check(list, index, shard.len()).map(|()| shard)).collect()
}

/// The bytes of a shard to be written, of the length of the others.
fn checked_mut<'a>(
    call: &mut Call<'_, *const u8>,
    list: ShardList,
    index: usize,
    shard: &'a mut impl AsMut<[u8]>,
) -> Result<&'a mut [u8], Error> {
    let bytes = shard.as_mut();
    call.check(list, index, bytes.len())?;
    Ok(bytes)
}

/// `whole`, cut after each `part`.
fn ranges(whole: Range<usize>, part: usize) -> impl Iterator<Item = Range<usize>> {
    let end = whole.end;
    whole.step_by(part).map(move |at| at..end.min(at.saturating_add(part)))
}

fn columns<'a>(shards: &[&'a [u8]], range: Range<usize>) -> Vec<&'a [u8]> {
    shards.iter().map(|shard| &shard[range.clone()]).collect()
}

/// Shards of `len` bytes, cut after each `part`: for each part, what it has of each shard.
fn columns_of_all<'a, T>(
    shards: Vec<(usize, &'a mut [u8])>,
    len: usize,
    part: usize,
    make: impl Fn(usize, &'a mut [u8]) -> T,
) -> Vec<Vec<T>> {
    let new = || Vec::with_capacity(shards.len());
    let mut parts: Vec<_> = iter::repeat_with(new).take(len.div_ceil(part)).collect();
    for (index, shard) in shards {
        for (row, bytes) in parts.iter_mut().zip(shard.chunks_mut(part)) {
            row.push(make(index, bytes));
        }
    }
    parts
}

/// Does `work` on each part, the first on the calling thread, the others on those of `pool`. True if
/// all say so.
fn spread<T: Send>(
    pool: &ThreadPool,
    parts: Vec<T>,
    work: impl Fn(T) -> Result<bool, Error> + Sync,
) -> Result<bool, Error> {
    let mut results: Vec<_> = parts.iter().map(|_| Ok(true)).collect();
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut parts = parts.into_iter().zip(&mut results);
        let own = parts.next();
        for (part, result) in parts {
            scope.spawn(move |_| *result = work(part));
        }
        if let Some((part, result)) = own {
            *result = work(part);
        }
    });
    results.into_iter().try_fold(true, |good, result| Ok(good & result?))
}
