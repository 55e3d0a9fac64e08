//! The form that the MDT stores: sizes and counts after its steps, slots, generation.

use alloc::vec::Vec;

use super::{AllocateError, Defaults, NewFile, pool_wanted};
use crate::layout::model::{
    Body, Component, ComponentFlags, EOF, Extent, Fid, ObjectId, Pattern, PoolName, Slot, Striping,
    StripingKind,
};

/// Any stripe count from here on is a wish: -1 is as many as there are OSTs.
pub(super) const WIDE: u16 = 0xffe0;
/// `l_ost_idx` of the spare slot that the MDT keeps in a component without objects.
const NO_OST: u32 = u32::MAX;

/// Stripe size and count that a component is stored with.
pub(super) struct Shape {
    pub(super) stripe_size: u32,
    pub(super) stripe_count: u16,
}

/// Stripe size and count as the MDT stores them, in the order of its steps.
pub(super) fn shape(
    defaults: Defaults,
    component: usize,
    striping: &Striping,
    extent: Extent,
    flags: u32,
) -> Result<Shape, AllocateError> {
    let unsupported = |what| AllocateError::Unsupported { component, what };
    let space = flags & ComponentFlags::EXTENSION != 0;
    match striping.pattern.kind() {
        Pattern::RAID0 | 0x201 | 0x005 => {}
        // Nothing is chosen for data on the MDT.
        Pattern::MDT => {
            return Ok(Shape { stripe_size: striping.stripe_size, stripe_count: 0 });
        }
        _ => return Err(unsupported("this pattern")),
    }
    let Extent { start, end } = extent;
    let divides = |size: u32| size != 0 && end.is_multiple_of(u64::from(size));
    // The lowest set bit of the end divides it; ends are multiples of 64 KiB.
    let lowest = (1u64 << end.trailing_zeros().min(31)) as u32;
    if space {
        // KiB of its steps; the count is what was asked for.
        let stripe_count = striping.stripe_count;
        return Ok(Shape { stripe_size: striping.stripe_size, stripe_count });
    }
    let stripe_size = match (striping.stripe_size, defaults.stripe_size) {
        (0, default) if end == EOF || divides(default) => default,
        (size, _) if size != 0 && (end == EOF || start == end || divides(size)) => size,
        _ => lowest,
    };
    if stripe_size == 0 || !stripe_size.is_multiple_of(1 << 16) {
        return Err(unsupported("a stripe size that is no multiple of 64 KiB"));
    }
    let mut stripe_count = match striping.stripe_count {
        0 => defaults.stripe_count.max(1),
        count => count,
    };
    // The product wraps at 32 bits in Lustre too.
    let row = u32::from(stripe_count).wrapping_mul(stripe_size);
    if stripe_count < WIDE && end != EOF && start < end && u64::from(row) > end - start {
        stripe_count = (end - start).div_ceil(u64::from(stripe_size)).min(0xffdf) as u16;
    }
    Ok(Shape { stripe_size, stripe_count })
}

/// A component that is added to a file, as the MDT stores it before it has objects. There its
/// steps run the other way round: a size of 0 is not trimmed, because it is still 0.
pub(in crate::layout) fn without_objects(
    component: usize,
    entry: &Component,
    defaults: Defaults,
    oi: [u64; 2],
) -> Result<Component, AllocateError> {
    let unsupported = AllocateError::Unsupported { component, what: "a foreign component" };
    let Body::Striping(striping) = &entry.body else { return Err(unsupported) };
    let wanted = striping.stripe_count;
    let mut shape = shape(defaults, component, striping, entry.extent, entry.flags.0)?;
    if striping.stripe_size == 0 && wanted != 0 {
        shape.stripe_count = wanted;
    }
    let file = NewFile::default();
    // Never called: nothing gets objects.
    let none = &mut |ost| ObjectId { ost, fid: Fid::default() };
    let mut stored = store_component(entry, striping, &shape, &file, None, none)?;
    stored.oi = oi;
    Ok(Component { body: Body::Striping(stored), ..entry.clone() })
}

/// One for each component, then the changes of writing and resyncing the file: the first write of
/// a file with mirrors, or one that needs more components; the resync's begin and end.
pub(super) fn generation(components: &[Component], several: bool, size: u64) -> u32 {
    let created = components.len() as u32;
    match (size, several) {
        (0, _) => created,
        (_, true) => created + 3,
        (_, false) => {
            let more = components.iter().any(|component| {
                component.extent.start != 0 && component.flags.has(ComponentFlags::INIT)
            });
            created + u32::from(more)
        }
    }
}

/// A component's striping as stored: EC data is plain raid0 even where OSTs repeat, parity has its
/// pattern.
pub(super) fn store_component(
    entry: &Component,
    striping: &Striping,
    shape: &Shape,
    file: &NewFile,
    osts: Option<&[u32]>,
    next_id: &mut dyn FnMut(u32) -> ObjectId,
) -> Result<Striping, AllocateError> {
    let mut stored = store(striping, shape, file, osts, next_id)?;
    if entry.flags.has(ComponentFlags::PARITY) {
        stored.pattern = Pattern(Pattern::RAID0 | Pattern::PARITY);
    } else if entry.parity > 0 && osts.is_some() {
        stored.pattern = Pattern(Pattern::RAID0);
    }
    Ok(stored)
}

/// A striping as the MDT stores it; objects are made if there are OSTs.
pub(super) fn store(
    striping: &Striping,
    shape: &Shape,
    file: &NewFile,
    osts: Option<&[u32]>,
    next_id: &mut dyn FnMut(u32) -> ObjectId,
) -> Result<Striping, AllocateError> {
    let name = pool_wanted(&striping.pool);
    let mut pool = PoolName::default();
    pool.0[..name.len()].copy_from_slice(name);
    let kind = if name.is_empty() { StripingKind::V1 } else { StripingKind::V3 };
    let mdt = striping.pattern.kind() == Pattern::MDT;
    let mut pattern = if mdt { Pattern::MDT } else { Pattern::RAID0 };
    let slots = match osts {
        Some(osts) => {
            let repeats = osts.iter().enumerate().any(|(at, ost)| osts[..at].contains(ost));
            pattern |= if repeats { Pattern::OVERSTRIPING } else { 0 };
            let mut slots = Vec::with_capacity(osts.len());
            for &ost in osts {
                let slot = Slot::from_object(next_id(ost));
                slot.object_id().map_err(AllocateError::Object)?;
                slots.push(slot);
            }
            slots
        }
        None => {
            pattern = striping.pattern.0;
            let listed = striping.slots.iter().map(|slot| slot.ost);
            let spare = listed.len() == 0 && !mdt;
            let slot = |ost| Slot { ost, ..Slot::default() };
            listed.map(slot).chain(spare.then(|| slot(NO_OST))).collect()
        }
    };
    Ok(Striping {
        kind,
        pattern: Pattern(pattern),
        oi: [u64::from(file.fid.ver) << 32 | u64::from(file.fid.oid), file.fid.seq],
        stripe_size: shape.stripe_size,
        stripe_count: match osts {
            Some(osts) => osts.len() as u16,
            None => shape.stripe_count,
        },
        gen_or_offset: if osts.is_some() { 0 } else { striping.gen_or_offset },
        pool,
        slots,
    })
}
