//! One step: a column tile of one row of one RAID set.

use super::{Health, Job, Part};
use alloc::vec::Vec;
use core::ops::Range;

/// A member of a RAID set at the columns of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index of its component.
    pub component: usize,
    /// Stripe in that component.
    pub stripe: u32,
    /// Where the tile starts in the stripe's object.
    pub offset: u64,
    /// Where it starts in the file space of its mirror.
    pub file: u64,
    /// Bytes that can be non-zero; the rest of the tile lies past the end of the file.
    pub len: usize,
    /// Its object is lost.
    pub lost: bool,
}

/// Where the bytes of a transfer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this offset of the caller's input.
    Input(u64),
    /// At this offset of the caller's output.
    Output(u64),
    /// In an object: component index, stripe, offset.
    Object(usize, u32, u64),
}

/// Bytes `at..at + len` of shard `shard` come from or go to `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Shard of the step, data first.
    pub shard: usize,
    /// First byte in the shard.
    pub at: usize,
    /// Bytes.
    pub len: usize,
    /// The other side.
    pub place: Place,
}

/// What is computed between the reads and the writes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Nothing: bytes are moved.
    Copy,
    /// All parity shards from all data shards.
    Encode,
    /// Do the parity shards agree with the data?
    Verify,
    /// The lost shards, from those that were read. `check` is a surviving parity shard that the
    /// reconstruction does not need: it is computed too and compared with what is stored.
    Reconstruct {
        /// Shards to compute.
        lost: Vec<usize>,
        /// Shard to prove the result with.
        check: Option<usize>,
    },
    /// More is lost than the parity replaces: these shards cannot be had. What can be had of the
    /// others is still moved.
    Lost(Vec<usize>),
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Row of the component.
    pub row: u64,
    /// RAID set.
    pub set: u32,
    /// Bytes of each shard.
    pub width: usize,
    /// Bytes of each member's stripe unit before and behind the tile, in the same object.
    pub around: (u64, u64),
    /// Data shards (k of this set).
    pub data: usize,
    /// Parity shards (p; 0 in a component without parity).
    pub parity: usize,
    /// The members, data then parity.
    pub members: Vec<Member>,
    /// What to read.
    pub reads: Vec<Transfer>,
    /// What to compute.
    pub work: Work,
    /// What to write.
    pub writes: Vec<Transfer>,
}

/// Makes step `index` of a part; `None` where nothing is to be done.
///
/// `planned` is what the plan was made for, `health` what is known by now: a rebuild writes the
/// objects that were planned, but reads from none that turned out bad since.
pub(super) fn make(
    job: Job,
    part: &Part,
    index: u64,
    planned: &Health,
    health: &Health,
) -> Option<Step> {
    let (row, set, columns, side) = part.locate(index)?;
    let members = part.members(row, set, columns.clone(), health);
    let data = part.sets().get(set).data as usize;
    let parity = members.len() - data;
    let width = members.iter().map(|m| m.len).max().unwrap_or(0);
    if width == 0 {
        return None;
    }
    let around = (columns.start - side.start, side.end - columns.start - width as u64);
    let draft = Draft { members, data, parity, width, around, row, set };
    match job {
        Job::Write => Some(draft.write()),
        Job::Parity => Some(draft.parity()),
        Job::Resync => Some(draft.resync()),
        Job::Verify => draft.verify(),
        Job::Rebuild => {
            let members = part.members(row, set, columns, planned);
            let targets: Vec<usize> =
                (0..members.len()).filter(|&s| is_gone(&members[s])).collect();
            draft.rebuild(targets)
        }
        Job::Read { check } => {
            // Only the columns that the range touches are read.
            let range = &part.wanted();
            let hull = draft.wanted(range)?;
            let narrow = columns.start + hull.start as u64..columns.start + hull.end as u64;
            let members = part.members(row, set, narrow, health);
            let width = hull.end - hull.start;
            let before = columns.start - side.start + hull.start as u64;
            let around = (before, side.end - side.start - before - width as u64);
            Some(Draft { members, width, around, ..draft }.read(range, check))
        }
    }
}

/// A step whose members are known.
struct Draft {
    members: Vec<Member>,
    data: usize,
    parity: usize,
    width: usize,
    around: (u64, u64),
    row: u64,
    set: u32,
}

impl Draft {
    /// Columns (of this tile) that hold a byte of `range`.
    fn wanted(&self, range: &Range<u64>) -> Option<Range<usize>> {
        let mut hull: Option<Range<usize>> = None;
        for member in &self.members[..self.data] {
            let Some(part) = clip(member, range) else { continue };
            hull = Some(match hull {
                None => part,
                Some(h) => h.start.min(part.start)..h.end.max(part.end),
            });
        }
        hull
    }

    fn finish(self, reads: Vec<Transfer>, work: Work, writes: Vec<Transfer>) -> Step {
        let Draft { members, data, parity, width, around, row, set } = self;
        Step { row, set, width, around, data, parity, members, reads, work, writes }
    }

    /// Transfers of the whole tile of some shards, from or to their objects.
    fn objects(&self, shards: impl Iterator<Item = usize>) -> Vec<Transfer> {
        self.transfers(shards, |m| Place::Object(m.component, m.stripe, m.offset))
    }

    fn transfers(
        &self,
        shards: impl Iterator<Item = usize>,
        place: impl Fn(&Member) -> Place,
    ) -> Vec<Transfer> {
        shards
            .map(|shard| (shard, &self.members[shard]))
            .filter(|(_, m)| m.len > 0)
            .map(|(shard, m)| Transfer { shard, at: 0, len: m.len, place: place(m) })
            .collect()
    }

    fn all(&self) -> Range<usize> {
        0..self.members.len()
    }

    fn parities(&self) -> Range<usize> {
        self.data..self.members.len()
    }

    fn encode_or_copy(&self) -> Work {
        if self.parity == 0 { Work::Copy } else { Work::Encode }
    }

    fn write(self) -> Step {
        let reads = self.transfers(0..self.data, |m| Place::Input(m.file));
        let writes = self.objects((0..self.data).chain(self.parities()));
        let work = self.encode_or_copy();
        self.finish(reads, work, writes)
    }

    fn parity(self) -> Step {
        let reads = self.transfers(0..self.data, |m| Place::Input(m.file));
        let writes = self.transfers(self.parities(), |m| Place::Output(m.file));
        let work = self.encode_or_copy();
        self.finish(reads, work, writes)
    }

    fn resync(self) -> Step {
        // Data that turned out unreadable: the old parity may be all that is left of it.
        let lost = self.lost(0..self.data);
        if !lost.is_empty() {
            return self.finish(Vec::new(), Work::Lost(lost), Vec::new());
        }
        let reads = self.objects(0..self.data);
        let writes = self.objects(self.parities());
        let work = self.encode_or_copy();
        self.finish(reads, work, writes)
    }

    /// Reads everything that is there; what is lost is named, the rest compared where nothing is.
    fn verify(self) -> Option<Step> {
        let lost: Vec<usize> = self.lost(self.all());
        if lost.is_empty() {
            if self.parity == 0 {
                return None;
            }
            let reads = self.objects(self.all());
            return Some(self.finish(reads, Work::Verify, Vec::new()));
        }
        Some(match self.recover(&lost) {
            Some((sources, check)) => {
                let reads = self.objects(sources.into_iter());
                self.finish(reads, Work::Reconstruct { lost, check }, Vec::new())
            }
            None => self.finish(Vec::new(), Work::Lost(lost), Vec::new()),
        })
    }

    fn lost(&self, shards: impl Iterator<Item = usize>) -> Vec<usize> {
        shards.filter(|&s| is_gone(&self.members[s])).collect()
    }

    fn rebuild(self, targets: Vec<usize>) -> Option<Step> {
        if targets.is_empty() {
            return None;
        }
        let Some((sources, check)) = self.recover(&targets) else {
            return Some(self.finish(Vec::new(), Work::Lost(targets), Vec::new()));
        };
        let reads = self.objects(sources.into_iter());
        let writes = self.objects(targets.iter().copied());
        Some(self.finish(reads, Work::Reconstruct { lost: targets, check }, writes))
    }

    /// The shards to read so that all lost data and the `wanted` ones can be computed, and one
    /// more parity to prove it with. `None` if too little is left.
    ///
    /// Members past the file's end count as zeros: they need no reading and are never lost.
    fn recover(&self, wanted: &[usize]) -> Option<(Vec<usize>, Option<usize>)> {
        let lost_data = self.lost(0..self.data).len();
        let mut parities = self.parities().filter(|&s| !self.members[s].lost);
        let mut sources: Vec<usize> =
            (0..self.data).filter(|&s| !self.members[s].lost || self.members[s].len == 0).collect();
        for _ in 0..lost_data {
            sources.push(parities.next()?);
        }
        debug_assert!(sources.len() == self.data, "any k survivors determine the row");
        let check = parities.next().filter(|s| !wanted.contains(s));
        sources.extend(check);
        Some((sources, check))
    }

    fn read(self, range: &Range<u64>, check: bool) -> Step {
        let wanted: Vec<usize> =
            (0..self.data).filter(|&s| clip(&self.members[s], range).is_some()).collect();
        let lost = self.lost(wanted.iter().copied());
        let output = |shards: &mut dyn Iterator<Item = usize>| -> Vec<Transfer> {
            let piece = |shard: usize| {
                let member = &self.members[shard];
                let part = clip(member, range)?;
                let place = Place::Output(member.file + part.start as u64);
                Some(Transfer { shard, at: part.start, len: part.end - part.start, place })
            };
            shards.filter_map(piece).collect()
        };
        if lost.is_empty() {
            let writes = output(&mut wanted.iter().copied());
            let healthy = self.parity > 0 && self.lost(self.all()).is_empty();
            if check && healthy {
                let reads = self.objects(self.all());
                return self.finish(reads, Work::Verify, writes);
            }
            // One parity is proof enough where others are lost.
            if check {
                let spare = self.parities().into_iter().find(|&s| !self.members[s].lost);
                if let (Some(spare), true) = (spare, self.lost(0..self.data).is_empty()) {
                    let reads = self.objects((0..self.data).chain([spare]));
                    let work = Work::Reconstruct { lost: Vec::new(), check: Some(spare) };
                    return self.finish(reads, work, writes);
                }
            }
            let reads = self.objects(wanted.into_iter());
            return self.finish(reads, Work::Copy, writes);
        }
        match self.recover(&lost) {
            Some((sources, surplus)) => {
                let writes = output(&mut wanted.iter().copied());
                let reads = self.objects(sources.into_iter());
                self.finish(reads, Work::Reconstruct { lost, check: surplus }, writes)
            }
            None => {
                let mut kept = wanted.iter().copied().filter(|s| !lost.contains(s));
                let writes = output(&mut kept);
                let kept = wanted.iter().copied().filter(|s| !lost.contains(s));
                let reads = self.objects(kept);
                self.finish(reads, Work::Lost(lost), writes)
            }
        }
    }
}

/// A member that holds bytes of the file (or parity of such) and is lost.
fn is_gone(member: &Member) -> bool {
    member.lost && member.len > 0
}

/// The bytes of a member's tile that lie in `range` of the file.
pub(super) fn clip(member: &Member, range: &Range<u64>) -> Option<Range<usize>> {
    let end = member.file.saturating_add(member.len as u64).min(range.end);
    let start = member.file.max(range.start);
    (start < end).then(|| (start - member.file) as usize..(end - member.file) as usize)
}
