//! What the columns of a row say together.

use alloc::vec;
use alloc::vec::Vec;

use super::column::{Checks, Culprits, LookAlike, PerCulprit, Sums};
use super::evidence::{Scale, Sizes};
use crate::gf::{inv, mul};

/// What [`Codec::locate`](super::super::Codec::locate) found out about a row.
///
/// A *column* is one byte of each shard, all at the same offset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Located {
    /// Shards that are there beyond the k that are needed. Damage of so many shards of a column is
    /// always noticed, and of half as many (rounded down) always told right. With none, nothing
    /// was checked.
    pub surplus: usize,
    /// Columns whose bytes contradict each other.
    pub wrong: usize,
    /// The shards that are blamed for wrong columns, in rising order.
    pub suspects: Vec<Suspect>,
    /// Wrong columns for which nobody is blamed, because no set of `surplus / 2` shards explains
    /// them.
    pub unexplained: usize,
    /// The first of these.
    pub first_unexplained: Option<usize>,
}

/// A shard that seems to hold wrong bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspect {
    /// The shard: data from 0, parity from k.
    pub shard: usize,
    /// Columns in which it is blamed.
    pub columns: usize,
    /// The first of these.
    pub first: usize,
    /// The last of these.
    pub last: usize,
    /// Bits of evidence: chance, meaning random damage of more than `surplus / 2` shards in the
    /// same columns, would accuse some innocent shard this strongly in at most one of
    /// `2^evidence` damaged rows.
    ///
    /// Only what is new counts. Columns whose damage is byte for byte the same are one observation;
    /// so are those whose bytes are sums of multiples of others' bytes, because damage that treats
    /// all columns alike (zeroes, exchanges or copies shards) then does the same again: a row of
    /// which all shards hold the same text, or but one hold zeros, proves little. With two surplus
    /// shards, a column that would look the same if two others had been swapped, or had changed
    /// from the same byte to another, is none; nor is any column in which all but the blamed shards
    /// hold zero, because zeros are also what lost shards read as. And there is no evidence at all
    /// against a shard that is blamed in fewer different columns than are unexplained.
    pub evidence: u32,
}

impl Suspect {
    /// The evidence that makes sure: one innocent shard in 65536 rows that are damaged beyond what
    /// can be told.
    pub const SURE: u32 = 16;

    /// True if the evidence is at least [`SURE`](Self::SURE).
    pub const fn is_sure(&self) -> bool {
        self.evidence >= Self::SURE
    }
}

/// What to do about a row. See [`Located::verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing contradicts.
    Clean,
    /// No shard was left over to check the others with.
    Unchecked,
    /// These shards, in rising order, explain all wrong columns, and the evidence against each is
    /// sure. They are more than can be lost at once if damage of different columns is in different
    /// shards: then only the columns can be replaced.
    Replace(Vec<usize>),
    /// Something is wrong, and who is to blame is not sure for at least one column.
    CannotTell,
}

impl Located {
    pub(super) fn clean(surplus: usize) -> Located {
        let (suspects, first_unexplained) = (Vec::new(), None);
        Located { surplus, wrong: 0, suspects, unexplained: 0, first_unexplained }
    }

    /// True if there was something to check the row with, and it agreed.
    pub fn is_clean(&self) -> bool {
        self.surplus > 0 && self.wrong == 0
    }

    /// The sure thing, or that there is none.
    ///
    /// [`Verdict::CannotTell`] does not mean that nobody is guilty: suspects that
    /// [are sure](Suspect::is_sure) still are, each by itself. Leave them out and ask again, to see
    /// what the others say.
    pub fn verdict(&self) -> Verdict {
        if self.surplus == 0 {
            Verdict::Unchecked
        } else if self.wrong == 0 {
            Verdict::Clean
        } else if self.unexplained == 0 && self.suspects.iter().all(Suspect::is_sure) {
            Verdict::Replace(self.suspects.iter().map(|suspect| suspect.shard).collect())
        } else {
            Verdict::CannotTell
        }
    }
}

/// Sets that explained earlier columns and are tried first in the next.
const REMEMBERED: usize = 8;

/// Bits of the record of sums that were seen, as a power of two.
const SEEN_BITS: u32 = 16;

/// Observations that count against one shard. More prove nothing that these do not.
const ENOUGH: usize = 16;

/// After so many columns in a row that were nothing new, no more are tried: a code of few shards
/// has no sixteen columns that are independent.
const PATIENCE: u32 = 256;

/// What is known of a shard so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    columns: usize,
    first: usize,
    last: usize,
    /// Columns whose sums were new.
    different: u64,
    /// Those of them that were no sums of multiples of earlier ones.
    accusers: Sizes,
    span: Span,
    /// Columns since the last that was none.
    in_vain: u32,
    /// Found when the shard is first accused.
    look_alikes: Option<Vec<LookAlike>>,
}

impl Tally {
    /// Counts a column with new sums; true if it is evidence.
    fn accuse(&mut self, size: usize, column: &[u8]) -> bool {
        self.different += 1;
        if self.span.rows.len() == ENOUGH || self.in_vain == PATIENCE {
            return false;
        }
        let counts = self.span.insert(column);
        self.in_vain = if counts { 0 } else { self.in_vain + 1 };
        if let Some(accusers) = self.accusers.get_mut(size - 1) {
            *accusers += u64::from(counts);
        }
        counts
    }
}

/// All sums of multiples of some columns.
#[derive(Clone, Debug, Default)]
struct Span {
    /// In each, the first byte that is not zero is 1, and in none of the later ones is there
    /// anything but zero at that place.
    rows: Vec<(usize, Vec<u8>)>,
}

impl Span {
    /// Adds a column; false if it is in the span.
    fn insert(&mut self, column: &[u8]) -> bool {
        let mut column = column.to_vec();
        for (pivot, row) in &self.rows {
            let factor = column[*pivot];
            if factor != 0 {
                column.iter_mut().zip(row).for_each(|(byte, other)| *byte ^= mul(factor, *other));
            }
        }
        let Some(pivot) = column.iter().position(|byte| *byte != 0) else { return false };
        let scale = inv(column[pivot]);
        column.iter_mut().for_each(|byte| *byte = mul(scale, *byte));
        self.rows.push((pivot, column));
        true
    }
}

/// Decides column after column, and counts.
#[derive(Debug)]
pub(super) struct Votes {
    checks: Checks,
    /// Those that explained a column, the latest first.
    sets: Vec<Culprits>,
    /// For each survivor.
    tallies: Vec<Tally>,
    /// Sums that were seen, by hash. A second column with the same is no new evidence.
    seen: Vec<u64>,
    /// Columns that count.
    observations: u64,
    /// Unexplained columns with new sums.
    unexplained: u64,
    /// The bytes of the column at hand.
    bytes: Vec<u8>,
    found: Located,
}

impl Votes {
    pub(super) fn new(checks: Checks) -> Votes {
        Votes {
            sets: Vec::with_capacity(REMEMBERED),
            tallies: vec![Tally::default(); checks.labels().len()],
            seen: vec![0; 1 << (SEEN_BITS - 6)],
            observations: 0,
            unexplained: 0,
            bytes: vec![0; checks.labels().len()],
            found: Located::clean(checks.surplus()),
            checks,
        }
    }

    /// Column `at` has these sums, not all zero. `byte` gives its bytes by the place of the shard
    /// among the survivors.
    #[inline]
    pub(super) fn column(&mut self, at: usize, sums: &Sums, byte: impl Fn(usize) -> u8) {
        self.found.wrong += 1;
        let is_new = self.is_new(sums);
        let Some(values) = self.explain(sums) else {
            self.found.unexplained += 1;
            self.found.first_unexplained.get_or_insert(at);
            self.unexplained += u64::from(is_new);
            self.observations += u64::from(is_new);
            return;
        };
        let set = self.sets.first().map_or(&[][..], Culprits::shards);
        let blamed = || set.iter().zip(values).filter(|(_, value)| *value != 0);
        let size = blamed().count();
        let (mut is_evidence, mut counts) = (false, false);
        if is_new {
            self.bytes.iter_mut().enumerate().for_each(|(place, slot)| *slot = byte(place));
            // Too few for a column of the code: without the blamed it would be all zeros.
            is_evidence = self.bytes.iter().filter(|byte| **byte != 0).count() > size;
        }
        for (shard, _) in blamed() {
            let Ok(place) = self.checks.labels().binary_search(shard) else { continue };
            let tally = &mut self.tallies[place];
            if tally.columns == 0 {
                tally.first = at;
            }
            tally.columns += 1;
            tally.last = at;
            if is_evidence {
                let look_alikes =
                    tally.look_alikes.get_or_insert_with(|| self.checks.look_alikes(*shard));
                if !look_alikes.iter().any(|pair| pair.fits(sums, &self.bytes)) {
                    counts |= tally.accuse(size, &self.bytes);
                }
            }
        }
        self.observations += u64::from(counts);
    }

    /// The values that the shards of the first remembered set contribute to the sums, which it then
    /// explains.
    ///
    /// If any set of at most the limit does, it is the only one that can, so it does not matter
    /// where it comes from: damage mostly goes on as it began.
    #[inline]
    fn explain(&mut self, sums: &Sums) -> Option<PerCulprit> {
        let surplus = self.checks.surplus();
        for (at, set) in self.sets.iter().enumerate() {
            if let Some(values) = set.explain(surplus, sums) {
                if at > 0 {
                    self.sets[..=at].rotate_right(1);
                }
                return Some(values);
            }
        }
        let set = self.checks.blame(sums)?;
        self.sets.truncate(REMEMBERED - 1);
        self.sets.insert(0, set);
        set.explain(surplus, sums)
    }

    /// True the first time that these sums are seen. Two different sums of the same hash are taken
    /// for one, whoever they accuse.
    #[inline]
    fn is_new(&mut self, sums: &Sums) -> bool {
        let mut bytes = [0; 16];
        bytes[..sums.len()].copy_from_slice(sums);
        let (low, high) = bytes.split_at(8);
        let word =
            |half: &[u8]| half.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        // Odd constants without a pattern: the golden ratio's, and one of splitmix64's.
        let hash = word(low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ word(high).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(32);
        let hash = hash.wrapping_mul(0x94d0_49bb_1331_11eb) >> (64 - SEEN_BITS);
        let (slot, bit) = (&mut self.seen[hash as usize / 64], 1 << (hash % 64));
        let is_new = *slot & bit == 0;
        *slot |= bit;
        is_new
    }

    pub(super) fn found(self) -> Located {
        let Votes { checks, tallies, observations, unexplained, mut found, .. } = self;
        let (surplus, shards) = (checks.surplus(), checks.labels().len());
        let scale = Scale { surplus, shards, columns: observations };
        let blamed = checks.labels().iter().zip(tallies).filter(|(_, tally)| tally.columns > 0);
        found.suspects = blamed
            .map(|(label, tally)| Suspect {
                shard: usize::from(*label),
                columns: tally.columns,
                first: tally.first,
                last: tally.last,
                evidence: if tally.different < unexplained {
                    0
                } else {
                    scale.weigh(&tally.accusers)
                },
            })
            .collect();
        found
    }
}
