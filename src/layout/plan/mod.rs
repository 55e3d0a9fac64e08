//! Plans: what to read, compute and write, decided by pure functions.
//!
//! A [`Plan`] is made from a layout, a file size and the [`Health`] of the objects; it does no I/O
//! and can be printed, compared and split. Its [`Step`]s are made on demand (a step is one column
//! tile of one row of one RAID set), so that a plan of a file of any size takes a few kilobytes.
//! One executor (`engine::Executor`) runs every kind of plan.
//!
//! Arithmetic rules (facts of FLR-EC): rows count from the component's start; the stripes of a row
//! are split into RAID sets by `ec_split_stripes`; parity `j` of set `r` in row `q` lies at
//! `start + (q * sets * p + r * p + j) * unit` of the parity mirror's own file space; every file
//! offset is mapped to an object through the component's striping, which rotates from file
//! offset 0. Bytes at or past the file's end count as zeros.

mod error;
mod health;
mod part;
mod step;

pub use error::PlanError;
pub(in crate::layout) use health::failures_survived;
pub use health::{Health, Tolerance};
pub use part::Part;
pub use step::{Member, Place, Step, Transfer, Work};

use super::map::{Gap, gap};
use super::{ComponentFlags, ComponentView, Layout, ObjectId};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Objects -> output, reconstructing what is lost. With `check`, healthy rows are compared
    /// with their parity too.
    Read {
        /// Compare healthy rows with their parity.
        check: bool,
    },
    /// Input -> data and parity objects.
    Write,
    /// Input -> the parity mirror's bytes, in its own file space, as output.
    Parity,
    /// Data objects -> parity objects.
    Resync,
    /// Data and parity objects -> do they agree?
    Verify,
    /// Survivors -> the lost objects, anew.
    Rebuild,
}

/// Work on one file, as data.
#[derive(Clone, Debug)]
pub struct Plan {
    job: Job,
    size: u64,
    health: Health,
    parts: Vec<Part>,
    /// Wanted bytes that read as zeros because nothing was ever written there.
    zeros: Vec<Range<u64>>,
}

/// Plans a read of `range`, through parity where `health` says that objects are lost.
///
/// With several data mirrors, each stretch is read from the component that can give most of it:
/// one that is not stale, with nothing lost if there is such a one, else one whose parity makes up
/// for what is lost.
///
/// # Errors
/// A range outside the file, or bytes that no component holds in a readable form.
pub fn read(
    layout: &Layout,
    size: u64,
    range: Range<u64>,
    health: &Health,
    check: bool,
) -> Result<Plan, PlanError> {
    if range.start > range.end || range.end > size {
        return Err(PlanError::Range { start: range.start, end: range.end, size });
    }
    let views: Vec<_> = layout.components().collect();
    let (mut parts, mut zeros) = (Vec::new(), Vec::new());
    let mut at = range.start;
    while at < range.end {
        let (choice, end) = choose(layout, &views, size, at, health)?;
        let stretch = at..end.min(range.end);
        at = stretch.end;
        match choice {
            Some(mut part) => {
                part.limit(&stretch);
                parts.push(part);
            }
            None => zeros.push(stretch),
        }
    }
    Ok(Plan { job: Job::Read { check }, size, health: health.clone(), parts, zeros })
}

/// The best component to read byte `at` from (`None`: it reads as zeros), and how far the choice
/// holds.
fn choose(
    layout: &Layout,
    views: &[ComponentView<'_>],
    size: u64,
    at: u64,
    health: &Health,
) -> Result<(Option<Part>, u64), PlanError> {
    let mut best: Option<(u32, Option<Part>)> = None;
    let mut end = size;
    let mut fault = PlanError::NoComponent { at };
    for data in views.iter().filter(|c| !c.is_parity()) {
        // The choice may be another one wherever a component begins or ends.
        for edge in [data.extent.start, data.extent.end] {
            end = if edge > at { end.min(edge) } else { end };
        }
        if !(data.extent.start..data.extent.end).contains(&at) {
            continue;
        }
        if data.is_stale() || health.avoids(data.index) {
            fault = PlanError::NoValidMirror;
            continue;
        }
        let (cost, part) = if uninstantiated(data) {
            // Zeros are the truth only where no other mirror holds the bytes.
            (3, None)
        } else {
            match Part::new(data, usable_parity(layout, views, data), size) {
                Ok(part) if part.lost(health).all(|(c, _)| c != data.index) => (0, Some(part)),
                Ok(part) if part.recoverable(health) => (1, Some(part)),
                Ok(part) => (2, Some(part)),
                Err(error) => {
                    fault = error;
                    continue;
                }
            }
        };
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, part));
        }
    }
    best.map(|(_, part)| (part, end)).ok_or(fault)
}

/// Plans the striping of an input of `size` bytes over the layout's objects, parity included.
///
/// # Errors
/// Components that the file reaches without objects, or that are not in OST objects.
pub fn write(layout: &Layout, size: u64) -> Result<Plan, PlanError> {
    let mut parts = Vec::new();
    let views: Vec<_> = layout.components().collect();
    covers(layout, size)?;
    for data in views.iter().filter(|c| !c.is_parity() && c.extent.start < size) {
        if uninstantiated(data) {
            return Err(PlanError::NoObjects { component: data.index });
        }
        parts.push(Part::new(data, parity_view(layout, &views, data), size)?);
    }
    Ok(Plan { job: Job::Write, size, health: Health::default(), parts, zeros: Vec::new() })
}

/// Plans the computation of a parity mirror's bytes from the file's own bytes: what the mirror
/// holds after a resync. Objects are not needed, so components without any are fine.
///
/// # Errors
/// `mirror` (None = the first parity mirror) does not exist or holds no parity, or a pair is no
/// code.
pub fn parity(layout: &Layout, size: u64, mirror: Option<u16>) -> Result<Plan, PlanError> {
    let views: Vec<_> = layout.components().collect();
    covers(layout, size)?;
    let mirror = parity_mirror(layout, mirror)?;
    let mut parts = Vec::new();
    for parity in views.iter().filter(|c| c.id.mirror() == mirror) {
        if !parity.is_parity() {
            return Err(PlanError::NotParity { mirror });
        }
        if parity.extent.start >= size {
            continue;
        }
        let data = layout.data_of(parity.index).and_then(|i| views.get(i));
        let data = data.ok_or(PlanError::Unpaired { parity: parity.index })?;
        parts.push(Part::new(data, Some(parity), size)?);
    }
    Ok(Plan { job: Job::Parity, size, health: Health::default(), parts, zeros: Vec::new() })
}

/// The parity mirror that `mirror` names (`None`: the first one).
///
/// # Errors
/// There is no such mirror, or it holds no parity.
pub fn parity_mirror(layout: &Layout, mirror: Option<u16>) -> Result<u16, PlanError> {
    let mut components = layout.components();
    let Some(mirror) = mirror else {
        let parity = components.find(ComponentView::is_parity);
        return parity.map(|c| c.id.mirror()).ok_or(PlanError::NoParity);
    };
    let component = components.find(|c| c.id.mirror() == mirror);
    match component.ok_or(PlanError::NoMirror { mirror })?.is_parity() {
        true => Ok(mirror),
        false => Err(PlanError::NotParity { mirror }),
    }
}

/// Plans the recomputation of all parity from the data.
///
/// # Errors
/// No parity, parity without objects, or objects that are lost.
pub fn resync(layout: &Layout, size: u64, health: &Health) -> Result<Plan, PlanError> {
    let parts = protected(layout, size, false)?;
    for part in &parts {
        if let Some((component, stripe)) = part.lost(health).next() {
            return Err(if component == part.data_component() {
                PlanError::DataLost { component, stripe }
            } else {
                PlanError::ParityLost { component, stripe }
            });
        }
    }
    Ok(Plan { job: Job::Resync, size, health: health.clone(), parts, zeros: Vec::new() })
}

/// Plans a comparison of all parity with the data. What is lost without having parity comes out as
/// [`Work::Lost`].
///
/// # Errors
/// Stale parity, or parity without objects although the file reaches it.
pub fn verify(layout: &Layout, size: u64, health: &Health) -> Result<Plan, PlanError> {
    let mut parts = match protected(layout, size, true) {
        Err(PlanError::NoParity) => Vec::new(),
        parts => parts?,
    };
    let stale = |part: &&Part| {
        let parity = part.parity_component().and_then(|index| layout.component(index));
        parity.is_some_and(|c| c.is_stale())
    };
    if let Some(component) = parts.iter().find(stale).and_then(Part::parity_component) {
        return Err(PlanError::StaleParity { component });
    }
    let covered: Vec<usize> = parts.iter().map(Part::data_component).collect();
    for data in layout.components().filter(|c| !c.is_parity() && c.extent.start < size) {
        if !covered.contains(&data.index) && data.objects().is_some() && !data.is_stale() {
            parts.push(Part::new(&data, None, size)?);
        }
    }
    Ok(Plan { job: Job::Verify, size, health: health.clone(), parts, zeros: Vec::new() })
}

/// Plans the rebuild of every object that `health` calls lost: `layout` already names the new
/// objects in their slots.
///
/// # Errors
/// As [`verify`]. A lost object without parity cannot be rebuilt: its steps come out as
/// [`Work::Lost`].
pub fn rebuild(layout: &Layout, size: u64, health: &Health) -> Result<Plan, PlanError> {
    let views: Vec<_> = layout.components().collect();
    let mut parts = Vec::new();
    for data in views.iter().filter(|c| !c.is_parity() && c.extent.start < size) {
        if uninstantiated(data) || data.is_stale() {
            continue;
        }
        let part = Part::new(data, usable_parity(layout, &views, data), size)?;
        if part.lost(health).next().is_some() {
            parts.push(part);
        }
    }
    Ok(Plan { job: Job::Rebuild, size, health: health.clone(), parts, zeros: Vec::new() })
}

/// The RAID sets of a layout, whatever the state of their parity: each a list of (component,
/// stripe). No two members of a set should lie on one OST.
pub fn raid_sets(layout: &Layout) -> Vec<Vec<(usize, u32)>> {
    let views: Vec<_> = layout.components().collect();
    let mut sets = Vec::new();
    for data in views.iter().filter(|c| !c.is_parity()) {
        let parity = parity_view(layout, &views, data);
        // As if the file reached all of the component.
        if let Ok(part) = Part::new(data, parity, i64::MAX as u64) {
            sets.extend(part.raid_sets());
        }
    }
    sets
}

impl Plan {
    /// What it is for.
    pub fn job(&self) -> Job {
        self.job
    }

    /// The file's size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The health that it was made for.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Its parts: one per component (with its parity) that the job touches.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Wanted bytes that read as zeros because nothing was ever written there.
    pub fn zeros(&self) -> &[Range<u64>] {
        &self.zeros
    }

    /// Steps of all parts together.
    pub fn steps(&self) -> u64 {
        self.parts.iter().map(Part::steps).sum()
    }

    /// Step `index` of part `part`; `None` where there is nothing to do. `health` may be worse
    /// than the plan's own: the executor asks again when an object turns out to be damaged.
    pub fn step(&self, part: usize, index: u64, health: &Health) -> Option<Step> {
        let part = self.parts.get(part)?;
        step::make(self.job, part, index, &self.health, health)
    }

    /// Objects that cannot be read are worked around, not fatal.
    pub fn tolerates_damage(&self) -> bool {
        !matches!(self.job, Job::Write | Job::Parity)
    }

    /// The object that a transfer of this plan speaks of.
    pub fn object(&self, component: usize, stripe: u32) -> Option<ObjectId> {
        self.parts.iter().find_map(|p| p.object(component, stripe))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} of a file of {} bytes:", self.job, self.size)?;
        self.parts.iter().try_for_each(|p| writeln!(f, "  {p}"))
    }
}

/// Reads as zeros: nothing was ever written there.
pub(in crate::layout) fn uninstantiated(view: &ComponentView<'_>) -> bool {
    !view.is_init() && gap(view) == Gap::NotInstantiated
}

fn parity_view<'v, 'a>(
    layout: &Layout,
    views: &'v [ComponentView<'a>],
    data: &ComponentView<'_>,
) -> Option<&'v ComponentView<'a>> {
    layout.parity_of(data.index).and_then(|i| views.get(i))
}

/// The data component's parity, if it can be read with: instantiated, not stale, a legal pair.
pub(in crate::layout) fn usable_parity<'v, 'a>(
    layout: &Layout,
    views: &'v [ComponentView<'a>],
    data: &ComponentView<'_>,
) -> Option<&'v ComponentView<'a>> {
    let parity = parity_view(layout, views, data)?;
    let usable = parity.objects().is_some()
        && !parity.is_stale()
        && !data.is_stale()
        && Part::new(data, Some(parity), data.extent.end).is_ok();
    usable.then_some(parity)
}

/// The EC pairs that the file reaches, each with objects on both sides. Those whose data is stale
/// are left out, and those that are not to be synced unless `nosync` asks for them.
fn protected(layout: &Layout, size: u64, nosync: bool) -> Result<Vec<Part>, PlanError> {
    let views: Vec<_> = layout.components().collect();
    let mut parts = Vec::new();
    let mut nothing = Some(PlanError::NoParity);
    for parity in views.iter().filter(|c| c.is_parity()) {
        let data = layout.data_of(parity.index).and_then(|i| views.get(i));
        let data = data.ok_or(PlanError::Unpaired { parity: parity.index })?;
        // Never written, it reads as zeros whatever the parity says.
        if parity.extent.start >= size || uninstantiated(data) {
            nothing = None;
            continue;
        }
        if data.is_stale() {
            nothing = nothing.map(|_| PlanError::StaleData { component: data.index });
            continue;
        }
        nothing = None;
        if data.flags.has(ComponentFlags::NOSYNC) && !nosync {
            continue;
        }
        if parity.objects().is_none() {
            return Err(PlanError::NoObjects { component: parity.index });
        }
        parts.push(Part::new(data, Some(parity), size)?);
    }
    match nothing {
        Some(error) => Err(error),
        None => Ok(parts),
    }
}

/// Every data mirror covers a file of `size` bytes.
fn covers(layout: &Layout, size: u64) -> Result<(), PlanError> {
    for mirror in layout.mirrors() {
        let components = || mirror.components.clone().filter_map(|i| layout.component(i));
        if components().any(|c| c.is_parity()) {
            continue;
        }
        let mut at = 0;
        for component in components().take_while(|c| c.extent.start <= size) {
            if component.extent.start > at {
                break;
            }
            at = at.max(component.extent.end);
        }
        if at < size {
            return Err(PlanError::NoComponent { at });
        }
    }
    Ok(())
}
