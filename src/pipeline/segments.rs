//! Stripes that lie in memory in segments, and walking along them.

use core::marker::PhantomData;
use core::slice;

use crate::gf::Streamer;
use crate::{Error, ShardList};

/// Stripes to read.
pub(super) trait Sources {
    type Segment: AsRef<[u8]>;
    /// The segments of each stripe.
    fn stripes(&self) -> impl ExactSizeIterator<Item = &[Self::Segment]>;
}

/// Stripes to write.
pub(super) trait Sinks {
    type Segment: AsMut<[u8]>;
    /// The segments of each stripe.
    fn stripes(&mut self) -> impl ExactSizeIterator<Item = &mut [Self::Segment]>;
}

/// Stripes in one piece.
pub(super) struct Whole<L>(pub(super) L);

impl<D: AsRef<[u8]>> Sources for Whole<&[D]> {
    type Segment = D;
    fn stripes(&self) -> impl ExactSizeIterator<Item = &[D]> {
        self.0.iter().map(slice::from_ref)
    }
}

impl<P: AsMut<[u8]>> Sinks for Whole<&mut [P]> {
    type Segment = P;
    fn stripes(&mut self) -> impl ExactSizeIterator<Item = &mut [P]> {
        self.0.iter_mut().map(slice::from_mut)
    }
}

/// Stripes in pieces of type S.
pub(super) struct Scattered<L, S>(L, PhantomData<S>);

impl<L, S> Scattered<L, S> {
    pub(super) fn new(stripes: L) -> Self {
        Scattered(stripes, PhantomData)
    }
}

impl<D: AsRef<[S]>, S: AsRef<[u8]>> Sources for Scattered<&[D], S> {
    type Segment = S;
    fn stripes(&self) -> impl ExactSizeIterator<Item = &[S]> {
        self.0.iter().map(D::as_ref)
    }
}

impl<P: AsMut<[T]>, T: AsMut<[u8]>> Sinks for Scattered<&mut [P], T> {
    type Segment = T;
    fn stripes(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        self.0.iter_mut().map(P::as_mut)
    }
}

/// The bytes of a stripe to read.
pub(super) fn source_len<S: AsRef<[u8]>>(segments: &[S]) -> usize {
    segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.as_ref().len()))
}

/// The bytes of a stripe to write.
pub(super) fn sink_len<T: AsMut<[u8]>>(segments: &mut [T]) -> usize {
    segments.iter_mut().fold(0, |sum, segment| sum.saturating_add(segment.as_mut().len()))
}

/// The common length of the stripes of one call, which the first one seen decides.
#[derive(Default)]
pub(super) struct Length(Option<usize>);

impl Length {
    /// Refuses a list of the wrong number of stripes, and a stripe of another length.
    pub(super) fn check(
        &mut self,
        list: ShardList,
        count: usize,
        lens: impl ExactSizeIterator<Item = usize>,
    ) -> Result<(), Error> {
        if lens.len() != count {
            return Err(Error::ShardCount { list, expected: count, got: lens.len() });
        }
        for (index, got) in lens.enumerate() {
            let expected = *self.0.get_or_insert(got);
            if got != expected {
                return Err(Error::ShardSize { list, index, expected, got });
            }
        }
        Ok(())
    }

    pub(super) fn get(&self) -> usize {
        self.0.unwrap_or(0)
    }
}

/// How far along a stripe one is. Its numbers outlive the slices that they speak of.
///
/// Whatever the segments turn out to be, nothing here panics: a stripe that is shorter than it said
/// gives fewer bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    segment: usize,
    /// Within that segment.
    offset: usize,
}

impl Position {
    /// What is left of the segment, or the next one that has bytes. Empty at the end.
    pub(super) fn rest<'s, S: AsRef<[u8]>>(&mut self, segments: &'s [S]) -> &'s [u8] {
        while let Some(segment) = segments.get(self.segment) {
            match segment.as_ref().get(self.offset..) {
                None | Some([]) => *self = Position { segment: self.segment + 1, offset: 0 },
                Some(rest) => return rest,
            }
        }
        &[]
    }

    /// [`rest`](Self::rest) of a stripe to write.
    pub(super) fn room<'s, T: AsMut<[u8]>>(&mut self, segments: &'s mut [T]) -> &'s mut [u8] {
        // Found first and borrowed then: the loop could not return what it borrows.
        while let Some(segment) = segments.get_mut(self.segment) {
            if segment.as_mut().len() > self.offset {
                break;
            }
            *self = Position { segment: self.segment + 1, offset: 0 };
        }
        let segment = segments.get_mut(self.segment);
        segment.and_then(|segment| segment.as_mut().get_mut(self.offset..)).unwrap_or_default()
    }

    /// The next bytes that lie in one piece, at most `len`, and goes behind them.
    pub(super) fn piece<'s, S: AsRef<[u8]>>(&mut self, segments: &'s [S], len: usize) -> &'s [u8] {
        let rest = self.rest(segments);
        let piece = &rest[..rest.len().min(len)];
        self.offset += piece.len();
        piece
    }

    /// [`piece`](Self::piece) of a stripe to write.
    pub(super) fn piece_mut<'s, T: AsMut<[u8]>>(
        &mut self,
        segments: &'s mut [T],
        len: usize,
    ) -> &'s mut [u8] {
        let room = self.room(segments);
        let len = room.len().min(len);
        self.offset += len;
        &mut room[..len]
    }

    /// The next `len` bytes, and goes behind them: where they lie if that is one piece, else
    /// gathered in `buffer`. Fewer if the stripe or the buffer ends.
    pub(super) fn read<'s, S: AsRef<[u8]>>(
        &mut self,
        segments: &'s [S],
        len: usize,
        buffer: &'s mut [u8],
    ) -> &'s [u8] {
        if let Some(piece) = self.rest(segments).get(..len) {
            self.offset += len;
            return piece;
        }
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..len).filter(|free| !free.is_empty()) {
            let piece = self.piece(segments, free.len());
            if piece.is_empty() {
                break;
            }
            free[..piece.len()].copy_from_slice(piece);
            filled += piece.len();
        }
        &buffer[..filled]
    }

    /// Writes `bytes`, round the caches with a streamer, and goes behind them. Returns how many
    /// there was room for.
    pub(super) fn write<T: AsMut<[u8]>>(
        &mut self,
        segments: &mut [T],
        bytes: &[u8],
        mut streamer: Option<&mut Streamer>,
    ) -> usize {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            let piece = self.piece_mut(segments, rest.len());
            if piece.is_empty() {
                break;
            }
            let (rest, _) = rest.split_at(piece.len());
            match &mut streamer {
                Some(streamer) => streamer.copy(rest, piece),
                None => piece.copy_from_slice(rest),
            }
            written += piece.len();
        }
        written
    }
}
