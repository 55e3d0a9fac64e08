//! Which OSTs each stretch of a file depends on.

use super::common::{self, Budget};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::layout::plan::{Health, Member, Part, uninstantiated, usable_parity};
use crate::layout::{ComponentView, Extent, Layout, ObjectId};
use core::ops::Range;

/// What a file of no known size is taken to reach: the largest size that Lustre has.
pub(super) const LARGEST: u64 = i64::MAX as u64;

/// The stretches of a file between the beginnings and ends of components, with the OSTs that each
/// depends on. Made of a layout once, asked for any set of lost OSTs.
#[derive(Clone, Debug)]
pub struct Exposure {
    pub(super) stretches: Vec<Stretch>,
    /// The components with objects that count, whole.
    pub(super) parts: Vec<Part>,
    /// The file's size, if it is known.
    pub(super) size: Option<u64>,
}

/// Bytes that are readable if one of its candidates is.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) extent: Extent,
    pub(super) candidates: Vec<Candidate>,
    /// Without OSTs the bytes are there: zeros that were never written, data on the MDT, in an
    /// archive, or elsewhere.
    pub(super) elsewhere: bool,
}

/// A data component that covers a stretch, and is up to date.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) component: usize,
    /// The OSTs of its data objects.
    pub(super) osts: Vec<u32>,
    pub(super) sets: Vec<Set>,
    /// Bytes of the file after which its sets come again. `None`: where its objects' bytes lie in
    /// the stretch is not known.
    pub(super) row: Option<u64>,
}

/// The members of a RAID set that hold bytes of the file in the same columns, in rows that are
/// alike.
#[derive(Clone, Debug)]
pub(super) struct Set {
    /// How many rows.
    pub(super) rows: u64,
    pub(super) data: Vec<SetMember>,
    pub(super) parity: Vec<SetMember>,
}

/// One member's bytes in one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct SetMember {
    pub(super) stripe: u32,
    /// First byte in the component's file space, in the first of the rows.
    pub(super) offset: u64,
    /// Its bytes in a row that lie in the stretch: it can be a member for its set's sake only.
    pub(super) wanted: u64,
    /// `None`: the object was lost to a repair.
    pub(super) ost: Option<u32>,
    pub(super) bytes: u64,
}

impl SetMember {
    pub(super) fn is_lost(&self, lost: &impl Fn(u32) -> bool) -> bool {
        self.ost.is_none_or(lost)
    }
}

impl Set {
    /// Members that are lost: data, parity.
    pub(super) fn lost(&self, lost: &impl Fn(u32) -> bool) -> (usize, usize) {
        let count = |members: &[SetMember]| members.iter().filter(|m| m.is_lost(lost)).count();
        (count(&self.data), count(&self.parity))
    }

    /// All of its data that is wanted can be had: nothing of that is lost, or parity makes up for
    /// it.
    pub(super) fn is_readable(&self, lost: &impl Fn(u32) -> bool) -> bool {
        let (data, parity) = self.lost(lost);
        data == 0 || data + parity <= self.parity.len() || self.missing(lost).next().is_none()
    }

    /// The lost data that is wanted.
    pub(super) fn missing(&self, lost: &impl Fn(u32) -> bool) -> impl Iterator<Item = &SetMember> {
        self.data.iter().filter(|member| member.wanted > 0 && member.is_lost(lost))
    }
}

impl Candidate {
    pub(super) fn is_readable(&self, lost: &impl Fn(u32) -> bool) -> bool {
        self.sets.iter().all(|set| set.is_readable(lost))
    }

    /// Its stripes of which bytes are wanted and cannot be had from its own set, once or more.
    pub(super) fn lost_stripes(&self, lost: &impl Fn(u32) -> bool) -> BTreeSet<u32> {
        let sets = self.sets.iter().filter(|set| !set.is_readable(lost));
        sets.flat_map(|set| set.missing(lost)).map(|member| member.stripe).collect()
    }

    /// The bytes of those.
    pub(super) fn lost_bytes(&self, lost: &impl Fn(u32) -> bool) -> u64 {
        let sets = self.sets.iter().filter(|set| !set.is_readable(lost));
        let bytes = sets
            .flat_map(|set| set.missing(lost).map(|member| member.wanted.saturating_mul(set.rows)));
        bytes.fold(0, u64::saturating_add)
    }
}

impl Stretch {
    /// Bytes that cannot be had from any mirror; `None` if that takes too long to find out.
    pub(super) fn lost_bytes(
        &self,
        lost: &impl Fn(u32) -> bool,
        budget: &mut Budget,
    ) -> Option<u64> {
        let len = self.extent.end - self.extent.start;
        match &self.candidates[..] {
            _ if self.elsewhere => Some(0),
            [] => Some(len),
            [one] => Some(one.lost_bytes(lost).min(len)),
            several if several.iter().any(|one| one.is_readable(lost)) => Some(0),
            several => common::bytes_in_common(self.extent, several, lost, budget),
        }
    }

    /// An OST without which, on top of `lost`, bytes of a readable stretch would be gone, if there
    /// is one; `None` if that takes too long to find out.
    pub(super) fn next_fatal(
        &self,
        lost: &impl Fn(u32) -> bool,
        budget: &mut Budget,
    ) -> Option<Option<u32>> {
        match &self.candidates[..] {
            _ if self.elsewhere => Some(None),
            // Without another mirror each set stands for itself: only its own OSTs matter to it.
            [one] => Some(one.sets.iter().find_map(|set| set.next_fatal(lost))),
            several => common::next_fatal(self.extent, several, lost, budget),
        }
    }
}

impl Set {
    /// The OSTs of its members that are left.
    pub(super) fn left(&self, lost: &impl Fn(u32) -> bool) -> impl Iterator<Item = u32> {
        let members = self.data.iter().chain(&self.parity);
        members.filter_map(|member| member.ost).filter(|ost| !lost(*ost))
    }

    /// An OST without which, on top of `lost`, it is not readable.
    fn next_fatal(&self, lost: &impl Fn(u32) -> bool) -> Option<u32> {
        let (data, parity) = self.lost(lost);
        let members = || self.data.iter().chain(&self.parity);
        self.left(lost).find(|next| {
            // Most sets have parity to spare: that is cheap to see.
            let together = members().filter(|member| member.ost == Some(*next)).count();
            data + parity + together > self.parity.len()
                && !self.is_readable(&|ost| ost == *next || lost(ost))
        })
    }
}

impl Exposure {
    /// Of a file of `size` bytes; without a size it is taken to reach all that its components
    /// cover, and no amounts of bytes are known.
    ///
    /// Time and memory are linear in the objects of the layout and, where mirrors' components begin
    /// and end at different places, in the stretches between those.
    pub fn of(layout: &Layout, size: Option<u64>) -> Exposure {
        let end = size.unwrap_or(LARGEST);
        let views: Vec<ComponentView<'_>> =
            layout.components().filter(|view| view.extent.start < end).collect();
        let data: Vec<&ComponentView<'_>> = views.iter().filter(|v| !v.is_parity()).collect();
        let edges: BTreeSet<u64> =
            data.iter().flat_map(|view| [view.extent.start, view.extent.end.min(end)]).collect();
        let edges: Vec<u64> = edges.into_iter().collect();
        let all: Vec<ComponentView<'_>> = layout.components().collect();
        let held = data.iter().filter(|view| !view.is_stale() && view.objects().is_some());
        let parts: Vec<Part> = held
            .filter_map(|view| Part::new(view, usable_parity(layout, &all, view), end).ok())
            .collect();
        let stretches = edges
            .windows(2)
            .map(|pair| stretch(&parts, &data, Extent { start: pair[0], end: pair[1] }, end))
            .collect();
        Exposure { stretches, parts, size }
    }

    /// The OSTs that hold objects of the file which count, in order.
    pub fn osts(&self) -> Vec<u32> {
        let sets = self.stretches.iter().flat_map(|stretch| &stretch.candidates);
        let members = sets.flat_map(|c| &c.sets).flat_map(|set| set.data.iter().chain(&set.parity));
        let osts: BTreeSet<u32> = members.filter_map(|member| member.ost).collect();
        osts.into_iter().collect()
    }

    /// Every byte of the file can be read without the OSTs that `lost` names. False also where it
    /// takes too long to find out, which [`Exposure::without`] tells apart.
    pub fn is_readable(&self, lost: impl Fn(u32) -> bool) -> bool {
        let mut budget = Budget::of_a_file();
        self.stretches.iter().all(|stretch| stretch.lost_bytes(&lost, &mut budget) == Some(0))
    }
}

fn stretch(parts: &[Part], data: &[&ComponentView<'_>], extent: Extent, end: u64) -> Stretch {
    let covering = || {
        data.iter().filter(|view| {
            view.extent.start <= extent.start && view.extent.end >= extent.end.min(end)
        })
    };
    let mut stretch = Stretch { extent, candidates: Vec::new(), elsewhere: true };
    for view in covering() {
        if view.is_stale() {
            // Up to date nowhere else, the bytes are not readable at all.
            stretch.elsewhere = false;
            continue;
        }
        let Some(objects) = view.objects() else { continue };
        let wanted = extent.start..extent.end.min(end);
        let part = parts.iter().find(|part| part.data_component() == view.index);
        let (sets, row) = match part.cloned() {
            Some(mut part) => {
                part.limit(&wanted);
                (sets(&part, &wanted), Some(part.row_bytes()))
            }
            // What compressed chunks look like is not known, but that each object is needed is.
            None => (Vec::from([whole(view, extent)]), None),
        };
        let stripes = 0..objects.len() as u32;
        let osts = stripes.filter_map(|stripe| view.object(stripe)).map(|object| object.ost);
        let osts = osts.collect();
        stretch.candidates.push(Candidate { component: view.index, osts, sets, row });
    }
    let away = |view: &&&ComponentView<'_>| {
        !view.is_stale() && view.objects().is_none() && !uninstantiated(view)
    };
    let zeros = |view: &&&ComponentView<'_>| !view.is_stale() && uninstantiated(view);
    // Zeros are the truth only where no other mirror holds the bytes.
    stretch.elsewhere = covering().any(|view| away(&view))
        || stretch.candidates.is_empty() && (covering().any(|v| zeros(&v)) || stretch.elsewhere);
    stretch
}

/// All stripes of a component as a set without parity.
fn whole(view: &ComponentView<'_>, extent: Extent) -> Set {
    let member = |stripe: u32| {
        let bytes = view.stripes().and_then(|stripes| stripes.intersect(extent, stripe));
        let bytes = bytes.map_or(0, |(first, last)| (last - first).saturating_add(1));
        let ost = view.object(stripe).map(|object| object.ost);
        SetMember { stripe, offset: view.extent.start, wanted: bytes, ost, bytes }
    };
    let count = view.objects().map_or(0, <[_]>::len) as u32;
    Set { rows: 1, data: (0..count).map(member).collect(), parity: Vec::new() }
}

/// The RAID sets of a part by row: the first one, which `wanted` can begin in the middle of, those
/// that are like the second one, and the last one, which it can end in, and the file's end can cut.
/// There some members are shorter than others: behind a shorter one's end its columns are zeros, so
/// those columns are a set without it.
pub(super) fn sets(part: &Part, wanted: &Range<u64>) -> Vec<Set> {
    let rows = part.rows();
    let Some(last) = rows.end.checked_sub(1).filter(|last| *last >= rows.start) else {
        return Vec::new();
    };
    let between = (last - rows.start).saturating_sub(1);
    let first = u64::from(last > rows.start);
    let kinds = [(rows.start, first), (rows.start + 1, between), (last, 1)];
    let mut sets = Vec::new();
    for (row, rows) in kinds.into_iter().filter(|(_, rows)| *rows > 0) {
        for (k, members) in part.row_members(row, &Health::good()) {
            let ends: BTreeSet<u64> = members.iter().map(|member| member.len as u64).collect();
            let mut column = 0;
            for end in ends.into_iter().filter(|end| *end > 0) {
                let (data, parity) = members.split_at(k);
                let cut = |members: &[Member], object: &dyn Fn(u32) -> Option<ObjectId>| {
                    let there = members.iter().filter(|member| member.len as u64 >= end);
                    let cut = there.map(|member| SetMember {
                        stripe: member.stripe,
                        offset: member.file.saturating_add(column),
                        wanted: 0,
                        ost: object(member.stripe).map(|object| object.ost),
                        bytes: end - column,
                    });
                    cut.collect::<Vec<_>>()
                };
                let parity = cut(parity, &|stripe| part.parity_object(stripe));
                let mut data = cut(data, &|stripe| part.data_object(stripe));
                for member in &mut data {
                    let end = member.offset.saturating_add(member.bytes).min(wanted.end);
                    member.wanted = end.saturating_sub(member.offset.max(wanted.start));
                }
                sets.push(Set { rows, data, parity });
                column = end;
            }
        }
    }
    sets
}
