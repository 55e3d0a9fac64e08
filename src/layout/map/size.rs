//! The size of a file from the sizes of its objects, and the end of a parity mirror.

use crate::layout::model::{Layout, ObjectId};

/// The size of a file from those of its objects, as a client merges them: the largest file size
/// that an object of a data component implies. `size` gives an object's bytes, `None` for one that
/// is not there (it counts as empty).
///
/// Parity does not count; stale, uninstantiated and foreign components neither. A component on the
/// MDT has no object: its size is for the caller to merge. `None` if an object's size leads beyond
/// 2^64 - 1.
pub fn file_size(layout: &Layout, mut size: impl FnMut(ObjectId) -> Option<u64>) -> Option<u64> {
    let mut largest = 0;
    for component in layout.components() {
        if component.is_parity() || component.is_stale() || component.objects().is_none() {
            continue;
        }
        let Some(stripes) = component.stripes() else { continue };
        for stripe in 0..stripes.count() as u32 {
            let bytes = component.object(stripe).and_then(&mut size).unwrap_or(0);
            largest = largest.max(stripes.file_size(stripe, bytes)?);
        }
    }
    Some(largest)
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
