//! The rows, RAID sets and tiles of one data component and its parity.

use super::health::failures_survived;
use super::step::{self, Member};
use super::{Health, PlanError};
use crate::ec::Geometry;
use crate::layout::map::Stripes;
use crate::layout::raid::RaidSets;
use crate::layout::{ComponentView, EOF, ObjectId, Pattern, Striping};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// Bytes of all shards of one step: half of a common L2, so that a tile is read, coded and
/// written while it is cached.
const STEP_BYTES: u64 = 1 << 20;
/// Tile widths stay within these bounds, and are multiples of the lower one.
const TILE: Range<u64> = 4 << 10..256 << 10;
/// Data stripes moved together in a component without parity.
const PLAIN_SET: u32 = 8;

/// One data component with its parity (or without any): the unit that plans are made of.
///
/// Steps are numbered row by row, set by set, tile by tile.
#[derive(Clone, Debug)]
pub struct Part {
    data: Side,
    parity: Option<Side>,
    parity_count: u32,
    sets: RaidSets,
    start: u64,
    end: u64,
    extent_end: u64,
    rows: Range<u64>,
    /// File bytes that the plan is about.
    wanted: Range<u64>,
    /// Columns at which every member goes on to its next object: 0, or where a component that
    /// does not start on a stripe unit makes an EC stripe span two objects.
    seam: u64,
    tile: u64,
    tiles: [u64; 2],
}

/// One component: how it stripes, and its objects (empty where a plan needs none).
#[derive(Clone, Debug)]
struct Side {
    component: usize,
    stripes: Stripes,
    objects: Vec<Option<ObjectId>>,
}

impl Side {
    fn new(view: &ComponentView<'_>, stripes: Stripes) -> Self {
        let count = view.objects().map_or(0, |slots| slots.len() as u32);
        let objects = (0..count).map(|s| view.object(s)).collect();
        Self { component: view.index, stripes, objects }
    }

    fn object(&self, stripe: u32) -> Option<ObjectId> {
        self.objects.get(stripe as usize).copied().flatten()
    }
}

impl Part {
    /// The part of `data` (and `parity`) that lies in a file of `size` bytes.
    ///
    /// # Errors
    /// A data component that is not striped over objects, or a pair that is no legal code.
    pub(in crate::layout) fn new(
        data: &ComponentView<'_>,
        parity: Option<&ComponentView<'_>>,
        size: u64,
    ) -> Result<Self, PlanError> {
        let elsewhere = PlanError::NotInObjects { component: data.index };
        // What compressed chunks look like is not for the engine to guess.
        let plain = |s: &Striping| s.pattern.has_objects() && !s.pattern.has(Pattern::COMPRESS);
        if !data.striping.is_some_and(plain) {
            return Err(elsewhere);
        }
        let stripes = data.stripes().ok_or(elsewhere)?;
        let count = stripes.count() as u32;
        let (sets, parity_count) = match parity {
            None => (RaidSets::split(count, PLAIN_SET), 0),
            Some(p) => (RaidSets::split(count, u32::from(p.data)), u32::from(p.parity)),
        };
        let parity = match parity {
            None => None,
            Some(p) => {
                let mismatch = PlanError::PairMismatch { data: data.index, parity: p.index };
                let theirs = p.stripes().ok_or(mismatch)?;
                let parities = u64::from(sets.count()) * u64::from(parity_count);
                if p.extent != data.extent || theirs.size() != stripes.size() {
                    return Err(mismatch);
                }
                let data = data.index;
                if parities > u64::from(count) {
                    return Err(PlanError::TooManyParities { data, stripes: count, parities });
                }
                if sets.iter().any(|s| !is_code(s.data, parity_count)) {
                    let set = sets.largest();
                    return Err(PlanError::PairGeometry { data, set, parity: parity_count });
                }
                if p.objects().is_some() && theirs.count() != parities {
                    return Err(mismatch);
                }
                // Before it has objects, a parity component shows a default stripe count.
                let theirs = Stripes::new(stripes.size(), parities).ok_or(mismatch)?;
                Some(Side::new(p, theirs))
            }
        };
        let start = data.extent.start;
        let end = size.min(data.extent.end).max(start);
        let unit = stripes.size();
        let shards = u64::from(sets.largest() + parity_count);
        let tile = (STEP_BYTES / shards) / TILE.start * TILE.start;
        let tile = tile.clamp(TILE.start, TILE.end).min(unit);
        let seam = (unit - start % unit) % unit;
        let tiles = [seam.div_ceil(tile), (unit - seam).div_ceil(tile)];
        let mut part = Self {
            data: Side::new(data, stripes),
            parity,
            parity_count,
            sets,
            start,
            end,
            extent_end: data.extent.end,
            rows: 0..0,
            wanted: start..end,
            seam,
            tile,
            tiles,
        };
        part.rows = 0..part.file_rows();
        Ok(part)
    }

    /// Keeps only what touches `range`.
    pub(in crate::layout) fn limit(&mut self, range: &Range<u64>) {
        self.wanted = range.start.max(self.start)..range.end.min(self.end);
        let row = self.data.stripes.row_bytes();
        let first = range.start.clamp(self.start, self.end) - self.start;
        let last = range.end.clamp(self.start, self.end) - self.start;
        self.rows = first / row..last.div_ceil(row);
    }

    /// Index of the data component.
    pub fn data_component(&self) -> usize {
        self.data.component
    }

    /// Index of the parity component.
    pub fn parity_component(&self) -> Option<usize> {
        self.parity.as_ref().map(|p| p.component)
    }

    /// Stripes of the data component.
    pub fn data_stripes(&self) -> u32 {
        self.data.stripes.count() as u32
    }

    /// Stripes of the parity component, 0 without.
    pub fn parity_stripes(&self) -> u32 {
        self.parity.as_ref().map_or(0, |p| p.stripes.count() as u32)
    }

    /// How its stripes are split into RAID sets.
    pub fn sets(&self) -> &RaidSets {
        &self.sets
    }

    /// Parity stripes of each RAID set.
    pub fn parity_count(&self) -> u32 {
        self.parity_count
    }

    /// Rows that the plan touches.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// The file bytes that the plan is about.
    pub fn wanted(&self) -> Range<u64> {
        self.wanted.clone()
    }

    /// The bytes of a member's tile that the plan is about.
    pub fn wanted_of(&self, member: &Member) -> Range<usize> {
        step::clip(member, &self.wanted).unwrap_or(0..0)
    }

    /// File bytes of the component: `[start, end)`, cut at the file's size.
    pub fn extent(&self) -> Range<u64> {
        self.start..self.end
    }

    /// The file bytes of one row, cut at the file's size.
    pub fn row_extent(&self, row: u64) -> Range<u64> {
        let bytes = self.data.stripes.row_bytes();
        let start = self.start.saturating_add(row.saturating_mul(bytes)).min(self.end);
        start..start.saturating_add(bytes).min(self.end)
    }

    /// The codes that its sets need. The last row of an extent that ends inside a row can have
    /// less parity: the same code with its last parities left out.
    pub fn geometries(&self) -> impl Iterator<Item = Geometry> + '_ {
        let most = self.parity_count as usize;
        let whole = self.extent_end == EOF
            || (self.extent_end - self.start).is_multiple_of(self.data.stripes.row_bytes());
        let least = if whole { most } else { most.min(1) };
        let larger = self.sets.iter().next();
        let smaller = self.sets.iter().last();
        let sizes = larger.into_iter().chain(smaller).map(|s| s.data as usize);
        sizes.flat_map(move |k| (least..=most).filter_map(move |p| Geometry::new(k, p).ok()))
    }

    /// Tiles per row: the steps of one row.
    pub fn steps_per_row(&self) -> u64 {
        u64::from(self.sets.count()) * (self.tiles[0] + self.tiles[1])
    }

    /// File bytes of a whole row.
    pub fn row_bytes(&self) -> u64 {
        self.data.stripes.row_bytes()
    }

    /// All steps, including those that turn out to have nothing to do.
    pub fn steps(&self) -> u64 {
        (self.rows.end - self.rows.start).saturating_mul(self.steps_per_row())
    }

    /// The steps of these rows.
    pub fn steps_of(&self, rows: Range<u64>) -> Range<u64> {
        let base = self.rows.start;
        let per = self.steps_per_row();
        (rows.start - base).saturating_mul(per)..(rows.end - base).saturating_mul(per)
    }

    /// The object of a stripe of the data component.
    pub fn data_object(&self, stripe: u32) -> Option<ObjectId> {
        self.data.object(stripe)
    }

    /// The object of a stripe of the parity component.
    pub fn parity_object(&self, stripe: u32) -> Option<ObjectId> {
        self.parity.as_ref().and_then(|p| p.object(stripe))
    }

    pub(super) fn object(&self, component: usize, stripe: u32) -> Option<ObjectId> {
        if component == self.data.component {
            return self.data_object(stripe);
        }
        self.parity.as_ref().filter(|p| p.component == component).and_then(|p| p.object(stripe))
    }

    /// The lost objects of the part as (component, stripe), data first.
    pub fn lost<'a>(&'a self, health: &'a Health) -> impl Iterator<Item = (usize, u32)> + 'a {
        let sides = core::iter::once(&self.data).chain(&self.parity);
        sides.flat_map(move |side| {
            (0..side.stripes.count() as u32)
                .filter(|&s| health.is_lost(side.component, s, side.object(s)))
                .map(|s| (side.component, s))
        })
    }

    /// The members of each RAID set as (component, stripe). Where an EC stripe spans two objects,
    /// a set appears once for each side of the seam.
    pub fn raid_sets(&self) -> Vec<Vec<(usize, u32)>> {
        let mut sets = Vec::new();
        if self.parity.is_none() || self.rows.is_empty() {
            return sets;
        }
        for set in 0..self.sets.count() {
            for column in self.sides() {
                let members =
                    self.members(self.rows.start, set, column..column + 1, &Health::good());
                sets.push(members.iter().map(|m| (m.component, m.stripe)).collect());
            }
        }
        sets
    }

    /// A column on each side of the seam.
    fn sides(&self) -> impl Iterator<Item = u64> + use<> {
        [0, self.seam].into_iter().take(1 + usize::from(self.seam > 0))
    }

    /// Whether every RAID set has at least as many parity stripes left as it lost data stripes.
    pub fn recoverable(&self, health: &Health) -> bool {
        self.shapes().all(|(row, set, column)| {
            let members = self.members(row, set, column..column + 1, health);
            let used = members.iter().filter(|m| m.len > 0);
            let parity = members.len() - self.sets.get(set).data as usize;
            used.filter(|m| m.lost).count() <= parity
        })
    }

    /// Places (row, set, column) that stand for all others: a row is a whole turn of both
    /// stripings, so its objects are those of every row. Only the last one can differ, where the
    /// file or the component ends.
    fn shapes(&self) -> impl Iterator<Item = (u64, u32, u64)> + '_ {
        let last = self.rows.end.saturating_sub(1);
        let first = self.rows.start.min(last);
        let rows = [first, last].into_iter().take(1 + usize::from(first < last));
        let rows = rows.filter(|row| self.rows.contains(row));
        rows.flat_map(move |row| {
            (0..self.sets.count())
                .flat_map(move |set| self.sides().map(move |column| (row, set, column)))
        })
    }

    /// The row that holds byte `offset` of a data object (0 if it lies before the component).
    pub fn row_of_data(&self, stripe: u32, offset: u64) -> u64 {
        let file = self.data.stripes.file_offset(stripe, offset).unwrap_or(u64::MAX);
        file.saturating_sub(self.start) / self.data.stripes.row_bytes()
    }

    /// The row whose parity holds byte `offset` of a parity object.
    pub fn row_of_parity(&self, stripe: u32, offset: u64) -> u64 {
        let Some(parity) = &self.parity else { return u64::MAX };
        let file = parity.stripes.file_offset(stripe, offset).unwrap_or(u64::MAX);
        file.saturating_sub(self.start) / parity.stripes.row_bytes()
    }

    /// First byte of a data object that belongs to `row` or a later one.
    pub fn data_offset_of_row(&self, row: u64, stripe: u32) -> u64 {
        let file = self.start.saturating_add(row.saturating_mul(self.data.stripes.row_bytes()));
        self.data.stripes.object_size(file, stripe)
    }

    /// First byte of a parity object that belongs to `row` or a later one.
    pub fn parity_offset_of_row(&self, row: u64, stripe: u32) -> u64 {
        let Some(parity) = &self.parity else { return 0 };
        let file = self.start.saturating_add(row.saturating_mul(parity.stripes.row_bytes()));
        parity.stripes.object_size(file, stripe)
    }

    /// The sizes that the file's size gives the objects, as (component, stripe, bytes): data ends
    /// with the file, and parity is as long as what it covers. An object that is shorter was cut.
    pub fn object_sizes(&self) -> Vec<(usize, u32, u64)> {
        let data = &self.data;
        let mut sizes: Vec<(usize, u32, u64)> = (0..self.data_stripes())
            .map(|s| (data.component, s, data.stripes.object_size(self.end, s)))
            .collect();
        let Some(parity) = &self.parity else { return sizes };
        let mut ends = alloc::vec![0; parity.stripes.count() as usize];
        // The last row may leave out sets; the row before it has them all.
        let rows = (self.file_rows()).saturating_sub(2)..self.file_rows();
        for (row, set) in rows.flat_map(|row| self.sets.iter().map(move |set| (row, set.index))) {
            for side in [0..self.seam, self.seam..data.stripes.size()] {
                let members = self.members(row, set, side, &Health::good());
                let parities = &members[self.sets.get(set).data as usize..];
                for m in parities.iter().filter(|m| m.len > 0) {
                    let end: &mut u64 = &mut ends[m.stripe as usize];
                    *end = (*end).max(m.offset + m.len as u64);
                }
            }
        }
        sizes.extend((0..).zip(ends).map(|(stripe, end)| (parity.component, stripe, end)));
        sizes
    }

    /// Rows of the whole component, up to the file's end.
    fn file_rows(&self) -> u64 {
        (self.end - self.start).div_ceil(self.data.stripes.row_bytes())
    }

    /// OST failures that one set survives.
    pub(super) fn set_tolerance(&self, set: u32, health: &Health) -> u32 {
        let mut worst = u32::MAX;
        for (row, _, column) in self.shapes().filter(|(_, s, _)| *s == set) {
            let members = self.members(row, set, column..column + 1, health);
            let used = || members.iter().filter(|m| m.len > 0);
            if used().next().is_none() {
                continue;
            }
            let osts: Vec<u32> = used()
                .filter(|m| !m.lost)
                .filter_map(|m| self.object(m.component, m.stripe))
                .map(|o| o.ost)
                .collect();
            let lost = used().filter(|m| m.lost).count();
            let parity = members.len() - self.sets.get(set).data as usize;
            worst = worst.min(failures_survived(&osts, lost, parity));
        }
        worst
    }

    /// The members of each RAID set in one row, whole stripe units (their parts on each side of
    /// the seam apart).
    pub fn row_members(&self, row: u64, health: &Health) -> Vec<(usize, Vec<Member>)> {
        let mut sets = Vec::new();
        for set in self.sets.iter() {
            for side in [0..self.seam, self.seam..self.data.stripes.size()] {
                if !side.is_empty() {
                    sets.push((set.data as usize, self.members(row, set.index, side, health)));
                }
            }
        }
        sets
    }

    /// Where step `index` is: row, set, columns of the stripe unit.
    /// The third range is the side of the seam that the columns lie on.
    pub(super) fn locate(&self, index: u64) -> Option<(u64, u32, Range<u64>, Range<u64>)> {
        let per_set = self.tiles[0] + self.tiles[1];
        let row = self.rows.start + index / self.steps_per_row();
        let in_row = index % self.steps_per_row();
        if row >= self.rows.end {
            return None;
        }
        let set = (in_row / per_set) as u32;
        let tile = in_row % per_set;
        let (base, end, tile) = if tile < self.tiles[0] {
            (0, self.seam, tile)
        } else {
            (self.seam, self.data.stripes.size(), tile - self.tiles[0])
        };
        let from = base + tile * self.tile;
        Some((row, set, from..(from + self.tile).min(end), base..end))
    }

    /// The members of a RAID set at `columns` of one row, data first; there is less parity than
    /// elsewhere where the extent ends. `columns` lie on one side of the seam, so that each member
    /// is one piece of one object.
    pub(super) fn members(
        &self,
        row: u64,
        set: u32,
        columns: Range<u64>,
        health: &Health,
    ) -> Vec<Member> {
        let raid = self.sets.get(set);
        let unit = self.data.stripes.size();
        let width = columns.end - columns.start;
        let mut members = Vec::with_capacity((raid.data + self.parity_count) as usize);
        let row_start =
            self.start.saturating_add(row.saturating_mul(self.data.stripes.row_bytes()));
        for j in 0..raid.data {
            let file = row_start
                .saturating_add(u64::from(raid.first + j).saturating_mul(unit))
                .saturating_add(columns.start);
            let len = self.end.saturating_sub(file).min(width) as usize;
            members.push(self.member(&self.data, file, len, health));
        }
        if let Some(parity) = &self.parity {
            let covered = members.iter().map(|m| m.len).max().unwrap_or(0);
            let p = u64::from(self.parity_count);
            let first = row.saturating_mul(parity.stripes.count()) + u64::from(set) * p;
            for j in 0..p {
                let unit_start = self.start.saturating_add((first + j).saturating_mul(unit));
                // A last row that is cut short can put parity past the component's own extent,
                // where the mirror's next component begins: that unit does not exist.
                if unit_start.saturating_add(unit) > self.extent_end {
                    break;
                }
                let file = unit_start.saturating_add(columns.start);
                members.push(self.member(parity, file, covered, health));
            }
        }
        members
    }

    fn member(&self, side: &Side, file: u64, len: usize, health: &Health) -> Member {
        let (stripe, offset) = side.stripes.locate(file);
        let lost = health.is_lost(side.component, stripe, side.object(stripe));
        Member { component: side.component, stripe, offset, file, len, lost }
    }
}

fn is_code(data: u32, parity: u32) -> bool {
    Geometry::new(data as usize, parity as usize).is_ok()
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component {}", self.data.component)?;
        if let Some(parity) = &self.parity {
            write!(f, " with parity {}", parity.component)?;
        }
        write!(
            f,
            ": bytes {}..{}, rows {}..{} of {} stripes x {} bytes, RAID sets ",
            self.start,
            self.end,
            self.rows.start,
            self.rows.end,
            self.data.stripes.count(),
            self.data.stripes.size(),
        )?;
        for (i, set) in self.sets.iter().enumerate().take(8) {
            write!(f, "{}{}+{}", if i == 0 { "" } else { ", " }, set.data, self.parity_count)?;
        }
        if self.sets.count() > 8 {
            write!(f, ", ... ({} sets)", self.sets.count())?;
        }
        write!(f, ", tiles of {} bytes", self.tile)
    }
}
