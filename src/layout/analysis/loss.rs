//! What the loss of OSTs does to one file.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cell::LazyCell;
use core::fmt;

use super::common::Budget;
use super::exposure::{Candidate, Exposure, LARGEST, Set, SetMember, Stretch, sets};
use crate::layout::plan::Part;
use crate::layout::{EOF, Extent};

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
    /// It can be worse off than `class` says: to find out would take too long, because what its
    /// mirrors have lost are too many different patterns. Never of a lost file.
    pub undecided: bool,
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
    /// The bytes of the stretch that are lost, if the file's size is known.
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
        let mut loss = Loss {
            class: Class::Safe,
            undecided: false,
            next: None,
            lost: Vec::new(),
            traffic: BTreeMap::new(),
        };
        let mut budget = Budget::of_a_file();
        let gone: Vec<Option<u64>> = self
            .stretches
            .iter()
            .map(|stretch| stretch.lost_bytes(&is_lost, &mut budget))
            .collect();
        let unreadable = self.stretches.iter().zip(&gone).filter_map(|(stretch, gone)| {
            let bytes = gone.filter(|bytes| *bytes > 0)?;
            Some(self.lost_range(stretch, bytes, &is_lost))
        });
        loss.lost = unreadable.collect();
        if !hit && loss.lost.is_empty() {
            return loss;
        }
        loss.class = match loss.lost.is_empty() {
            true => Class::Degraded,
            false => Class::Lost,
        };
        if loss.class == Class::Degraded {
            let mut next = self.stretches.iter().map(|one| one.next_fatal(&is_lost, &mut budget));
            loss.undecided = gone.contains(&None);
            if !loss.undecided {
                match next.find(|next| *next != Some(None)) {
                    Some(Some(next)) => (loss.class, loss.next) = (Class::Critical, next),
                    Some(None) => loss.undecided = true,
                    None => {}
                }
            }
        }
        if self.size.is_some() {
            for part in &self.parts {
                self.repair(part, &gone, &is_lost, &mut loss.traffic);
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
        gone: &[Option<u64>],
        lost: &impl Fn(u32) -> bool,
        traffic: &mut BTreeMap<u32, OstBytes>,
    ) {
        let sources = LazyCell::new(|| self.sources(part, gone, lost));
        for set in sets(part, &part.extent()) {
            let (data, parity) = set.lost(lost);
            if data + parity == 0 {
                continue;
            }
            let away = || set.data.iter().chain(&set.parity).filter(|member| member.is_lost(lost));
            if set.is_readable(lost) {
                // Members are of equal length but for those that the file's end cuts; reading as
                // many as have bytes is enough, the rest is zeros.
                let members = set.data.iter().chain(&set.parity);
                let left = members.filter(|member| !member.is_lost(lost));
                for member in left.take(set.data.len()) {
                    add(traffic, &set, member, |bytes| &mut bytes.read);
                }
            } else {
                let bytes = away().map(|member| member.bytes.saturating_mul(set.rows));
                let bytes = bytes.fold(0, u64::saturating_add);
                if sources.is_empty() {
                    continue;
                }
                copy(&sources, bytes, traffic);
            }
            for member in away() {
                add(traffic, &set, member, |bytes| &mut bytes.rewrite);
            }
        }
    }

    /// The OSTs that are left of the mirrors beside a component; none if they have not got all of
    /// it.
    fn sources(
        &self,
        part: &Part,
        gone: &[Option<u64>],
        lost: &impl Fn(u32) -> bool,
    ) -> BTreeSet<u32> {
        let mut osts = BTreeSet::new();
        for (stretch, gone) in self.stretches.iter().zip(gone) {
            let own = |one: &&Candidate| one.component == part.data_component();
            if !stretch.candidates.iter().any(|one| own(&one)) {
                continue;
            }
            if *gone != Some(0) {
                return BTreeSet::new();
            }
            let others = stretch.candidates.iter().filter(|one| !own(one));
            osts.extend(others.flat_map(|one| &one.osts).filter(|ost| !lost(**ost)));
        }
        osts
    }

    /// Without a size nobody knows where the file ends.
    fn shown(&self, extent: Extent) -> Extent {
        let open = self.size.is_none() && extent.end == LARGEST;
        Extent { end: if open { EOF } else { extent.end }, ..extent }
    }

    fn lost_range(&self, stretch: &Stretch, bytes: u64, lost: &impl Fn(u32) -> bool) -> LostRange {
        let best = stretch.candidates.iter().min_by_key(|one| one.lost_bytes(lost));
        LostRange {
            extent: self.shown(stretch.extent),
            component: best.map(|one| one.component),
            stripes: best.map_or_else(Vec::new, |one| one.lost_stripes(lost).into_iter().collect()),
            bytes: self.size.map(|_| bytes),
        }
    }
}

/// Reads `bytes` evenly from OSTs.
fn copy(osts: &BTreeSet<u32>, bytes: u64, traffic: &mut BTreeMap<u32, OstBytes>) {
    let count = osts.len() as u64;
    for (number, ost) in (0u64..).zip(osts) {
        let share = bytes / count + u64::from(number < bytes % count);
        let read = &mut traffic.entry(*ost).or_default().read;
        *read = read.saturating_add(share);
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
