//! The state machine of files with mirrors.

use alloc::vec::Vec;

use super::{MirrorError, Osts, parts, write_mirror};
use crate::layout::model::{ComponentFlags, EOF, Layout, State};
use crate::layout::{ComponentView, Mirror};

/// What happens to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bytes are written.
    Write {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
    },
    /// The file is cut, or grows without bytes, to a size.
    Truncate {
        /// The new size.
        size: u64,
    },
    /// A resync begins.
    Resync,
    /// One mirror is about to be written on its own, as a resync tool does.
    ResyncMirror {
        /// Its id.
        mirror: u16,
    },
    /// The resync has ended.
    ResyncDone {
        /// Ids of the components that are up to date now.
        ids: Vec<u32>,
    },
}

/// What an event makes of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The new state.
    pub state: State,
    /// Id of the mirror that is written; `None` where none is.
    pub primary: Option<u16>,
    /// Components that become stale.
    pub stale: Vec<usize>,
    /// Components that are up to date again.
    pub fresh: Vec<usize>,
    /// Components that need objects: data before its parity.
    pub instantiate: Vec<usize>,
    /// Components that get the time of the resync.
    pub stamp: Vec<usize>,
}

impl Transition {
    /// Puts state, flags, times and the next generation into the layout. Components that need
    /// objects get them by [`Allocator::instantiate`](crate::layout::allocate::Allocator), before
    /// or after. Costs nothing but the search for partners.
    pub fn apply(&self, layout: &mut Layout, now: u64) {
        for &component in &self.stale {
            layout.set_stale(component, true);
        }
        for &component in &self.fresh {
            layout.set_stale(component, false);
        }
        // Parity takes over the time of data that is not to be resynced.
        let times: Vec<(usize, u64)> = self
            .stamp
            .iter()
            .map(|&index| {
                let data = layout.data_of(index).and_then(|data| layout.component(data));
                let kept = data
                    .filter(|data| data.flags.has(ComponentFlags::NOSYNC) && data.timestamp != 0);
                (index, kept.map_or(now, |data| data.timestamp))
            })
            .collect();
        for (component, time) in times {
            layout.set_timestamp(component, time);
        }
        layout.set_state(self.state);
        layout.bump_generation();
    }
}

/// What an event makes of a layout; `None` if nothing changes.
///
/// # Errors
/// [`MirrorError`] where Lustre refuses.
pub fn next(
    layout: &Layout,
    event: &Event,
    osts: &Osts<'_>,
) -> Result<Option<Transition>, MirrorError> {
    match event {
        Event::Write { start, end } => write(layout, *start, *end, osts),
        // As a write of everything from there on; only bytes below need objects.
        Event::Truncate { size } => {
            let change = write(layout, *size, EOF, osts)?;
            let reaches = |index: &usize| {
                layout.component(*index).is_some_and(|view| view.extent.start < *size)
            };
            Ok(change.map(|mut change| {
                change.instantiate.retain(reaches);
                change
            }))
        }
        Event::Resync => resync(layout).map(Some),
        Event::ResyncMirror { mirror } => resync_mirror(layout, *mirror).map(Some),
        Event::ResyncDone { ids } => resync_done(layout, ids).map(Some),
    }
}

fn overlaps(view: &ComponentView<'_>, start: u64, end: u64) -> bool {
    view.extent.start < end && start < view.extent.end
}

fn write(
    layout: &Layout,
    start: u64,
    end: u64,
    osts: &Osts<'_>,
) -> Result<Option<Transition>, MirrorError> {
    let mirrors: Vec<Mirror> = layout.mirrors().collect();
    let several = mirrors.len() > 1;
    let first = mirrors.first().ok_or(MirrorError::Range { start, end })?;
    let primary = if several { write_mirror(layout, osts)? } else { first.id };
    let mirror = mirrors.iter().find(|mirror| mirror.id == primary).unwrap_or(first);
    let truncate = end == EOF;
    let touched: Vec<ComponentView<'_>> =
        parts(layout, mirror).filter(|view| overlaps(view, start, end)).collect();
    if start >= end || touched.is_empty() && !truncate {
        return Err(MirrorError::Range { start, end });
    }
    let space = |view: &&ComponentView<'_>| view.flags.has(ComponentFlags::EXTENSION);
    if let Some(space) = touched.iter().find(|view| space(view) && !truncate) {
        return Err(MirrorError::Extension { component: space.index });
    }
    // Whole components of the others become stale: those that share bytes with one written.
    let hit = |view: &ComponentView<'_>| {
        touched.iter().any(|one| overlaps(view, one.extent.start, one.extent.end))
    };
    let stale: Vec<usize> = layout
        .components()
        .filter(|view| !mirror.components.contains(&view.index) && !view.is_stale() && hit(view))
        .map(|view| view.index)
        .collect();
    // All from the mirror's start on, so that no earlier one is left without objects.
    let instantiate: Vec<usize> = parts(layout, mirror)
        .filter(|view| view.extent.start < end && needs_objects(view))
        .map(|view| view.index)
        .collect();
    let pending = layout.state() == State::WritePending;
    if stale.is_empty() && instantiate.is_empty() && (pending || !several) {
        return Ok(None);
    }
    Ok(Some(Transition {
        state: if several { State::WritePending } else { State::None },
        primary: Some(primary),
        stale,
        fresh: Vec::new(),
        instantiate,
        stamp: Vec::new(),
    }))
}

fn needs_objects(view: &ComponentView<'_>) -> bool {
    !view.is_init()
        && !view.flags.has(ComponentFlags::EXTENSION)
        && view.extent.start < view.extent.end
        && view.foreign.is_none()
}

fn resync(layout: &Layout) -> Result<Transition, MirrorError> {
    let mirrors = mirrored(layout)?;
    let is_stale = |mirror: &&Mirror| parts(layout, mirror).any(|view| view.is_stale());
    if !mirrors.iter().any(|mirror| is_stale(&mirror)) {
        return Err(MirrorError::InSync);
    }
    // Up to where a mirror that is in sync has objects.
    let end = mirrors
        .iter()
        .filter(|mirror| !is_stale(mirror))
        .flat_map(|mirror| parts(layout, mirror))
        .filter(ComponentView::is_init)
        .map(|view| view.extent.end)
        .max()
        .ok_or(MirrorError::NoPrimary)?;
    let instantiate = mirrors
        .iter()
        .filter(is_stale)
        .flat_map(|mirror| parts(layout, mirror).take_while(|view| overlaps(view, 0, end)))
        .filter(needs_objects)
        .map(|view| view.index)
        .collect();
    Ok(pending(instantiate))
}

fn resync_mirror(layout: &Layout, mirror: u16) -> Result<Transition, MirrorError> {
    let mirrors = mirrored(layout)?;
    let wanted = mirrors.iter().find(|one| one.id == mirror);
    let wanted = wanted.ok_or(MirrorError::UnknownMirror { mirror })?;
    let instantiate = parts(layout, wanted).filter(needs_objects).map(|view| view.index);
    Ok(pending(instantiate.collect()))
}

fn pending(instantiate: Vec<usize>) -> Transition {
    Transition {
        state: State::SyncPending,
        primary: None,
        stale: Vec::new(),
        fresh: Vec::new(),
        instantiate,
        stamp: Vec::new(),
    }
}

fn resync_done(layout: &Layout, ids: &[u32]) -> Result<Transition, MirrorError> {
    let mirrors = mirrored(layout)?;
    if layout.state() != State::SyncPending {
        return Err(MirrorError::NotResyncing);
    }
    if mirrors.iter().all(|mirror| parts(layout, mirror).any(|view| view.is_stale())) {
        return Err(MirrorError::NoPrimary);
    }
    let mut fresh = Vec::with_capacity(ids.len());
    for &id in ids {
        let component = layout.components().find(|view| view.id.0 == id && view.is_stale());
        fresh.push(component.ok_or(MirrorError::NotStale { id })?.index);
    }
    let stamp = layout
        .components()
        .filter(|view| {
            let paired = layout.data_of(view.index).or_else(|| layout.parity_of(view.index));
            let kept = !view.is_parity() && view.flags.has(ComponentFlags::NOSYNC);
            paired.is_some() && !kept
        })
        .map(|view| view.index)
        .collect();
    Ok(Transition {
        state: State::ReadOnly,
        primary: None,
        stale: Vec::new(),
        fresh,
        instantiate: Vec::new(),
        stamp,
    })
}

fn mirrored(layout: &Layout) -> Result<Vec<Mirror>, MirrorError> {
    let mirrors: Vec<Mirror> = layout.mirrors().collect();
    if mirrors.len() > 1 { Ok(mirrors) } else { Err(MirrorError::NotMirrored) }
}
