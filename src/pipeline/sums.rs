//! What a pass found out.

use alloc::vec::Vec;
use core::ops::Range;

use super::digests::Digests;
use super::segments::Position;
use crate::Error;
use crate::checksum::{Checksum, State};
use crate::ec::{Codec, Digest};
use crate::gf::{self, Backend};

/// The checksums, digests and zero blocks of one row, and the memory to find them out.
///
/// One that is used again and again allocates only when a row is larger than all before. Stripes
/// are numbered as in [`crate::ec::Geometry`]: data from 0, parity from k on.
#[derive(Debug, Default)]
pub struct RowSums {
    /// Bytes in a stripe.
    len: usize,
    data: usize,
    stripes: usize,
    checksums: Vec<Of>,
    /// For each checksum, for each stripe.
    states: Vec<State>,
    /// For each checksum, for each stripe, its sectors.
    guards: Vec<u16>,
    /// Bytes in a block; 0 if nobody asked.
    block: usize,
    /// For each data stripe, its blocks: a bit is set while no byte is known that is not zero.
    zeros: Vec<u64>,
    digests: Digests,
    pub(super) work: Work,
}

/// One of the checksums asked for.
#[derive(Clone, Copy, Debug)]
struct Of {
    checksum: Checksum,
    /// Where its guards begin, and how many each stripe has.
    first: usize,
    sectors: usize,
}

/// Memory of the pass itself.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// How far each data stripe, each parity stripe and each copy is done.
    pub(super) data: Vec<Position>,
    pub(super) parity: Vec<Position>,
    pub(super) copy: Vec<Position>,
    /// A tile of each parity stripe.
    pub(super) scratch: Vec<u8>,
    /// A tile of each data stripe, for those that lie in too many pieces.
    pub(super) gather: Vec<u8>,
}

/// What the sums are of.
#[derive(Default)]
pub(super) struct Shape<'a> {
    pub(super) len: usize,
    pub(super) data: usize,
    pub(super) parity: usize,
    pub(super) checksums: &'a [Checksum],
    pub(super) block: usize,
    /// What takes the digests, if they are asked for.
    pub(super) digests: Option<Backend>,
}

impl RowSums {
    /// Sums of nothing yet. Allocates nothing.
    pub fn new() -> RowSums {
        RowSums::default()
    }

    /// Bytes in each stripe of the row.
    pub fn stripe_len(&self) -> usize {
        self.len
    }

    /// Stripes of the row, data and parity.
    pub fn stripes(&self) -> usize {
        self.stripes
    }

    /// The checksum of a stripe as Lustre sends it; of T10, the sum over the stripe's guards.
    /// `None` if the pipeline was not asked for it, or there is no such stripe.
    pub fn value(&self, checksum: Checksum, stripe: usize) -> Option<u64> {
        let (at, _) = self.of(checksum)?;
        if stripe >= self.stripes {
            return None;
        }
        self.states.get(at * self.stripes + stripe).map(|state| state.finish())
    }

    /// The checksums of all stripes, data first. Empty if the pipeline was not asked for them.
    pub fn values(&self, checksum: Checksum) -> impl Iterator<Item = u64> + '_ {
        (0..self.stripes).map_while(move |stripe| self.value(checksum, stripe))
    }

    /// The guards of a stripe's sectors; the last sector may be a short one. Empty if the checksum
    /// has none or was not asked for, or there is no such stripe.
    pub fn guards(&self, checksum: Checksum, stripe: usize) -> &[u16] {
        let Some((_, of)) = self.of(checksum).filter(|_| stripe < self.stripes) else { return &[] };
        self.guards.get(of.range(stripe)).unwrap_or_default()
    }

    /// The linear digest of a stripe. Those of parity are what follows from the data's; no byte of the
    /// parity was looked at. `None` if the pipeline was not asked for digests, or there is no such
    /// stripe.
    pub fn digest(&self, stripe: usize) -> Option<Digest> {
        self.digests().get(stripe).copied()
    }

    /// The linear digests of all stripes, data first. Empty if the pipeline was not asked for them.
    pub fn digests(&self) -> &[Digest] {
        self.digests.get()
    }

    /// Blocks in a data stripe, the last of which may be a short one; 0 if the pipeline was not
    /// asked for zeros.
    pub fn blocks(&self) -> usize {
        self.len.checked_div(self.block).map_or(0, |_| self.len.div_ceil(self.block))
    }

    /// True if every byte of this block of this data stripe is known to be zero.
    pub fn is_zero(&self, stripe: usize, block: usize) -> bool {
        self.zero_map(stripe).get(block / 64).is_some_and(|word| word >> (block % 64) & 1 == 1)
    }

    /// A bit for each block of a data stripe, from the lowest bit of the first word on, that is set
    /// if the block is zero. Bits behind the last block are not set.
    pub fn zero_map(&self, stripe: usize) -> &[u64] {
        let words = self.words();
        if stripe >= self.data {
            return &[];
        }
        self.zeros.get(stripe * words..(stripe + 1) * words).unwrap_or_default()
    }

    fn words(&self) -> usize {
        self.blocks().div_ceil(64)
    }

    fn of(&self, checksum: Checksum) -> Option<(usize, Of)> {
        let mut all = self.checksums.iter().copied().enumerate();
        all.find(|(_, of)| of.checksum == checksum)
    }

    /// Forgets the row before.
    pub(super) fn reset(&mut self, shape: &Shape<'_>) {
        let Shape { len, data, parity, checksums, block, digests } = *shape;
        (self.len, self.data, self.stripes, self.block) = (len, data, data + parity, block);
        self.checksums.clear();
        self.states.clear();
        let mut first = 0;
        for checksum in checksums {
            let sectors = checksum.sector().map_or(0, |sector| len.div_ceil(sector));
            self.checksums.push(Of { checksum: *checksum, first, sectors });
            first += sectors * self.stripes;
            self.states.resize(self.states.len() + self.stripes, State::new(*checksum));
        }
        self.digests.reset(digests, data);
        // Every guard is written in the pass.
        self.guards.resize(first, 0);
        let (blocks, words) = (self.blocks(), self.words());
        self.zeros.clear();
        self.zeros.resize(data * words, !0);
        if blocks % 64 != 0 {
            for map in self.zeros.chunks_exact_mut(words) {
                map[words - 1] = (1 << (blocks % 64)) - 1;
            }
        }
        for (positions, count) in [
            (&mut self.work.data, data),
            (&mut self.work.parity, parity),
            (&mut self.work.copy, data),
        ] {
            positions.clear();
            positions.resize(count, Position::default());
        }
    }

    /// Takes in the bytes of a stripe from `start` on.
    #[inline]
    pub(super) fn add(&mut self, stripe: usize, start: usize, bytes: &[u8]) {
        self.digests.add(stripe, bytes);
        for (at, of) in self.checksums.iter().enumerate() {
            let Some(state) = self.states.get_mut(at * self.stripes + stripe) else { continue };
            match of.checksum.sector() {
                None => state.update(bytes),
                Some(sector) => {
                    let guards = self.guards.get_mut(of.range(stripe)).unwrap_or_default();
                    let guards = guards.get_mut(start / sector..).unwrap_or_default();
                    let mut places = guards.iter_mut();
                    state.update_guards(bytes, |some| {
                        places.by_ref().zip(some).for_each(|(place, guard)| *place = *guard);
                    });
                }
            }
        }
    }

    /// Marks the blocks of a data stripe that the bytes from `start` on show not to be zero.
    #[inline]
    pub(super) fn see(&mut self, backend: Backend, stripe: usize, start: usize, bytes: &[u8]) {
        if self.block == 0 {
            return;
        }
        let words = self.words();
        let Some(map) = self.zeros.get_mut(stripe * words..(stripe + 1) * words) else { return };
        let (mut at, mut bytes) = (start, bytes);
        while !bytes.is_empty() {
            let (block, left) = (at / self.block, self.block - at % self.block);
            let (part, rest) = bytes.split_at(left.min(bytes.len()));
            let Some(word) = map.get_mut(block / 64) else { return };
            let bit = 1 << (block % 64);
            if *word & bit != 0 && !gf::is_zero(backend, part) {
                *word &= !bit;
            }
            (at, bytes) = (at + part.len(), rest);
        }
    }

    /// The guards of sectors that the end of the row cut short, and the digests.
    pub(super) fn end(&mut self, codec: &Codec) -> Result<(), Error> {
        for (at, of) in self.checksums.iter().enumerate() {
            let states = self.states.iter_mut().skip(at * self.stripes).take(self.stripes);
            for (stripe, state) in states.enumerate() {
                let last = self.guards.get_mut(of.range(stripe)).and_then(<[u16]>::last_mut);
                state.cut(0, |guard| {
                    if let Some(last) = last {
                        *last = guard;
                    }
                });
            }
        }
        self.digests.end(codec)
    }
}

impl Of {
    /// Where the guards of a stripe are.
    fn range(&self, stripe: usize) -> Range<usize> {
        let first = self.first + stripe * self.sectors;
        first..first + self.sectors
    }
}
