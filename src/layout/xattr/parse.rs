//! Bytes to model.

use alloc::vec::Vec;

use super::check::{self, Faults};
use super::reader::Reader;
use super::{
    ENTRY, Endian, FOREIGN_HEADER, HEADER, HSM_VALUE, MAGIC_COMP_V1, MAGIC_FOREIGN, MAGIC_SEL,
    MAGIC_SPECIFIC, MAGIC_V1, MAGIC_V3, SLOT,
};
use crate::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, Extent, Fault, Foreign, Layout,
    LayoutError, Pattern, PoolName, Slot, Striping, StripingKind,
};

/// Parses a layout EA in either byte order.
///
/// Takes time and memory linear in `ea`'s length, whatever its fields say.
///
/// # Errors
/// [`LayoutError`] with the byte offset of the fault.
pub fn parse(ea: &[u8]) -> Result<Layout, LayoutError> {
    parse_as(ea).map(|(layout, _)| layout)
}

/// As [`parse`], and tells the byte order that the EA was in.
///
/// # Errors
/// As [`parse`].
pub fn parse_as(ea: &[u8]) -> Result<(Layout, Endian), LayoutError> {
    parse_with(ea, &mut Err).map(|parsed| (parsed.layout, parsed.endian))
}

/// What was read of an EA.
pub(in crate::layout) struct Parsed {
    pub(in crate::layout) layout: Layout,
    pub(in crate::layout) endian: Endian,
    /// Where each component's sub-layout lies.
    pub(in crate::layout) places: Vec<usize>,
}

/// Parses an EA and gives each fault to `faults`. If that swallows them the layout is what could
/// be made of the bytes: enough to look for more faults, not to be written back.
///
/// # Errors
/// What `faults` returns, or a fault behind which nothing can be read.
pub(in crate::layout) fn parse_with(ea: &[u8], faults: Faults<'_>) -> Result<Parsed, LayoutError> {
    let magic = Reader { bytes: ea, base: 0, endian: Endian::Little }.u32(0)?;
    let endian = if is_magic(magic) {
        Endian::Little
    } else if is_magic(magic.swap_bytes()) {
        Endian::Big
    } else {
        return Err(LayoutError { offset: 0, fault: Fault::Magic { got: magic } });
    };
    let reader = Reader { bytes: ea, base: 0, endian };
    let mut places = Vec::new();
    let layout = match reader.u32(0)? {
        magic @ (MAGIC_COMP_V1 | MAGIC_SEL) => {
            let composite = composite(reader, magic == MAGIC_SEL, &mut places, faults)?;
            check::composite(&composite, &places, faults)?;
            Layout::Composite(composite)
        }
        MAGIC_FOREIGN => {
            let foreign = foreign(reader, false, faults)?;
            if !foreign.trailing.is_empty() {
                let expected = FOREIGN_HEADER + foreign.value.len();
                faults(reader.behind(expected))?;
            }
            Layout::Foreign(foreign)
        }
        _ => {
            let striping = striping(reader, faults)?;
            check::plain(&striping, faults)?;
            Layout::Plain(striping)
        }
    };
    Ok(Parsed { layout, endian, places })
}

fn is_magic(magic: u32) -> bool {
    striping_kind(magic).is_some() || matches!(magic, MAGIC_COMP_V1 | MAGIC_SEL | MAGIC_FOREIGN)
}

fn striping_kind(magic: u32) -> Option<StripingKind> {
    match magic {
        MAGIC_V1 => Some(StripingKind::V1),
        MAGIC_V3 => Some(StripingKind::V3),
        MAGIC_SPECIFIC => Some(StripingKind::Specific),
        _ => None,
    }
}

/// `lov_mds_md_v1` / `_v3`: the whole of the reader's bytes.
fn striping(reader: Reader<'_>, faults: Faults<'_>) -> Result<Striping, LayoutError> {
    let magic = reader.u32(0)?;
    let kind = striping_kind(magic).ok_or_else(|| reader.error(0, Fault::Magic { got: magic }))?;
    let header = kind.header();
    let Some(slot_bytes) = reader.bytes.get(header..) else {
        return Err(reader.short(header));
    };
    if slot_bytes.len() % SLOT != 0 {
        let whole = header + slot_bytes.len() / SLOT * SLOT;
        faults(reader.error(whole, Fault::SlotBytes { got: slot_bytes.len() as u64 }))?;
    }
    let pool = match kind {
        StripingKind::V1 => PoolName::default(),
        StripingKind::V3 | StripingKind::Specific => PoolName(reader.array(HEADER)?),
    };
    if kind != StripingKind::V1 && !pool.0.contains(&0) {
        faults(reader.error(HEADER, Fault::PoolName))?;
    }
    let mut slots = Vec::with_capacity(slot_bytes.len() / SLOT);
    for index in 0..slot_bytes.len() / SLOT {
        slots.push(slot(reader, header + index * SLOT)?);
    }
    Ok(Striping {
        kind,
        pattern: Pattern(reader.u32(4)?),
        oi: [reader.u64(8)?, reader.u64(16)?],
        stripe_size: reader.u32(24)?,
        stripe_count: reader.u16(28)?,
        gen_or_offset: reader.u16(30)?,
        pool,
        slots,
    })
}

fn slot(reader: Reader<'_>, at: usize) -> Result<Slot, LayoutError> {
    // The second word is a FID's oid and version, two u32: that matters in the other byte order.
    // A legacy id has 0 or all ones there, which reads the same.
    let (oid, ver) = (reader.u32(at + 8)?, reader.u32(at + 12)?);
    Ok(Slot {
        oi: [reader.u64(at)?, u64::from(ver) << 32 | u64::from(oid)],
        generation: reader.u32(at + 16)?,
        ost: reader.u32(at + 20)?,
    })
}

/// `lov_foreign_md`. `component`: inside a composite the value can be an HSM record.
fn foreign(
    reader: Reader<'_>,
    component: bool,
    faults: Faults<'_>,
) -> Result<Foreign, LayoutError> {
    let (length, kind, flags) = (reader.u32(4)?, reader.u32(8)?, reader.u32(12)?);
    let rest = reader.bytes.get(FOREIGN_HEADER..).unwrap_or_default();
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (value, trailing) = match split {
        Some(split) => split,
        None => {
            let fault = Fault::ForeignLength { expected: rest.len() as u64, got: length };
            faults(reader.error(4, fault))?;
            (rest, [].as_slice())
        }
    };
    let mut value = value.to_vec();
    if component && reader.endian == Endian::Big {
        swap_hsm(&mut value);
    }
    Ok(Foreign { kind, flags, value, trailing: trailing.to_vec() })
}

/// Between the byte orders of an HSM component's value: its first two u64 are integers.
pub(super) fn swap_hsm(value: &mut [u8]) {
    if value.len() == HSM_VALUE {
        value[..8].reverse();
        value[8..16].reverse();
    }
}

/// `lov_comp_md_v1`. `places` gets the offsets of the sub-layouts.
fn composite(
    reader: Reader<'_>,
    sel: bool,
    places: &mut Vec<usize>,
    faults: Faults<'_>,
) -> Result<Composite, LayoutError> {
    let size = reader.u32(4)?;
    let entries = reader.u16(14)?;
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    // The header must be there before lcm_size is believed.
    reader.array::<HEADER>(0)?;
    if entries == 0 {
        faults(reader.error(14, Fault::NoComponents))?;
    }
    let table_end = HEADER + ENTRY * usize::from(entries);
    if limit < table_end {
        faults(reader.error(4, Fault::EntryTable { entries, size }))?;
    }
    if reader.bytes.len() < limit {
        faults(reader.short(limit))?;
    }
    if reader.bytes.len() > limit {
        faults(reader.behind(limit))?;
    }
    let end = reader.bytes.len().min(limit);
    let there = entries.min(((reader.bytes.len() - HEADER) / ENTRY) as u16);
    let mut components = Vec::with_capacity(usize::from(there));
    places.reserve_exact(usize::from(there));
    let mut next = table_end;
    for index in 0..there {
        let at = HEADER + ENTRY * usize::from(index);
        let (place, body) = sub_layout(reader, index, at, &mut next, faults)?;
        places.push(place);
        components.push(entry(reader, at, body)?);
    }
    Ok(Composite {
        sel,
        layout_gen: reader.u32(8)?,
        flags: reader.u16(12)?,
        mirror_count: reader.u16(16)?,
        reserved: reader.array(18)?,
        components,
        trailing: reader.bytes.get(next..end).unwrap_or_default().to_vec(),
    })
}

fn entry(reader: Reader<'_>, at: usize, body: Body) -> Result<Component, LayoutError> {
    let time_and_id = reader.u64(at + 36)?;
    let [data, parity, compression @ ..]: [u8; 4] = reader.array(at + 44)?;
    Ok(Component {
        id: ComponentId(reader.u32(at)?),
        flags: ComponentFlags(reader.u32(at + 4)?),
        extent: Extent { start: reader.u64(at + 8)?, end: reader.u64(at + 16)? },
        layout_gen: reader.u32(at + 32)?,
        timestamp: time_and_id & 0xffff_ffff_ffff,
        link_id: (time_and_id >> 48) as u16,
        data,
        parity,
        compression,
        body,
    })
}

/// The sub-layout that the entry at `at` names, and its offset; `next` is where it must lie and
/// then its end.
fn sub_layout(
    reader: Reader<'_>,
    component: u16,
    at: usize,
    next: &mut usize,
    faults: Faults<'_>,
) -> Result<(usize, Body), LayoutError> {
    let (offset, size) = (reader.u32(at + 24)?, reader.u32(at + 28)?);
    let place = offset as usize;
    if place != *next {
        let fault = Fault::SubLayoutPlace { component, expected: *next as u64, got: offset };
        faults(reader.error(at + 24, fault))?;
        if place < *next {
            // What another part claims is not read twice: work stays linear in the bytes.
            return Ok((place, Body::Unknown(Vec::new())));
        }
    }
    let rest = reader.bytes.get(place..).unwrap_or_default();
    let bytes = match rest.get(..size as usize) {
        Some(bytes) => bytes,
        None => {
            let limit = reader.u32(4)?;
            let fault = Fault::SubLayoutEnd { component, offset, size, limit };
            faults(reader.error(at + 28, fault))?;
            rest
        }
    };
    let sub = Reader { bytes, base: place, endian: reader.endian };
    *next = place.min(reader.bytes.len()) + bytes.len();
    // Shorter than a magic is as unknown as an unknown magic.
    let body = match sub.u32(0).ok() {
        Some(MAGIC_FOREIGN) => foreign(sub, true, faults).map(Body::Foreign),
        Some(magic) if striping_kind(magic).is_some() => striping(sub, faults).map(Body::Striping),
        _ => Ok(Body::Unknown(bytes.to_vec())),
    };
    let body = body.or_else(|error| faults(error).map(|()| Body::Unknown(bytes.to_vec())))?;
    Ok((place, body))
}
