//! Components added, removed, flagged.

use alloc::vec::Vec;
use core::ops::Range;

use super::{EditError, composite};
use crate::layout::allocate::{Defaults, without_objects};
use crate::layout::model::{Body, Component, ComponentFlags, ComponentId, EOF, Layout};
use crate::layout::spec::{Change, ComponentSpec, FlagChange, Select};
use crate::layout::view::ComponentView;
use crate::layout::xattr::MAX_EA;

/// Flags that can be set or cleared from outside.
const CHANGEABLE: u32 = ComponentFlags::PREF_RD
    | ComponentFlags::PREF_WR
    | ComponentFlags::NOSYNC
    | ComponentFlags::EXTENSION
    | ComponentFlags::PARITY
    | ComponentFlags::NOCOMPR
    | ComponentFlags::STALE;

/// What the options of `lfs setstripe --comp-add`, `--comp-del` and `--comp-set` ask for.
///
/// # Errors
/// As [`add`], [`remove`] and [`set_flags`].
pub fn change(
    layout: &mut Layout,
    change: &Change,
    defaults: Defaults,
    now: u64,
) -> Result<(), EditError> {
    match change {
        Change::Add(components) => add(layout, components, defaults),
        Change::Remove(select) => remove(layout, *select).map(|_| ()),
        Change::Flags(select, flags) => set_flags(layout, *select, *flags, now),
    }
}

/// Adds components behind the last one, without objects. `defaults` stand for their zeros.
///
/// # Errors
/// [`EditError`] if the file has no components or several mirrors, the first new one does not start
/// where the last one ends, one ends beyond the greatest offset of a file, or the layout would be
/// too large.
pub fn add(
    layout: &mut Layout,
    components: &[ComponentSpec],
    defaults: Defaults,
) -> Result<(), EditError> {
    let mirrors = layout.mirrors().count();
    let stored = composite(layout)?;
    if mirrors > 1 {
        return Err(EditError::Mirrored { mirrors });
    }
    let end = stored.components.last().map_or(0, |last| last.extent.end);
    let Some(first) = components.first() else { return Ok(()) };
    if end == EOF || first.extent.start != end {
        return Err(EditError::NotAdjacent { start: first.extent.start, end });
    }
    let mut new = stored.clone();
    for spec in components {
        if !spec.extent.is_reachable() {
            return Err(EditError::End { end: spec.extent.end });
        }
        let index = new.components.len();
        let mirror = new.components.last().map_or(0, |last| last.id.0 & !0xffff);
        let sequence = sequence(&new.components, new.layout_gen.wrapping_add(1), mirror)?;
        let oi = new.components.last().map_or([0; 2], |last| match &last.body {
            Body::Striping(striping) => striping.oi,
            _ => [0; 2],
        });
        let mut entry =
            without_objects(index, &spec.entry(), defaults, oi).map_err(EditError::Component)?;
        entry.id = ComponentId(mirror | sequence);
        new.sel |= entry.flags.has(ComponentFlags::EXTENSION);
        new.components.push(entry);
        new.layout_gen += 1;
    }
    if new.ea_bytes() > MAX_EA {
        return Err(EditError::TooMany);
    }
    *stored = new;
    Ok(())
}

/// A sequence number that no component of the mirror has: the generation, if that is free.
pub(super) fn sequence(
    components: &[Component],
    generation: u32,
    mirror: u32,
) -> Result<u32, EditError> {
    let free = |sequence: &u32| {
        *sequence != 0 && components.iter().all(|one| one.id.0 != mirror | *sequence)
    };
    let wanted = generation & 0x3fff_ffff;
    if wanted <= 0xffff && free(&wanted) {
        return Ok(wanted);
    }
    (1..=0xffff).find(free).ok_or(EditError::TooMany)
}

/// Removes components from the end of a file; gives those that were removed.
///
/// # Errors
/// [`EditError`] if the file has several mirrors, there is no such component, one that stays
/// follows it, or none would be left.
pub fn remove(layout: &mut Layout, select: Select) -> Result<Vec<Component>, EditError> {
    let mirrors = layout.mirrors().count();
    let stored = composite(layout)?;
    let chosen = |component: &Component| selects(select, component.id, component.flags);
    let first = stored.components.iter().position(chosen);
    let first = first.ok_or(EditError::NoComponent { id: wanted(select) })?;
    if mirrors > 1 {
        return Err(EditError::Mirrored { mirrors });
    }
    if !stored.components[first..].iter().all(chosen) {
        return Err(EditError::NotLast { id: stored.components[first].id.0 });
    }
    if first == 0 {
        return Err(EditError::NothingLeft);
    }
    let removed = stored.components.split_off(first);
    stored.sel &= stored.components.iter().any(|one| one.flags.has(ComponentFlags::EXTENSION));
    layout.bump_generation();
    Ok(removed)
}

fn wanted(select: Select) -> u32 {
    match select {
        Select::Id(id) => id,
        Select::Flags(_) => 0,
    }
}

fn selects(select: Select, id: ComponentId, flags: ComponentFlags) -> bool {
    match select {
        Select::Id(wanted) => id.0 == wanted,
        Select::Flags(FlagChange { set, clear }) => flags.has(set) && flags.0 & clear == 0,
    }
}

/// Sets and clears flags of components. `now`, in seconds since 1970, is the time of a component
/// that is not to be resynced any more (NOSYNC).
///
/// # Errors
/// [`EditError`] if there is no such component, a flag is not for users to change, parity would be
/// preferred, or nothing that is up to date would be left.
pub fn set_flags(
    layout: &mut Layout,
    select: Select,
    flags: FlagChange,
    now: u64,
) -> Result<(), EditError> {
    let bits = (flags.set | flags.clear) & !CHANGEABLE;
    if bits != 0 {
        return Err(EditError::Flags { bits });
    }
    if flags.clear & ComponentFlags::STALE != 0 {
        return Err(EditError::ClearStale);
    }
    composite(layout)?;
    let chosen: Vec<ComponentView<'_>> =
        layout.components().filter(|view| selects(select, view.id, view.flags)).collect();
    if chosen.is_empty() {
        return Err(EditError::NoComponent { id: wanted(select) });
    }
    let prefer = ComponentFlags::PREF_RD | ComponentFlags::PREF_WR;
    if flags.set & prefer != 0
        && let Some(view) = chosen.iter().find(|view| view.is_parity())
    {
        return Err(EditError::PreferParity { id: view.id.0 });
    }
    if flags.set & ComponentFlags::STALE != 0 {
        let stays = |range: Range<usize>| {
            range.clone().filter_map(|index| layout.component(index)).all(|view| {
                !view.is_parity() && !view.is_stale() && !selects(select, view.id, view.flags)
            })
        };
        if !layout.mirrors().any(|mirror| stays(mirror.components)) {
            return Err(EditError::LastInSync);
        }
    }
    let stored = composite(layout)?;
    for component in &mut stored.components {
        if selects(select, component.id, component.flags) {
            component.flags.0 = component.flags.0 & !flags.clear | flags.set;
            if flags.set & ComponentFlags::NOSYNC != 0 {
                component.timestamp = now & 0xffff_ffff_ffff;
            }
        }
    }
    layout.bump_generation();
    Ok(())
}
