//! What the loss of OSTs does to one file.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use super::common;
use super::exposure::{Candidate, Exposure, Set, SetMember, Stretch, sets};
use crate::layout::Extent;
use crate::layout::plan::Part;

/// How badly off a file is; the order is that of urgency, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// No object that counts is lost.
    Safe,
    /// Objects are lost, but every byte is there, and still is if any one more OST fails.
    Degraded,
    /// Every byte is there, but there is an OST whose failure would lose some: repair it first.
    Critical,
    /// Bytes are lost.
    Lost,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Class::Safe => "safe",
            Class::Degraded => "degraded",
            Class::Critical => "critical",
            Class::Lost => "lost",
        })
    }
}

/// What the loss of some OSTs does to a file. Made by [`Exposure::without`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How badly off it is.
    pub class: Class,
    /// An OST that the file cannot lose as well, of a critical file.
    pub next: Option<u32>,
    /// Where bytes are lost.
    pub lost: Vec<LostRange>,
    /// What a repair reads, and what it has to write anew, by OST; nothing of what is lost for good
    /// and nothing if the file's size is not known.
    pub traffic: BTreeMap<u32, OstBytes>,
}

/// A stretch of the file that has lost bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// The stretch.
    pub extent: Extent,
    /// The component that has the most of it left; `None` if none is up to date.
    pub component: Option<usize>,
    /// The stripes of that component whose bytes cannot be had.
    pub stripes: Vec<u32>,
    /// The bytes of the stretch that are lost, if the file's size is known. Where several mirrors
    /// cover a stretch of very many stripe units it is an upper bound: what the best of them lost.
    pub bytes: Option<u64>,
}

/// Bytes that a repair moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OstBytes {
    /// To be read from this OST.
    pub read: u64,
    /// That this (lost) OST held, to be written to others.
    pub rewrite: u64,
}

impl Exposure {
    /// What happens to the file without the OSTs `lost`.
    ///
    /// A repair is taken to read, for each row of a RAID set with lost members, as many surviving
    /// members as it has data units (data before parity); a component without usable parity is
    /// copied from another mirror, evenly from that one's stripes.
    pub fn without(&self, lost: &BTreeSet<u32>) -> Loss {
        let is_lost = |ost: u32| lost.contains(&ost);
        let hit = self.members().any(|member| member.is_lost(&is_lost));
        let mut loss =
            Loss { class: Class::Safe, next: None, lost: Vec::new(), traffic: BTreeMap::new() };
        let unreadable = |stretch: &&Stretch| !stretch.is_readable(&is_lost);
        loss.lost = self
            .stretches
            .iter()
            .filter(unreadable)
            .map(|stretch| self.lost_range(stretch, &is_lost))
            .collect();
        if !hit && loss.lost.is_empty() {
            return loss;
        }
        loss.class = match loss.lost.is_empty() {
            true => Class::Degraded,
            false => Class::Lost,
        };
        if loss.class == Class::Degraded {
            loss.next = self.stretches.iter().find_map(|stretch| stretch.next_fatal(&is_lost));
            if loss.next.is_some() {
                loss.class = Class::Critical;
            }
        }
        if self.size.is_some() {
            for part in &self.parts {
                self.repair(part, &is_lost, &mut loss.traffic);
            }
        }
        loss
    }

    fn members(&self) -> impl Iterator<Item = &SetMember> {
        let candidates = self.stretches.iter().flat_map(|stretch| &stretch.candidates);
        candidates.flat_map(|c| &c.sets).flat_map(|set| set.data.iter().chain(&set.parity))
    }

    /// Adds what repairing a component's lost objects moves.
    fn repair(
        &self,
        part: &Part,
        lost: &impl Fn(u32) -> bool,
        traffic: &mut BTreeMap<u32, OstBytes>,
    ) {
        for set in sets(part, &part.extent()) {
            let (data, parity) = set.lost(lost);
            if data + parity == 0 {
                continue;
            }
            let gone = || set.data.iter().chain(&set.parity).filter(|member| member.is_lost(lost));
            if set.is_readable(lost) {
                // Members are of equal length but for those that the file's end cuts; reading as
                // many as have bytes is enough, the rest is zeros.
                let members = set.data.iter().chain(&set.parity);
                let left = members.filter(|member| !member.is_lost(lost));
                for member in left.take(set.data.len()) {
                    add(traffic, &set, member, |bytes| &mut bytes.read);
                }
            } else {
                let bytes = gone().map(|member| member.bytes.saturating_mul(set.rows));
                let bytes = bytes.fold(0, u64::saturating_add);
                if !self.copy(part, bytes, lost, traffic) {
                    continue;
                }
            }
            for member in gone() {
                add(traffic, &set, member, |bytes| &mut bytes.rewrite);
            }
        }
    }

    /// Reads `bytes` for a component from the mirrors beside it, evenly from the OSTs that are left
    /// of them. False if they have not got all of it.
    fn copy(
        &self,
        part: &Part,
        bytes: u64,
        lost: &impl Fn(u32) -> bool,
        traffic: &mut BTreeMap<u32, OstBytes>,
    ) -> bool {
        let mut osts = BTreeSet::new();
        for stretch in &self.stretches {
            let own = |one: &&Candidate| one.component == part.data_component();
            if !stretch.candidates.iter().any(|one| own(&one)) {
                continue;
            }
            if !stretch.is_readable(lost) {
                return false;
            }
            let others = stretch.candidates.iter().filter(|one| !own(one));
            osts.extend(others.flat_map(|one| &one.osts).filter(|ost| !lost(**ost)));
        }
        let count = osts.len() as u64;
        for (number, ost) in (0u64..).zip(osts) {
            let share = bytes / count + u64::from(number < bytes % count);
            let read = &mut traffic.entry(ost).or_default().read;
            *read = read.saturating_add(share);
        }
        count > 0
    }

    fn lost_range(&self, stretch: &Stretch, lost: &impl Fn(u32) -> bool) -> LostRange {
        let of = |candidate: &Candidate| {
            let (mut stripes, mut bytes) = (BTreeSet::new(), 0u64);
            for set in candidate.sets.iter().filter(|set| !set.is_readable(lost)) {
                for member in set.missing(lost) {
                    stripes.insert(member.stripe);
                    bytes = bytes.saturating_add(member.wanted.saturating_mul(set.rows));
                }
            }
            (bytes, candidate.component, stripes)
        };
        let best = stretch.candidates.iter().map(of).min_by_key(|(bytes, ..)| *bytes);
        let len = stretch.extent.end - stretch.extent.start;
        let most = best.as_ref().map_or(len, |(bytes, ..)| (*bytes).min(len));
        let bytes = match stretch.candidates.len() {
            0 | 1 => most,
            _ => common::bytes_in_common(stretch.extent, &stretch.candidates, lost).unwrap_or(most),
        };
        LostRange {
            extent: stretch.extent,
            component: best.as_ref().map(|(_, component, _)| *component),
            stripes: best.map_or_else(Vec::new, |(.., stripes)| stripes.into_iter().collect()),
            bytes: self.size.map(|_| bytes),
        }
    }
}

fn add(
    traffic: &mut BTreeMap<u32, OstBytes>,
    set: &Set,
    member: &SetMember,
    field: impl Fn(&mut OstBytes) -> &mut u64,
) {
    let Some(ost) = member.ost else { return };
    let field = field(traffic.entry(ost).or_default());
    *field = field.saturating_add(member.bytes.saturating_mul(set.rows));
}
