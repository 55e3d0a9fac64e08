//! A range of file bytes as pieces of objects.

use core::ops::Range;

use super::Stripes;
use crate::layout::model::Layout;

/// Consecutive bytes of a file that are consecutive in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The component, by index.
    pub component: usize,
    /// Its stripe.
    pub stripe: u32,
    /// First byte in the stripe's object.
    pub object_offset: u64,
    /// First byte in the file.
    pub file_offset: u64,
    /// Bytes; never 0.
    pub len: u64,
}

/// Why a range has no object at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gap {
    /// The layout has no such mirror.
    NoMirror,
    /// No component covers the place.
    NoComponent,
    /// The component has no objects yet: it reads as zeros.
    NotInstantiated,
    /// The data was released to an HSM archive.
    Released,
    /// The data lies on the MDT.
    OnMdt,
    /// Foreign, or a pattern that we do not know.
    NoStripes,
}

/// Where and why [`Extents`] stopped before the end of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stop {
    /// First byte of the range that has no object.
    pub at: u64,
    /// Where the gap ends: go on from here for what follows it. Never beyond the range.
    pub until: u64,
    /// The component there, if there is one.
    pub component: Option<usize>,
    /// Why.
    pub gap: Gap,
}

/// Iterator over the pieces of a range in file order. Made by [`extents`].
#[derive(Clone, Debug)]
pub struct Extents<'a> {
    layout: &'a Layout,
    /// Components not yet passed.
    components: Range<usize>,
    mirror_found: bool,
    at: u64,
    end: u64,
    stop: Option<Stop>,
    /// Component that covers `at`, its end and its striping, once looked up.
    current: Option<(usize, u64, Stripes)>,
}

/// The pieces of objects that hold `range` of the file in mirror `mirror` (0 in a file with one
/// mirror; a parity mirror has its own file-offset space), in file order.
///
/// Stops at the first byte that has no object: then [`Extents::stop`] says where and why, and a
/// new call from `stop.until` on gives the rest. A piece ends at the end of its stripe unit, or of
/// its component if that has one stripe only. Whether a component is stale or a stripe's object is
/// lost is not asked here. No allocation; constant time for each piece.
pub fn extents(layout: &Layout, mirror: u16, range: Range<u64>) -> Extents<'_> {
    let found = layout.mirrors().find(|candidate| candidate.id == mirror);
    Extents {
        layout,
        mirror_found: found.is_some(),
        components: found.map_or(0..0, |mirror| mirror.components),
        at: range.start,
        end: range.end,
        stop: None,
        current: None,
    }
}

impl Extents<'_> {
    /// Where and why the iterator stopped; `None` while it runs, and after it gave the whole range.
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// First byte of the range that no piece covered so far.
    pub fn position(&self) -> u64 {
        self.at
    }

    fn stop_at(&mut self, component: Option<usize>, until: u64, gap: Gap) -> Option<Piece> {
        self.stop = Some(Stop { at: self.at, until: until.min(self.end), component, gap });
        None
    }

    /// Looks up the component that covers `at`.
    fn enter(&mut self) -> Option<(usize, u64, Stripes)> {
        let covering = self.components.clone().find_map(|index| {
            self.layout.component(index).filter(|view| view.extent.end > self.at)
        });
        let Some(view) = covering else {
            let gap = if self.mirror_found { Gap::NoComponent } else { Gap::NoMirror };
            self.stop_at(None, self.end, gap);
            return None;
        };
        // What lies before is passed: the walk over the components is linear in all.
        self.components.start = view.index;
        if view.extent.start > self.at {
            self.stop_at(None, view.extent.start, Gap::NoComponent);
            return None;
        }
        let gap = if view.is_released() {
            Gap::Released
        } else if view.striping.is_none_or(|striping| !striping.pattern.is_known()) {
            Gap::NoStripes
        } else if view.is_dom() {
            Gap::OnMdt
        } else {
            Gap::NotInstantiated
        };
        match (view.objects(), view.stripes()) {
            (Some(_), Some(stripes)) => Some((view.index, view.extent.end, stripes)),
            _ => {
                self.stop_at(Some(view.index), view.extent.end, gap);
                None
            }
        }
    }
}

impl Iterator for Extents<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.at >= self.end || self.stop.is_some() {
            return None;
        }
        let (component, component_end, stripes) = match self.current {
            Some(current) if self.at < current.1 => current,
            _ => self.enter()?,
        };
        self.current = Some((component, component_end, stripes));
        let (stripe, object_offset) = stripes.locate(self.at);
        let mut len = self.end.min(component_end) - self.at;
        if stripes.count() > 1 {
            len = len.min(stripes.size() - object_offset % stripes.size());
        }
        let piece = Piece { component, stripe, object_offset, file_offset: self.at, len };
        self.at += len;
        Some(piece)
    }
}
