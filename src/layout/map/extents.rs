//! A range of file bytes as pieces of objects.

use core::ops::Range;

use super::Stripes;
use crate::layout::ComponentView;
use crate::layout::model::{EOF, Extent, Layout};

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

/// One mirror of a layout, ready to be asked where bytes lie: O(log components) for each place.
///
/// ```
/// use lustrine::layout::map::Map;
/// use lustrine::layout::show::read_yaml;
/// let layout = read_yaml(
///     "lmm_stripe_count:  2\nlmm_stripe_size:   65536\nlmm_pattern:       raid0\n\
///      lmm_layout_gen:    0\nlmm_stripe_offset: 5\nlmm_objects:\n\
///      - l_ost_idx: 5\n  l_fid: 0x380000400:0x2:0x0\n\
///      - l_ost_idx: 6\n  l_fid: 0x3c0000400:0x2:0x0\n",
/// )?;
/// let map = Map::of(&layout, 0).expect("a file with one mirror has mirror 0");
/// let piece = map.locate(200_000).expect("an object is there");
/// assert_eq!((piece.stripe, piece.object_offset, piece.len), (1, 68_928, 62_144));
/// assert_eq!(map.file_offset(piece.component, 1, 68_928), Some(200_000));
/// # Ok::<(), lustrine::layout::show::ReadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Map<'a> {
    layout: &'a Layout,
    components: Range<usize>,
}

impl<'a> Map<'a> {
    /// The mirror `mirror` (0 in a file with one mirror; a parity mirror has its own file-offset
    /// space); `None` if the layout has no such mirror. Linear in the components.
    pub fn of(layout: &'a Layout, mirror: u16) -> Option<Map<'a>> {
        let found = layout.mirrors().find(|candidate| candidate.id == mirror)?;
        Some(Map::of_components(layout, found.components))
    }

    /// The mirror with these components.
    pub(in crate::layout) fn of_components(
        layout: &'a Layout,
        components: Range<usize>,
    ) -> Map<'a> {
        Map { layout, components }
    }

    /// The indices of the mirror's components.
    pub fn components(&self) -> Range<usize> {
        self.components.clone()
    }

    /// Where byte `offset` of the file lies, with all that follows it in its object up to the end
    /// of the stripe unit (of the component, if that has one stripe only).
    ///
    /// # Errors
    /// The [`Stop`] that says why no object holds the byte, and how far that goes.
    pub fn locate(&self, offset: u64) -> Result<Piece, Stop> {
        let mut extents = self.extents(offset..EOF);
        let nothing = Stop { at: offset, until: EOF, component: None, gap: Gap::NoComponent };
        extents.next().ok_or(extents.stop().unwrap_or(nothing))
    }

    /// The file offset of a byte of an object, the inverse of [`locate`](Self::locate). `None` if
    /// the component is not one of this mirror's, has no such stripe, or does not reach there.
    pub fn file_offset(&self, component: usize, stripe: u32, object_offset: u64) -> Option<u64> {
        let index = self.components.contains(&component).then_some(component)?;
        let view = self.layout.component(index)?;
        let offset = view.stripes()?.file_offset(stripe, object_offset)?;
        (view.extent.start..view.extent.end).contains(&offset).then_some(offset)
    }

    /// The pieces of objects that hold `range`, in file order.
    ///
    /// Stops at the first byte that has no object: then [`Extents::stop`] says where and why, and a
    /// new call from `stop.until` on gives the rest. A piece ends at the end of its stripe unit, or
    /// of its component if that has one stripe only. Whether a component is stale or a stripe's
    /// object is lost is not asked here. No allocation; constant time for each piece.
    pub fn extents(&self, range: Range<u64>) -> Extents<'a> {
        Extents {
            layout: self.layout,
            mirror_found: true,
            components: self.components.clone(),
            at: range.start,
            end: range.end,
            stop: None,
            cursor: None,
        }
    }

    /// The bytes of each object that lie in `range`, component by component and stripe by stripe:
    /// what lies apart in the file lies together in its object, so there is one range for each
    /// object. Components without objects are left out. No allocation.
    pub fn objects(&self, range: Range<u64>) -> impl Iterator<Item = ObjectRange> + 'a {
        let first = self.first_after(range.start);
        let (layout, last) = (self.layout, self.components.end);
        let views = (first..last).filter_map(move |index| layout.component(index));
        let end = range.end;
        views.take_while(move |view| view.extent.start < end).flat_map(move |view| {
            let count = view.objects().and(view.stripes()).map_or(0, |s| s.count() as u32);
            let extent = Extent {
                start: view.extent.start.max(range.start),
                end: view.extent.end.min(range.end),
            };
            (0..count).filter_map(move |stripe| {
                let (first, last) = view.stripes()?.intersect(extent, stripe)?;
                Some(ObjectRange { component: view.index, stripe, first, last })
            })
        })
    }

    /// The first component that ends behind `offset`. A mirror's components follow one another.
    fn first_after(&self, offset: u64) -> usize {
        first_after(self.layout, self.components.clone(), offset)
    }
}

fn first_after(layout: &Layout, components: Range<usize>, offset: u64) -> usize {
    let Range { mut start, mut end } = components;
    while start < end {
        let middle = start + (end - start) / 2;
        match layout.component(middle) {
            Some(view) if view.extent.end <= offset => start = middle + 1,
            _ => end = middle,
        }
    }
    start
}

/// Bytes of one object: `first..=last` ([`EOF`] for `last`: to the object's end, wherever it is).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRange {
    /// The component, by index.
    pub component: usize,
    /// Its stripe.
    pub stripe: u32,
    /// First byte in the object.
    pub first: u64,
    /// Last byte in the object.
    pub last: u64,
}

/// Iterator over the pieces of a range in file order. Made by [`extents`] and [`Map::extents`].
#[derive(Clone, Debug)]
pub struct Extents<'a> {
    layout: &'a Layout,
    /// Components not yet passed.
    components: Range<usize>,
    mirror_found: bool,
    at: u64,
    end: u64,
    stop: Option<Stop>,
    /// Where `at` is in its component, once looked up.
    cursor: Option<Cursor>,
}

/// The place of the next piece: it moves on without a division.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    component: usize,
    /// End of the component or of the range in the file.
    end: u64,
    /// Bytes of a piece that starts with its unit: all that is left if there is one stripe only.
    unit: u64,
    /// Bytes of a stripe unit.
    size: u64,
    count: u32,
    stripe: u32,
    /// First byte in the stripe's object.
    object_offset: u64,
    /// Bytes of the unit before that.
    passed: u64,
}

impl Cursor {
    fn new(component: usize, at: u64, end: u64, stripes: Stripes) -> Cursor {
        let (stripe, object_offset) = stripes.locate(at);
        // Stripe counts are 16 bits wide.
        let count = stripes.count() as u32;
        let (unit, passed) = match count {
            1 => (u64::MAX, 0),
            _ => (stripes.size(), object_offset % stripes.size()),
        };
        let size = stripes.size();
        Cursor { component, end, unit, size, count, stripe, object_offset, passed }
    }

    fn piece(&mut self, at: u64) -> Piece {
        let len = (self.end - at).min(self.unit - self.passed);
        let piece = Piece {
            component: self.component,
            stripe: self.stripe,
            object_offset: self.object_offset,
            file_offset: at,
            len,
        };
        // The next piece is the next stripe's unit of the row, or the first one of the next row. A
        // piece that is shorter than its unit is the component's or the range's last: then what is
        // computed here is not used, so that it may wrap.
        self.stripe += 1;
        self.object_offset = self.object_offset.wrapping_sub(self.passed);
        if self.stripe == self.count {
            self.stripe = 0;
            self.object_offset = self.object_offset.wrapping_add(self.size);
        }
        self.passed = 0;
        piece
    }
}

/// The pieces of objects that hold `range` of the file in mirror `mirror`; one that does not exist
/// stops with [`Gap::NoMirror`]. As [`Map::extents`], but looks the mirror up first.
pub fn extents(layout: &Layout, mirror: u16, range: Range<u64>) -> Extents<'_> {
    match Map::of(layout, mirror) {
        Some(map) => map.extents(range),
        None => Extents {
            layout,
            mirror_found: false,
            components: 0..0,
            at: range.start,
            end: range.end,
            stop: None,
            cursor: None,
        },
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

    fn stop_at(&mut self, component: Option<usize>, until: u64, gap: Gap) -> Option<Cursor> {
        self.stop = Some(Stop { at: self.at, until: until.min(self.end), component, gap });
        None
    }

    /// Looks up the component that covers `at`.
    fn enter(&mut self) -> Option<Cursor> {
        let index = first_after(self.layout, self.components.clone(), self.at);
        let inside = self.components.contains(&index).then_some(index);
        let Some(view) = inside.and_then(|index| self.layout.component(index)) else {
            let gap = if self.mirror_found { Gap::NoComponent } else { Gap::NoMirror };
            return self.stop_at(None, self.end, gap);
        };
        self.components.start = index;
        if view.extent.start > self.at {
            return self.stop_at(None, view.extent.start, Gap::NoComponent);
        }
        match (view.objects(), view.stripes()) {
            (Some(_), Some(stripes)) => {
                let end = self.end.min(view.extent.end);
                Some(Cursor::new(index, self.at, end, stripes))
            }
            _ => self.stop_at(Some(index), view.extent.end, gap(&view)),
        }
    }
}

/// Why a component has no objects.
pub(in crate::layout) fn gap(view: &ComponentView<'_>) -> Gap {
    if view.is_released() {
        Gap::Released
    } else if view.striping.is_none_or(|striping| !striping.pattern.is_known()) {
        Gap::NoStripes
    } else if view.is_dom() {
        Gap::OnMdt
    } else {
        Gap::NotInstantiated
    }
}

impl Iterator for Extents<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        if let Some(cursor) = &mut self.cursor
            && self.at < cursor.end
        {
            let piece = cursor.piece(self.at);
            self.at += piece.len;
            return Some(piece);
        }
        if self.at >= self.end || self.stop.is_some() {
            return None;
        }
        let mut cursor = self.enter()?;
        let piece = cursor.piece(self.at);
        self.at += piece.len;
        self.cursor = Some(cursor);
        Some(piece)
    }
}
