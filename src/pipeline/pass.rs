//! The pass: tile by tile through all stripes.
//!
//! ```text
//! for each tile of all stripes:
//!     encode it
//!     checksums, digest, zeros and copy of each data stripe's part
//!     checksums of each parity stripe's part
//! ```
//!
//! A tile ends where a segment of some stripe ends. Where such tiles would be short, those stripes
//! that end are gathered: copying within the cache costs less than many short calls.
//!
//! A row that fits the caches is encoded to where its parity belongs, in large tiles.
//!
//! A row that does not is encoded into scratch tiles, which stay in the first-level cache, and from
//! the registers to where its parity belongs as well, round the caches: so the parity's checksums
//! need not fetch it back. Where a parity stripe is cut or lies at an odd place, its scratch tile is
//! streamed there piece by piece after the checksums of each data stripe, because memory must have
//! something to do meanwhile, or its time and theirs add up. For the same reason the start of the
//! stripe's next tile is prefetched before. Not more than the start: from there on the CPU's own
//! prefetchers are faster, and too many fetches under way keep the checksum's loads waiting.

use super::Pipeline;
use super::segments::{Length, Position, Sinks, Sources, sink_len, source_len};
use super::sums::{RowSums, Shape, Work};
use crate::ec::Codec;
use crate::gf::{self, Backend, Streamer};
use crate::{Error, ShardList};

/// The most bytes of each stripe in a tile that is streamed or gathered: whole sectors of every
/// size, and long enough that calls cost little beside it.
const TILE: usize = 4096;
/// Bytes of all stripes in a tile that is neither: half of a second-level cache.
const CACHED_BYTES: usize = 1 << 20;
/// A tile that ends with the first segment to end has at least so many bytes.
const RUN: usize = 2048;
/// If not: one that ends with the last segment to end has at least so many, or is whole.
const GATHERED_RUN: usize = 768;
/// How much of the next tile to prefetch.
const AHEAD: usize = 512;
/// The same, where the kernel does the streaming: it prefetches what comes after that.
const AHEAD_TEED: usize = 1024;
/// From one scratch tile to the next. Not a multiple of 4096, because lines at equal places of
/// pages push each other out of the cache.
const STRIDE: usize = TILE + 256;
/// A cache line, to which scratch tiles are aligned.
const LINE: usize = 64;

/// The most parity stripes of a geometry.
const MAX_PARITY: usize = 15;

/// Checks everything, then does it.
pub(super) fn run<I: Sources, O: Sinks>(
    pipeline: &Pipeline<'_>,
    data: &I,
    parity: &mut O,
    mut copy: Option<&mut O>,
    sums: &mut RowSums,
) -> Result<(), Error> {
    let geometry = pipeline.codec.geometry();
    let (k, p) = (geometry.data(), geometry.parity());
    let mut len = Length::default();
    len.check(ShardList::Data, k, data.stripes().map(source_len))?;
    len.check(ShardList::Parity, p, parity.stripes().map(sink_len))?;
    if let Some(copy) = &mut copy {
        len.check(ShardList::Copy, k, copy.stripes().map(sink_len))?;
    }
    let len = len.get();
    let (checksums, block) = (&pipeline.checksums[..], pipeline.block);
    let backend = pipeline.codec.backend();
    let digests = pipeline.digests.then_some(backend);
    sums.reset(&Shape { len, data: k, parity: p, checksums, block, digests });

    // Taken out, so that the sums can be written while the scratch is read.
    let mut work = core::mem::take(&mut sums.work);
    let stripes = if copy.is_some() { 2 * k + p } else { k + p };
    let stream = stripes.saturating_mul(len) >= pipeline.stream_bytes;
    let scattered = data.stripes().any(|segments| segments.len() > 1)
        || parity.stripes().any(|segments| segments.len() > 1);
    if scattered || stream {
        work.scratch.resize(p * STRIDE + LINE, 0);
    }
    if scattered {
        work.gather.resize(k * STRIDE + LINE, 0);
    }
    let tile = if stream { TILE } else { TILE.max(CACHED_BYTES / stripes / TILE * TILE) };
    let pass = Pass { pipeline, backend, data, parity, copy, stream, k, p, len, tile };
    // A list of slices is made for each tile. The usual codes get by with a short one.
    let done =
        if k <= 32 { pass.run::<32>(&mut work, sums) } else { pass.run::<256>(&mut work, sums) };
    sums.work = work;
    let done = done.and_then(|()| sums.end(pipeline.codec));
    if done.is_err() {
        // Of a part of the row they would say something false.
        sums.reset(&Shape::default());
    }
    done
}

/// One call, checked.
struct Pass<'a, I, O> {
    pipeline: &'a Pipeline<'a>,
    backend: Backend,
    data: &'a I,
    parity: &'a mut O,
    copy: Option<&'a mut O>,
    /// The row does not fit the caches.
    stream: bool,
    /// Data and parity stripes, and bytes in each.
    k: usize,
    p: usize,
    len: usize,
    /// The most bytes of a stripe in a tile.
    tile: usize,
}

impl<I: Sources, O: Sinks> Pass<'_, I, O> {
    /// All tiles. `K` is at least the number of data stripes.
    fn run<const K: usize>(mut self, work: &mut Work, sums: &mut RowSums) -> Result<(), Error> {
        let mut streamer = self.stream.then(|| Streamer::new(self.backend));
        let mut start = 0;
        while start < self.len {
            let size = self.size(self.len - start, work);
            match &mut streamer {
                Some(streamer) => self.streamed_tile::<K>(streamer, start, size, work, sums)?,
                None => self.cached_tile::<K>(start, size, work, sums)?,
            }
            start += size;
        }
        Ok(())
    }

    /// How many bytes of each stripe, of which `left` are left, the next tile has.
    fn size(&mut self, left: usize, work: &mut Work) -> usize {
        let (mut first, mut last) = (left.min(self.tile), 0);
        for (segments, position) in self.data.stripes().zip(&mut work.data) {
            let rest = position.rest(segments).len();
            (first, last) = (first.min(rest), last.max(rest));
        }
        if !self.stream {
            // Encoded to where it belongs.
            for (segments, position) in self.parity.stripes().zip(&mut work.parity) {
                first = first.min(position.room(segments).len());
            }
        }
        // Gathered bytes and where they came from share the first-level cache. From memory, longer
        // tiles make up for that.
        let most = left.min(if self.stream { TILE } else { TILE / 2 });
        if first >= RUN.min(left) {
            first
        } else if last >= GATHERED_RUN {
            last.min(most)
        } else {
            most
        }
    }

    /// Encodes a tile to where its parity belongs.
    fn cached_tile<const K: usize>(
        &mut self,
        start: usize,
        size: usize,
        work: &mut Work,
        sums: &mut RowSums,
    ) -> Result<(), Error> {
        let mut sources: [&[u8]; K] = [&[]; K];
        let sources = &mut sources[..self.k.min(K)];
        gather(self.data, &mut work.data, &mut work.gather, size, sources);
        let mut scratch = aligned(&mut work.scratch).chunks_exact_mut(STRIDE);
        let mut outputs: [&mut [u8]; MAX_PARITY] = Default::default();
        let mut scattered = [false; MAX_PARITY];
        let stripes = self.parity.stripes().zip(&mut work.parity);
        for ((output, scattered), (segments, position)) in
            outputs.iter_mut().zip(&mut scattered).zip(stripes)
        {
            let buffer = scratch.next().unwrap_or_default();
            *scattered = position.room(segments).len() < size;
            *output = match scattered {
                true => buffer.get_mut(..size).unwrap_or_default(),
                false => position.piece_mut(segments, size),
            };
        }
        let outputs = outputs.get_mut(..self.p).unwrap_or_default();
        self.pipeline.codec.encode_cached(sources, outputs)?;

        for (index, bytes) in sources.iter().enumerate() {
            sums.add(index, start, bytes);
            sums.see(self.backend, index, start, bytes);
        }
        for (index, bytes) in outputs.iter().enumerate() {
            sums.add(self.k + index, start, bytes);
        }
        if let Some(copy) = &mut self.copy {
            let stripes = copy.stripes().zip(&mut work.copy);
            for (index, (bytes, (segments, position))) in sources.iter().zip(stripes).enumerate() {
                let written = position.write(segments, bytes, None);
                whole(self.len, ShardList::Copy, index, start, written, size)?;
            }
        }
        if scattered.contains(&true) {
            let scratch = aligned(&mut work.scratch).chunks_exact(STRIDE).zip(scattered);
            let stripes = self.parity.stripes().zip(&mut work.parity).zip(scratch);
            for (index, ((segments, position), (buffer, scattered))) in stripes.enumerate() {
                if scattered {
                    let bytes = buffer.get(..size).unwrap_or_default();
                    let written = position.write(segments, bytes, None);
                    whole(self.len, ShardList::Parity, index, start, written, size)?;
                }
            }
        }
        Ok(())
    }

    /// Encodes a tile into scratch, and streams it from there.
    fn streamed_tile<const K: usize>(
        &mut self,
        streamer: &mut Streamer,
        start: usize,
        size: usize,
        work: &mut Work,
        sums: &mut RowSums,
    ) -> Result<(), Error> {
        let mut sources: [&[u8]; K] = [&[]; K];
        let sources = &mut sources[..self.k.min(K)];
        gather(self.data, &mut work.data, &mut work.gather, size, sources);
        let scratch = aligned(&mut work.scratch).chunks_exact_mut(STRIDE);
        let mut outputs: [&mut [u8]; MAX_PARITY] = Default::default();
        for (output, buffer) in outputs.iter_mut().zip(scratch) {
            *output = buffer.get_mut(..size).unwrap_or_default();
        }
        let outputs = outputs.get_mut(..self.p).unwrap_or_default();
        let codec = self.pipeline.codec;
        let teed = tee(
            codec,
            streamer,
            sources,
            outputs,
            self.parity,
            &mut work.parity,
            (self.len, start),
        )?;

        let ahead = if teed { AHEAD_TEED } else { AHEAD };
        let mut copies = self.copy.as_mut().map(|copy| copy.stripes().zip(&mut work.copy));
        let mut sent = 0;
        let stripes = self.data.stripes().zip(&mut work.data);
        for (index, (bytes, (segments, position))) in sources.iter().zip(stripes).enumerate() {
            let next = position.rest(segments);
            gf::prefetch(self.backend, &next[..next.len().min(ahead)]);
            sums.add(index, start, bytes);
            sums.see(self.backend, index, start, bytes);
            if let Some((segments, position)) = copies.as_mut().and_then(Iterator::next) {
                let written = position.write(segments, bytes, Some(streamer));
                whole(self.len, ShardList::Copy, index, start, written, size)?;
            }
            // One scratch tile after the other, by now so many bytes.
            let due = if teed { 0 } else { size * self.p * (index + 1) / self.k };
            while sent < due {
                let (index, from) = (sent / size, sent % size);
                let mut stripes = self.parity.stripes().zip(&mut work.parity);
                let Some((segments, position)) = stripes.nth(index) else { break };
                let mut to = size.min(due - index * size);
                if to < size {
                    // Up to the end of a line: parts of one are not streamed.
                    let place = position.room(segments).as_ptr().addr();
                    to = to.saturating_sub((place + to - from) % LINE);
                }
                let bytes = outputs.get(index).and_then(|bytes| bytes.get(from..to));
                let bytes = bytes.unwrap_or_default();
                if bytes.is_empty() {
                    break;
                }
                let written = position.write(segments, bytes, Some(streamer));
                whole(self.len, ShardList::Parity, index, start + from, written, bytes.len())?;
                sent += written;
            }
        }
        for (index, bytes) in outputs.iter().enumerate() {
            sums.add(self.k + index, start, bytes);
        }
        Ok(())
    }
}

/// Encodes a tile into scratch. True if what was computed went from the registers to where it belongs
/// as well: that takes whole, aligned places for all parity stripes. The stripes have `len` bytes, and
/// the tile begins at `start`.
fn tee<O: Sinks>(
    codec: &Codec,
    streamer: &mut Streamer,
    sources: &[&[u8]],
    scratch: &mut [&mut [u8]],
    parity: &mut O,
    positions: &mut [Position],
    (len, start): (usize, usize),
) -> Result<bool, Error> {
    let size = scratch.first().map_or(0, |bytes| bytes.len());
    let mut fits = size.is_multiple_of(gf::TEE_STEP);
    for (segments, position) in parity.stripes().zip(&mut *positions) {
        let room = position.room(segments);
        fits &= room.len() >= size && room.as_ptr().addr().is_multiple_of(LINE);
    }
    if !fits {
        codec.encode_cached(sources, scratch)?;
        return Ok(false);
    }
    let mut places: [&mut [u8]; MAX_PARITY] = Default::default();
    let stripes = places.iter_mut().zip(parity.stripes().zip(positions));
    for (index, (place, (segments, position))) in stripes.enumerate() {
        *place = position.piece_mut(segments, size);
        whole(len, ShardList::Parity, index, start, place.len(), size)?;
    }
    let places = places.get_mut(..scratch.len()).unwrap_or_default();
    if !codec.tee(sources, scratch, places, streamer)? {
        // Something of the caller's changed its mind about where it is.
        for (place, bytes) in places.iter_mut().zip(scratch) {
            streamer.copy(bytes, place);
        }
    }
    Ok(true)
}

/// The tile of each data stripe: where it lies, or gathered.
fn gather<'t, I: Sources>(
    data: &'t I,
    positions: &mut [Position],
    buffers: &'t mut [u8],
    size: usize,
    sources: &mut [&'t [u8]],
) {
    let mut buffers = aligned(buffers).chunks_exact_mut(STRIDE);
    let stripes = data.stripes().zip(positions);
    for (source, (segments, position)) in sources.iter_mut().zip(stripes) {
        *source = position.read(segments, size, buffers.next().unwrap_or_default());
    }
}

/// Refuses a stripe that is not as long as it was when it was checked: `AsRef` gave something else.
fn whole(
    expected: usize,
    list: ShardList,
    index: usize,
    start: usize,
    done: usize,
    wanted: usize,
) -> Result<(), Error> {
    if done == wanted {
        Ok(())
    } else {
        Err(Error::ShardSize { list, index, expected, got: start + done })
    }
}

/// The part of a buffer that starts with a cache line.
fn aligned(buffer: &mut [u8]) -> &mut [u8] {
    let start = buffer.as_ptr().align_offset(LINE);
    buffer.get_mut(start..).unwrap_or_default()
}
