//! What a layout must obey beyond its shape. The rules of Lustre's client (`lov_ea.c`) and MDT
//! (`lod_lov.c`), each with the offset of the field that breaks it.

use super::{ALIGN, ENTRY, HEADER, SLOT, WIDE};
use crate::layout::{
    Body, ComponentFlags, Composite, EOF, Extent, Fault, LayoutError, Pattern, Striping,
    StripingKind,
};

/// Takes each fault as it is found; an error ends the search.
pub(in crate::layout) type Faults<'a> = &'a mut dyn FnMut(LayoutError) -> Result<(), LayoutError>;

fn error(offset: usize, fault: Fault) -> LayoutError {
    LayoutError { offset, fault }
}

/// A plain layout: a file's, or a template.
pub(super) fn plain(striping: &Striping, faults: Faults<'_>) -> Result<(), LayoutError> {
    // A list of OSTs is no list of objects, and an unknown pattern's slots are left alone.
    if striping.kind == StripingKind::Specific || !striping.pattern.is_known() {
        return Ok(());
    }
    if striping.slots.is_empty() && !striping.pattern.has(Pattern::RELEASED) {
        return template_size(0, striping, faults);
    }
    file_size(0, striping, faults)?;
    if striping.pattern.has(Pattern::RELEASED) && striping.slots.is_empty() {
        return Ok(());
    }
    objects(0, striping, faults)
}

/// A composite layout: mirrors, extents, then each component.
/// `places` are the offsets of the sub-layouts.
pub(super) fn composite(
    composite: &Composite,
    places: &[usize],
    faults: Faults<'_>,
) -> Result<(), LayoutError> {
    let template = composite.is_template();
    mirrors(composite, template, faults)?;
    for ((index, component), &place) in composite.components.iter().enumerate().zip(places) {
        let at = HEADER + ENTRY * index;
        if !template && (component.id.0 == 0 || component.id.0 > 0x7fff_ffff) {
            faults(error(at, Fault::ComponentId { got: component.id.0 }))?;
        }
        extent(at, component.extent, faults)?;
        let Body::Striping(striping) = &component.body else { continue };
        // As Lustre: an unknown pattern has no objects, and nothing else of it is believed.
        if !striping.pattern.is_known() {
            continue;
        }
        if template {
            template_size(place, striping, faults)?;
            continue;
        }
        file_size(place, striping, faults)?;
        if component.flags.has(ComponentFlags::INIT) && striping.pattern.has_objects() {
            objects(place, striping, faults)?;
        }
    }
    Ok(())
}

/// Mirrors stand together, are as many as the header says, fit the state, and each one's
/// components follow one another.
fn mirrors(composite: &Composite, template: bool, faults: Faults<'_>) -> Result<(), LayoutError> {
    let mut seen = [0u64; 0x8000 / 64];
    let mut count = 0u32;
    let mut previous = None;
    for (index, component) in composite.components.iter().enumerate() {
        let at = HEADER + ENTRY * index;
        let (mirror, Extent { start, end }) = (component.id.mirror(), component.extent);
        let begins = match previous {
            None => true,
            Some((before, _)) if !template => before != mirror,
            Some(_) => start == 0 && end != 0,
        };
        match previous {
            Some((_, expected)) if !begins && start != expected => {
                faults(error(at + 8, Fault::ExtentGap { expected, got: start }))?;
            }
            // A mirror begins at 0; so the MDT demands it of files with several mirrors.
            _ if begins && start != 0 => {
                faults(error(at + 8, Fault::ExtentGap { expected: 0, got: start }))?;
            }
            _ => {}
        }
        if begins {
            count += 1;
            let (word, bit) = (usize::from(mirror / 64), 1 << (mirror % 64));
            if !template && seen[word] & bit != 0 {
                faults(error(at, Fault::MirrorSplit { mirror }))?;
            }
            seen[word] |= bit;
        }
        previous = Some((mirror, end));
    }
    let expected = u32::from(composite.mirror_count) + 1;
    if count != expected {
        faults(error(16, Fault::MirrorCount { expected, got: count }))?;
    }
    // A template has no state whatever its mirrors.
    if !template && (composite.flags & 3 == 0) != (count == 1) {
        faults(error(12, Fault::State { flags: composite.flags, mirrors: count }))?;
    }
    Ok(())
}

/// Ordered, within 2^63 - 1 bytes, on 64 KiB boundaries.
fn extent(at: usize, extent: Extent, faults: Faults<'_>) -> Result<(), LayoutError> {
    let Extent { start, end } = extent;
    let beyond = |offset: u64| offset > i64::MAX as u64;
    if start > end || beyond(start) || end != EOF && beyond(end) {
        faults(error(at + 8, Fault::Extent { start, end }))?;
    }
    for (field, boundary) in [(8, start), (16, end)] {
        if boundary != EOF && boundary % u64::from(ALIGN) != 0 {
            faults(error(at + field, Fault::ExtentAlign { got: boundary }))?;
        }
    }
    Ok(())
}

/// A template's stripe size may be 0, the default.
fn template_size(place: usize, striping: &Striping, faults: Faults<'_>) -> Result<(), LayoutError> {
    if !striping.stripe_size.is_multiple_of(ALIGN) {
        let fault = Fault::StripeSize { got: striping.stripe_size };
        faults(error(place + 24, fault))?;
    }
    Ok(())
}

fn file_size(place: usize, striping: &Striping, faults: Faults<'_>) -> Result<(), LayoutError> {
    if striping.stripe_size == 0 {
        faults(error(place + 24, Fault::StripeSize { got: 0 }))?;
    }
    template_size(place, striping, faults)
}

/// Each stripe has its slot, and each slot names an object or is a dummy.
fn objects(place: usize, striping: &Striping, faults: Faults<'_>) -> Result<(), LayoutError> {
    let count = striping.stripe_count;
    if count == 0 || count >= WIDE {
        faults(error(place + 28, Fault::StripeCount { got: count }))?;
    }
    if striping.slots.len() != usize::from(count) {
        let fault = Fault::SlotCount { expected: count, got: striping.slots.len() as u64 };
        faults(error(place + 28, fault))?;
    }
    if striping.pattern.has(Pattern::RELEASED) {
        return Ok(());
    }
    let first = place + striping.kind.header();
    for (index, slot) in striping.slots.iter().enumerate() {
        // A lost object's zeros pass as a legacy id.
        if let Err(fault) = slot.object_id() {
            let field = match fault {
                Fault::OstIndex { .. } => 20,
                Fault::ObjectVersion { .. } => 12,
                Fault::ObjectDefault => 8,
                _ => 0,
            };
            faults(error(first + SLOT * index + field, fault))?;
        }
    }
    Ok(())
}
