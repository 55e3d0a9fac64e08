//! What a truncate or a write does to objects and components.

use core::ops::Range;

use super::extents::{Gap, Map, Stop};
use crate::layout::model::{EOF, Layout};

/// The size that a truncate gives an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectSize {
    /// The component, by index.
    pub component: usize,
    /// Its stripe.
    pub stripe: u32,
    /// Bytes of the object afterwards.
    pub size: u64,
}

/// The objects that a truncate of the file to `size` bytes sets the size of, in mirror `mirror`.
///
/// A component that reaches beyond `size` has all its objects sized: to what the file reaches,
/// holes included, or to 0 where the component starts beyond it. Of one that ends at `size` only the
/// object of the last byte is: it records the end. What lies before is left alone. Components
/// without objects are left out; the MDT gives the one that holds the new last byte its objects
/// first. No allocation.
///
/// # Errors
/// The [`Stop`] at the new last byte if no component covers it (Lustre: `ENODATA`), or if there is
/// no such mirror.
pub fn truncate(
    layout: &Layout,
    mirror: u16,
    size: u64,
) -> Result<impl Iterator<Item = ObjectSize> + '_, Stop> {
    let at = size.saturating_sub(1);
    let no_mirror = Stop { at, until: EOF, component: None, gap: Gap::NoMirror };
    let map = Map::of(layout, mirror).ok_or(no_mirror)?;
    if let Err(stop) = map.locate(at)
        && (size > 0 && stop.gap == Gap::NoComponent)
    {
        return Err(stop);
    }
    let views = map.components().filter_map(|index| layout.component(index));
    let sized = views.filter(move |view| view.objects().is_some() && view.extent.end >= size);
    Ok(sized.flat_map(move |view| {
        let stripes = view.stripes();
        let (cut, start) = (view.extent.end > size, view.extent.start);
        let last = stripes.filter(|_| !cut && start < size).map(|s| s.locate(size - 1));
        let count = stripes.map_or(0, |s| s.count() as u32);
        (0..count).filter_map(move |stripe| {
            let size = match (cut, last) {
                (true, _) if size < start => 0,
                (true, _) => stripes?.object_size(size, stripe),
                (false, Some((of_last, offset))) if of_last == stripe => offset + 1,
                (false, _) => return None,
            };
            Some(ObjectSize { component: view.index, stripe, size })
        })
    }))
}

/// The components of other mirrors that a write of `range` to mirror `primary` makes stale, by
/// index: each one, parity included, that overlaps a component of the primary which the write
/// touches. Whole components: Lustre knows nothing finer. A truncate to `size` counts as a write of
/// `size..EOF`. Components that are stale already are given too. No allocation.
pub fn staled_by(
    layout: &Layout,
    primary: u16,
    range: Range<u64>,
) -> impl Iterator<Item = usize> + '_ {
    let mirrored = layout.mirrors().nth(1).is_some();
    let own = Map::of(layout, primary).filter(|_| mirrored).map_or(0..0, |map| map.components());
    // The components that the write touches follow one another: together they are one stretch.
    let touched = own
        .filter_map(|index| layout.component(index))
        .filter(|view| view.extent.start < range.end && view.extent.end > range.start)
        .map(|view| view.extent)
        .reduce(|all, next| crate::layout::Extent { start: all.start, end: next.end })
        .filter(|_| range.start < range.end);
    layout
        .components()
        .filter(move |view| view.id.mirror() != primary)
        .filter(move |view| {
            touched.is_some_and(|touched| {
                view.extent.start < touched.end && view.extent.end > touched.start
            })
        })
        .map(|view| view.index)
}
