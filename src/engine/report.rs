//! What a run proved, and what it found damaged.

use crate::layout::ObjectId;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// What is known of a range of bytes that was read or rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Checked: parity that was not needed to get the bytes agrees with them.
    Proven,
    /// Given as the object holds it; no parity was asked.
    Stored,
    /// Reconstructed from parity that was written there; none is left over to check it with.
    Consistent,
    /// The parity there was never written, so it says nothing about the lost bytes.
    Unprovable,
    /// Data and parity disagree: at least one object holds wrong bytes.
    Contradicted,
    /// More is lost than the parity replaces.
    Lost,
}

impl Proof {
    /// All values, best first.
    pub const ALL: [Proof; 6] = [
        Proof::Proven,
        Proof::Stored,
        Proof::Consistent,
        Proof::Unprovable,
        Proof::Contradicted,
        Proof::Lost,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Proven => "proven",
            Proof::Stored => "stored",
            Proof::Consistent => "consistent",
            Proof::Unprovable => "unprovable",
            Proof::Contradicted => "contradicted",
            Proof::Lost => "lost",
        }
    }

    /// Bytes reconstructed with this much certainty may be given to the user.
    pub const fn is_sound(self) -> bool {
        matches!(self, Proof::Proven | Proof::Stored | Proof::Consistent)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Damage met on the way: an object that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The object; `None` for a slot that names none.
    pub object: Option<ObjectId>,
    /// Component index in the layout.
    pub component: usize,
    /// Stripe in the component.
    pub stripe: u32,
    /// What happened, as a sentence without a full stop.
    pub what: String,
}

/// Ranges kept in full; beyond this many, only the totals are.
const MOST_RANGES: usize = 1 << 16;
/// Damaged objects listed; a layout has at most some thousands.
const MOST_DAMAGE: usize = 4096;

/// What is known of one range of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Bytes of the file.
    pub range: Range<u64>,
    /// What is known of them.
    pub proof: Proof,
    /// They could be given. Wrong or unknown bytes of a lost object are withheld; bytes that an
    /// object still holds are given even where parity contradicts them.
    pub given: bool,
}

/// What a run did and found. Its memory is bounded whatever the file's size.
#[derive(Clone, Debug, Default)]
pub struct Report {
    totals: [u64; Proof::ALL.len()],
    withheld: u64,
    ranges: Vec<Finding>,
    sorted: usize,
    truncated: bool,
    damage: Vec<Damage>,
    /// Thread time of reads, computation and writes.
    pub times: Times,
    /// Bytes of parity written.
    pub parity_written: u64,
    /// Bytes of parity that a rebuild could not write with certainty.
    pub parity_withheld: u64,
    /// Parity tiles (per RAID set) that disagree with the data.
    pub mismatches: u64,
}

/// Where the time of a run went, summed over its threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Reading objects or the input.
    pub read: Duration,
    /// Encoding, verifying, reconstructing.
    pub code: Duration,
    /// Writing objects or the output.
    pub write: Duration,
}

impl Report {
    /// Records what is known of `range` of the file.
    pub fn add(&mut self, range: Range<u64>, proof: Proof, given: bool) {
        if range.is_empty() {
            return;
        }
        self.totals[proof as usize] += range.end - range.start;
        if !given {
            self.withheld += range.end - range.start;
        }
        self.keep(Finding { range, proof, given });
    }

    /// Keeps a finding as long as there is room. The list is put in order only when it has grown
    /// to twice what is kept, so a finding costs constant time.
    fn keep(&mut self, finding: Finding) {
        if self.truncated {
            return;
        }
        self.ranges.push(finding);
        if self.ranges.len() >= 2 * MOST_RANGES {
            self.settle();
            if self.ranges.len() > MOST_RANGES {
                self.ranges.truncate(MOST_RANGES);
                self.truncated = true;
            }
        }
    }

    /// Records a damaged object once.
    pub fn add_damage(&mut self, damage: Damage) {
        let known = |d: &Damage| d.component == damage.component && d.stripe == damage.stripe;
        if self.damage.len() < MOST_DAMAGE && !self.damage.iter().any(known) {
            self.damage.push(damage);
        }
    }

    /// Adds another report's findings, as of the next window of the same file.
    pub fn merge(&mut self, other: Report) {
        for (mine, theirs) in self.totals.iter_mut().zip(other.totals) {
            *mine += theirs;
        }
        self.withheld += other.withheld;
        other.ranges.into_iter().for_each(|finding| self.keep(finding));
        self.truncated |= other.truncated;
        other.damage.into_iter().for_each(|d| self.add_damage(d));
        self.times.read += other.times.read;
        self.times.code += other.times.code;
        self.times.write += other.times.write;
        self.parity_written += other.parity_written;
        self.parity_withheld += other.parity_withheld;
        self.mismatches += other.mismatches;
    }

    /// Bytes with this proof.
    pub fn bytes(&self, proof: Proof) -> u64 {
        self.totals[proof as usize]
    }

    /// The ranges in file order, neighbours merged, and whether the list is complete. Of very
    /// many ranges only the first ones found are kept; the totals always count all.
    pub fn ranges(&mut self) -> (&[Finding], bool) {
        self.settle();
        (&self.ranges, !self.truncated)
    }

    /// Takes out the findings of bytes that were withheld, to try for them again. Nothing is taken
    /// if the list is not complete.
    pub(super) fn take_withheld(&mut self) -> Vec<Finding> {
        self.settle();
        if self.truncated || self.withheld == 0 {
            return Vec::new();
        }
        let (given, withheld) = self.ranges.drain(..).partition(|f| f.given);
        self.ranges = given;
        self.sorted = self.ranges.len();
        for finding in &withheld {
            let Finding { range, proof, .. }: &Finding = finding;
            self.totals[*proof as usize] -= range.end - range.start;
            self.withheld -= range.end - range.start;
        }
        withheld
    }

    /// Damaged objects that were met.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Bytes that could not be given or rebuilt.
    pub fn withheld(&self) -> u64 {
        self.withheld
    }

    fn settle(&mut self) {
        if self.sorted == self.ranges.len() {
            return;
        }
        self.ranges.sort_unstable_by_key(|f| (f.range.start, f.range.end, f.proof));
        let mut merged: Vec<Finding> = Vec::with_capacity(self.ranges.len());
        for next in self.ranges.drain(..) {
            match merged.last_mut() {
                Some(last)
                    if (last.proof, last.given) == (next.proof, next.given)
                        && last.range.end >= next.range.start =>
                {
                    last.range.end = last.range.end.max(next.range.end);
                }
                _ => merged.push(next),
            }
        }
        self.sorted = merged.len();
        self.ranges = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_merge_whatever_the_order() {
        let mut report = Report::default();
        report.add(10..20, Proof::Proven, true);
        report.add(0..10, Proof::Proven, true);
        report.add(20..30, Proof::Lost, false);
        report.add(30..30, Proof::Lost, false);
        let expected = [
            Finding { range: 0..20, proof: Proof::Proven, given: true },
            Finding { range: 20..30, proof: Proof::Lost, given: false },
        ];
        assert_eq!(report.ranges(), (&expected[..], true));
        assert_eq!((report.bytes(Proof::Proven), report.withheld()), (20, 10));
    }

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut report = Report::default();
        for i in 0..3 * MOST_RANGES as u64 {
            // As the executor does it: a small report for each step.
            let mut step = Report::default();
            step.add(2 * i..2 * i + 1, Proof::Lost, false);
            report.merge(step);
            assert!(report.ranges.len() <= 2 * MOST_RANGES);
        }
        assert_eq!(report.bytes(Proof::Lost), 3 * MOST_RANGES as u64);
        let (ranges, complete) = report.ranges();
        assert!(ranges.len() == MOST_RANGES && !complete);
    }
}
