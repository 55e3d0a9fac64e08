//! The size of a file from the sizes of its objects, and the end of a parity mirror.

use crate::layout::ComponentView;
use crate::layout::model::{Layout, ObjectId};

/// What an OST says of an object (or the MDT of the data that it holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Bytes.
    pub size: u64,
    /// The size that is known to be right, from a client's own writes (*known minimum size*).
    pub kms: Option<u64>,
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// Last access, seconds since 1970.
    pub atime: i64,
    /// Last change of the data.
    pub mtime: i64,
    /// Last change of the inode.
    pub ctime: i64,
}

impl Attributes {
    /// What merging starts from: nothing, and times before all others.
    pub const NONE: Attributes = Attributes {
        size: 0,
        kms: None,
        blocks: 0,
        atime: i64::MIN,
        mtime: i64::MIN,
        ctime: i64::MIN,
    };

    /// An object of which only the size is known.
    pub const fn of_size(size: u64) -> Attributes {
        Attributes { size, ..Attributes::NONE }
    }
}

/// A file's attributes, merged from those of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Size, blocks and times. [`Attributes::kms`] is always there: the largest file size that the
    /// known sizes imply.
    pub attributes: Attributes,
    /// Blocks are allocated, but in parity only: the size says nothing, and a client keeps the one
    /// that it knew before.
    pub size_unknown: bool,
}

/// Merges the attributes of a file's objects as a client does. `mdt` is what the MDT says of the
/// data that it holds itself; `attributes` what an OST says of an object, `None` for one that is
/// not there.
///
/// Components that are stale, not instantiated, foreign or of an unknown pattern are left out.
/// Parity adds blocks and times only. `None` if a size leads beyond 2^64 - 1.
pub fn merge(
    layout: &Layout,
    mdt: Option<Attributes>,
    mut attributes: impl FnMut(ObjectId) -> Option<Attributes>,
) -> Option<Merged> {
    let mut all = Attributes { kms: Some(0), ..Attributes::NONE };
    let mut parity = false;
    for view in layout.components().filter(|view| !view.is_stale()) {
        parity |= view.is_parity();
        if view.is_dom() && view.is_init() {
            add(&mut all, &view, 0, mdt.unwrap_or(Attributes::NONE))?;
        }
        for stripe in 0..view.objects().map_or(0, <[_]>::len) as u32 {
            // A lost stripe has no object to ask.
            if let Some(one) = view.object(stripe).and_then(&mut attributes) {
                add(&mut all, &view, stripe, one)?;
            }
        }
    }
    let size_unknown = parity && all.size == 0 && all.blocks > 0;
    Some(Merged { attributes: all, size_unknown })
}

fn add(all: &mut Attributes, view: &ComponentView<'_>, stripe: u32, one: Attributes) -> Option<()> {
    if let Some(stripes) = view.stripes().filter(|_| !view.is_parity()) {
        let kms = one.kms.unwrap_or(0);
        let known = stripes.file_size(stripe, kms)?;
        all.kms = all.kms.max(Some(known));
        all.size = all.size.max(stripes.file_size(stripe, one.size.max(kms))?);
    }
    all.blocks = all.blocks.saturating_add(one.blocks);
    all.atime = all.atime.max(one.atime);
    all.mtime = all.mtime.max(one.mtime);
    all.ctime = all.ctime.max(one.ctime);
    Some(())
}

/// The size of a file from those of its objects, as [`merge`] does: the largest file size that an
/// object of a data component implies. `size` gives an object's bytes, `None` for one that is not
/// there (it counts as empty).
///
/// Parity does not count; stale, uninstantiated and foreign components neither. A component on the
/// MDT has no object: its size is for the caller to merge. `None` if an object's size leads beyond
/// 2^64 - 1.
pub fn file_size(layout: &Layout, mut size: impl FnMut(ObjectId) -> Option<u64>) -> Option<u64> {
    merge(layout, None, |object| size(object).map(Attributes::of_size))
        .map(|merged| merged.attributes.size)
}

/// The end of a parity mirror for a file of `file_size` bytes: where reading it ends (whole rows,
/// so it overestimates), in the parity mirror's own file-offset space.
///
/// 0 if there is no such mirror, or no component of it that protects bytes below `file_size`.
/// `None` if the end does not fit 64 bits.
pub fn parity_end(layout: &Layout, mirror: u16, file_size: u64) -> Option<u64> {
    let mut largest = 0;
    for component in layout.components() {
        if component.id.mirror() != mirror || !component.is_parity() {
            continue;
        }
        let Some(data) = layout.data_of(component.index).and_then(|data| layout.component(data))
        else {
            continue;
        };
        let (Some(stripes), Some(sets)) = (data.stripes(), layout.raid_sets(component.index))
        else {
            continue;
        };
        let (start, end) = (data.extent.start, file_size.min(data.extent.end));
        if end <= start {
            continue;
        }
        let rows = (end - start).div_ceil(stripes.row_bytes());
        let row_parity = u64::from(sets.count()) * u64::from(component.parity) * stripes.size();
        largest = largest.max(rows.checked_mul(row_parity)?.checked_add(start)?);
    }
    Some(largest)
}
