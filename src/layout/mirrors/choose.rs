//! The choice of a mirror.

use alloc::vec::Vec;

use super::{MirrorError, Osts, is_active, is_valid, parts};
use crate::layout::model::{ComponentFlags, Layout, State};
use crate::layout::{ComponentView, Mirror};

/// What the flag PREF_RD counts against stripes on flash.
const PREFERRED: usize = 1000;

/// Position of the mirror that a client reads from first: of those with no stale component that
/// hold data, one that is preferred, or has most stripes on flash. `hash` spreads clients over
/// equals. The first mirror if none will do.
pub fn preferred(layout: &Layout, hash: u64, osts: &Osts<'_>) -> usize {
    let mirrors: Vec<Mirror> = layout.mirrors().collect();
    let count = mirrors.len().max(1);
    let mut best: Option<(usize, usize)> = None;
    for step in 0..mirrors.len() {
        // The remainder is below the count.
        let at = ((hash % count as u64) as usize + step) % count;
        let mut components = parts(layout, &mirrors[at]);
        let whole = components.clone().all(|view| is_valid(&view) && view.foreign.is_none());
        if !whole || components.clone().any(|view| view.is_parity()) {
            continue;
        }
        let flagged =
            components.next().is_some_and(|first| first.flags.has(ComponentFlags::PREF_RD));
        let score = if flagged { PREFERRED } else { 0 } + flash(layout, &mirrors[at], osts);
        if best.is_none_or(|(_, most)| score > most) {
            best = Some((at, score));
        }
    }
    best.map_or(0, |(at, _)| at)
}

fn flash(layout: &Layout, mirror: &Mirror, osts: &Osts<'_>) -> usize {
    let slots = parts(layout, mirror).filter_map(|view| view.objects()).flatten();
    slots.filter(|slot| (osts.flash)(slot.ost)).count()
}

/// Ids of the mirrors that can give a byte, in the order in which a client tries them: from the
/// preferred one on, and those with an OST that does not answer at the end.
///
/// # Errors
/// [`MirrorError::NoMirror`] if there is none.
pub fn read_order(
    layout: &Layout,
    offset: u64,
    hash: u64,
    osts: &Osts<'_>,
) -> Result<Vec<u16>, MirrorError> {
    let mirrors: Vec<Mirror> = layout.mirrors().collect();
    let first = preferred(layout, hash, osts);
    let covers = |view: &ComponentView<'_>| {
        view.extent.start <= offset && offset < view.extent.end && is_valid(view)
    };
    let mut parity = false;
    let mut found: Vec<(bool, u16)> = Vec::new();
    for step in 0..mirrors.len() {
        let mirror = &mirrors[(first + step) % mirrors.len()];
        let Some(view) = parts(layout, mirror).find(covers) else { continue };
        if view.is_parity() {
            parity = true;
        } else if view.foreign.is_none() {
            found.push((!is_active(&view, osts), mirror.id));
        }
    }
    if found.is_empty() {
        return Err(MirrorError::NoMirror { offset, parity });
    }
    // The sort is stable.
    found.sort_by_key(|(away, _)| *away);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Id of the mirror that an MDT lets a client write (the primary): one that is neither stale nor
/// parity; if possible with all OSTs active, then if possible one with PREF_WR, or else most
/// stripes on flash. Once a file is being written the MDT does not ask for OSTs.
///
/// # Errors
/// [`MirrorError::NoPrimary`]; [`MirrorError::FreshParity`] if a file that was written has parity
/// that is not stale.
pub fn write_mirror(layout: &Layout, osts: &Osts<'_>) -> Result<u16, MirrorError> {
    let pending = layout.state() == State::WritePending;
    let mut candidates: Vec<Mirror> = Vec::new();
    for mirror in layout.mirrors() {
        if parts(layout, &mirror).any(|view| view.is_stale()) {
            continue;
        }
        if parts(layout, &mirror).any(|view| view.is_parity()) {
            if pending {
                return Err(MirrorError::FreshParity { mirror: mirror.id });
            }
            continue;
        }
        candidates.push(mirror);
    }
    let flagged =
        |mirror: &Mirror| parts(layout, mirror).any(|view| view.flags.has(ComponentFlags::PREF_WR));
    let foreign = |mirror: &Mirror| parts(layout, mirror).any(|view| view.foreign.is_some());
    let active = |mirror: &Mirror| parts(layout, mirror).all(|view| is_active(&view, osts));
    // Preferred: flagged, or else on most flash.
    let any_flagged = candidates.iter().any(flagged);
    let most = candidates.iter().map(|mirror| flash(layout, mirror, osts)).max().unwrap_or(0);
    let is_preferred = |mirror: &Mirror| match any_flagged {
        true => flagged(mirror),
        false => most > 0 && flash(layout, mirror, osts) == most,
    };
    let ranks: [&dyn Fn(&Mirror) -> bool; 4] = match pending {
        true => [&|m| is_preferred(m) && !foreign(m), &|_| true, &|_| true, &|_| true],
        false => [&|m| is_preferred(m) && active(m), &active, &is_preferred, &|_| true],
    };
    let chosen = ranks.iter().find_map(|rank| candidates.iter().find(|mirror| rank(mirror)));
    chosen.map(|mirror| mirror.id).ok_or(MirrorError::NoPrimary)
}
