//! Files joined into one without moving a byte.
//!
//! Object offsets count from file offset 0 with a component's own stripe size and count. So a part
//! keeps its bytes where they are only if it stays at its offset in the file, or if it lies in one
//! row of stripes before and after: then its stripes are turned, and each object keeps its bytes at
//! the offsets where they are.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::objects;
use crate::layout::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Layout, Striping,
};
use crate::layout::view::ComponentView;
use crate::layout::xattr::MAX_EA;

/// Extents are multiples of this.
const ALIGN: u64 = 1 << 16;

/// A part of the new file: some bytes of a file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The file's layout.
    pub layout: &'a Layout,
    /// Its bytes that are taken. Those of the first part start at 0; the last part's may end at
    /// [`EOF`].
    pub bytes: Range<u64>,
}

/// A part that cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinError {
    /// The part, from 0.
    pub part: usize,
    /// What is in the way.
    pub obstacle: Obstacle,
}

/// What is in the way of joining a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// There is no part, or it has no bytes.
    Empty,
    /// The file has several mirrors, or parity.
    Mirrors,
    /// The file is no file, or a component is foreign, released, unknown, or extends itself.
    Kind {
        /// The component.
        component: usize,
    },
    /// Data on the MDT can only be the start of the new file.
    Mdt,
    /// A boundary that is no multiple of 64 KiB, or of the stripe size.
    Boundary {
        /// The offset in the part's file.
        offset: u64,
        /// What it must be a multiple of.
        unit: u64,
    },
    /// The layout of the part has no component for some of its bytes.
    Gap {
        /// The first such byte.
        offset: u64,
    },
    /// Moved, the bytes would lie elsewhere in their objects: data would have to be copied.
    Moves {
        /// The component.
        component: usize,
        /// Offset of the bytes in their file.
        from: u64,
        /// Offset in the new file.
        to: u64,
        /// Bytes of a row of stripes: both must lie in one.
        row: u64,
    },
    /// An object of the part is in an earlier part: one object would be at two places of the file.
    SharedObject {
        /// The earlier part.
        earlier: usize,
        /// The object.
        fid: Fid,
    },
    /// The offsets of the new file, or the layout's size, are too great.
    TooLarge,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}: ", self.part)?;
        match self.obstacle {
            Obstacle::Empty => f.write_str("there are no bytes to join"),
            Obstacle::Mirrors => f.write_str("a file with mirrors or parity cannot be joined"),
            Obstacle::Kind { component } => {
                write!(f, "component {component} is not plainly striped over objects")
            }
            Obstacle::Mdt => f.write_str("data on the MDT can only be the start of the new file"),
            Obstacle::Boundary { offset, unit } => {
                write!(f, "the boundary at {offset} is not a multiple of {unit}")
            }
            Obstacle::Gap { offset } => write!(f, "no component covers byte {offset}"),
            Obstacle::Moves { component, from, to, row } => write!(
                f,
                "component {component}: bytes from {from} on would move to {to}, and lie \
                 elsewhere in their objects (only within a row of {row} bytes they stay); they \
                 must be copied"
            ),
            Obstacle::SharedObject { earlier, fid } => {
                write!(f, "object {fid} is in part {earlier} too, and can only be in one")
            }
            Obstacle::TooLarge => f.write_str("the new file's layout or offsets are too large"),
        }
    }
}

impl core::error::Error for JoinError {}

/// The layout of a file that holds the parts one behind the other, in the objects that hold them
/// now. The parts' files must be given up: an object cannot belong to two. Nor can it be in two
/// parts.
///
/// Bytes of objects outside of what was taken stay where they are, and are not part of the file.
///
/// Costs a copy of the parts' components, and a search for each of their objects.
///
/// # Errors
/// [`JoinError`] with the first part that cannot be joined, and why.
pub fn join(parts: &[Part<'_>]) -> Result<Layout, JoinError> {
    let mut components: Vec<Component> = Vec::new();
    // The part of each component.
    let mut owners: Vec<usize> = Vec::new();
    let mut end = 0;
    for (part, one) in parts.iter().enumerate() {
        let last = part + 1 == parts.len();
        let pieces = pieces(one, end, last).map_err(|obstacle| JoinError { part, obstacle })?;
        owners.resize(components.len() + pieces.len(), part);
        components.extend(pieces);
        end = components.last().map_or(end, |component| component.extent.end);
    }
    let error = |obstacle| JoinError { part: parts.len().saturating_sub(1), obstacle };
    if components.is_empty() {
        return Err(error(Obstacle::Empty));
    }
    if components.len() > 0xffff {
        return Err(error(Obstacle::TooLarge));
    }
    for (sequence, component) in (1..).zip(&mut components) {
        component.id = ComponentId(sequence);
    }
    let composite = Composite {
        sel: false,
        layout_gen: components.len() as u32,
        flags: 0,
        mirror_count: 0,
        reserved: [0; 14],
        components,
        trailing: Vec::new(),
    };
    if composite.ea_bytes() > MAX_EA {
        return Err(error(Obstacle::TooLarge));
    }
    let joined = Layout::Composite(composite);
    let mut seen: BTreeMap<Fid, usize> = BTreeMap::new();
    for (fid, component) in objects(&joined) {
        let part = owners[component];
        let earlier = *seen.entry(fid).or_insert(part);
        if earlier != part {
            let obstacle = Obstacle::SharedObject { earlier, fid };
            return Err(JoinError { part, obstacle });
        }
    }
    Ok(joined)
}

/// The components that hold a part's bytes, moved to `at`.
fn pieces(part: &Part<'_>, at: u64, last: bool) -> Result<Vec<Component>, Obstacle> {
    let Range { start, end } = part.bytes.clone();
    let layout = part.layout;
    if start >= end {
        return Err(Obstacle::Empty);
    }
    if layout.is_template() || layout.component_count() == 0 {
        return Err(Obstacle::Kind { component: 0 });
    }
    if layout.mirrors().count() > 1 {
        return Err(Obstacle::Mirrors);
    }
    for offset in [start, end] {
        if offset != EOF && !offset.is_multiple_of(ALIGN) {
            return Err(Obstacle::Boundary { offset, unit: ALIGN });
        }
    }
    if end == EOF && !last {
        return Err(Obstacle::Boundary { offset: EOF, unit: ALIGN });
    }
    let mut pieces = Vec::new();
    let mut next = start;
    for view in layout.components().filter(|view| view.extent.start < view.extent.end) {
        if view.extent.end <= next || next >= end {
            continue;
        }
        if view.extent.start > next {
            break;
        }
        let until = view.extent.end.min(end);
        let to = at.checked_add(next - start).ok_or(Obstacle::TooLarge)?;
        pieces.push(piece(&view, Extent { start: next, end: until }, to)?);
        next = until;
    }
    if next < end {
        return Err(Obstacle::Gap { offset: next });
    }
    Ok(pieces)
}

/// The bytes of an extent of a component, at `to` in the new file.
fn piece(view: &ComponentView<'_>, extent: Extent, to: u64) -> Result<Component, Obstacle> {
    let component = view.index;
    let kind = Obstacle::Kind { component };
    let striping = view.striping.ok_or(kind)?;
    let known = striping.pattern.is_known() && !view.is_released();
    if !known || view.flags.has(ComponentFlags::EXTENSION) {
        return Err(kind);
    }
    if view.is_parity() || view.parity > 0 {
        return Err(Obstacle::Mirrors);
    }
    let end = match extent.end {
        EOF => EOF,
        end => to
            .checked_add(end - extent.start)
            .filter(|end| *end <= i64::MAX as u64)
            .ok_or(Obstacle::TooLarge)?,
    };
    let new = Extent { start: to, end };
    let mut striping = striping.clone();
    if view.is_dom() {
        // Its stripe size is its end.
        if new != extent || extent.start != 0 || u64::from(striping.stripe_size) != end {
            return Err(Obstacle::Mdt);
        }
    } else {
        let unit = u64::from(striping.stripe_size);
        if end != EOF && (unit == 0 || !end.is_multiple_of(unit)) {
            return Err(Obstacle::Boundary { offset: extent.end, unit: unit.max(ALIGN) });
        }
        if view.is_init() && new != extent {
            turn(view, &mut striping, extent, new)?;
        }
    }
    Ok(Component {
        id: ComponentId(0),
        flags: view.flags,
        extent: new,
        layout_gen: 0,
        timestamp: 0,
        link_id: 0,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body: Body::Striping(striping),
    })
}

/// Turns the stripes so that the bytes of `old` are found at `new`, if that is possible.
fn turn(
    view: &ComponentView<'_>,
    striping: &mut Striping,
    old: Extent,
    new: Extent,
) -> Result<(), Obstacle> {
    let stripes = view.stripes().ok_or(Obstacle::Kind { component: view.index })?;
    let row = stripes.row_bytes();
    let moves = Obstacle::Moves { component: view.index, from: old.start, to: new.start, row };
    if old.end == EOF {
        // Of more than one row there is always one that would move.
        return Err(moves);
    }
    let one_row = |extent: Extent| extent.start / row == (extent.end - 1) / row;
    let same_row = old.start / row == new.start / row;
    let by = new.start.abs_diff(old.start);
    if !one_row(old) || !one_row(new) || !same_row || !by.is_multiple_of(stripes.size()) {
        return Err(moves);
    }
    // Fewer than the stripes, because both lie in one row.
    let by = (by / stripes.size()) as usize;
    match new.start > old.start {
        true => striping.slots.rotate_right(by),
        false => striping.slots.rotate_left(by),
    }
    Ok(())
}
