//! Model to bytes.

use alloc::vec::Vec;

use super::parse::swap_hsm;
use super::{Endian, MAGIC_FOREIGN};
use crate::layout::{Body, Component, Composite, Foreign, Layout, Slot, Striping, StripingKind};

/// The layout as an EA, little-endian, as Lustre stores it.
///
/// Counts and offsets follow from the model's lists. A layout that an EA cannot hold (more than
/// 65535 components, or 4 GiB) is cut in its count fields, and [`parse`](super::parse) refuses the
/// result.
pub fn emit(layout: &Layout) -> Vec<u8> {
    emit_as(layout, Endian::Little)
}

/// As [`emit`], in the byte order asked for.
pub fn emit_as(layout: &Layout, endian: Endian) -> Vec<u8> {
    let mut writer = Writer { bytes: Vec::new(), endian };
    match layout {
        Layout::Plain(striping) => writer.striping(striping),
        Layout::Composite(composite) => writer.composite(composite, layout.magic()),
        Layout::Foreign(foreign) => writer.foreign(foreign, false),
    }
    writer.bytes
}

struct Writer {
    bytes: Vec<u8>,
    endian: Endian,
}

impl Writer {
    /// An integer of a word's bytes, given little-endian.
    fn word<const N: usize>(&mut self, mut little: [u8; N]) {
        if self.endian == Endian::Big {
            little.reverse();
        }
        self.bytes.extend_from_slice(&little);
    }

    fn u16(&mut self, value: u16) {
        self.word(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.word(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.word(value.to_le_bytes());
    }

    fn striping(&mut self, striping: &Striping) {
        self.u32(striping.magic());
        self.u32(striping.pattern.0);
        self.u64(striping.oi[0]);
        self.u64(striping.oi[1]);
        self.u32(striping.stripe_size);
        self.u16(striping.stripe_count);
        self.u16(striping.gen_or_offset);
        if striping.kind != StripingKind::V1 {
            self.bytes.extend_from_slice(&striping.pool.0);
        }
        for slot in &striping.slots {
            self.slot(slot);
        }
    }

    fn slot(&mut self, slot: &Slot) {
        self.u64(slot.oi[0]);
        self.u32(slot.oi[1] as u32);
        self.u32((slot.oi[1] >> 32) as u32);
        self.u32(slot.generation);
        self.u32(slot.ost);
    }

    fn foreign(&mut self, foreign: &Foreign, component: bool) {
        self.u32(MAGIC_FOREIGN);
        self.u32(foreign.value.len() as u32);
        self.u32(foreign.kind);
        self.u32(foreign.flags);
        let value = self.bytes.len();
        self.bytes.extend_from_slice(&foreign.value);
        if component && self.endian == Endian::Big {
            swap_hsm(&mut self.bytes[value..]);
        }
        self.bytes.extend_from_slice(&foreign.trailing);
    }

    fn composite(&mut self, composite: &Composite, magic: u32) {
        self.u32(magic);
        self.u32(composite.ea_bytes() as u32);
        self.u32(composite.layout_gen);
        self.u16(composite.flags);
        self.u16(composite.components.len() as u16);
        self.u16(composite.mirror_count);
        self.bytes.extend_from_slice(&composite.reserved);
        for (component, (offset, size)) in composite.components.iter().zip(composite.places()) {
            self.entry(component, offset as u32, size as u32);
        }
        for component in &composite.components {
            match &component.body {
                Body::Striping(striping) => self.striping(striping),
                Body::Foreign(foreign) => self.foreign(foreign, true),
                Body::Unknown(bytes) => self.bytes.extend_from_slice(bytes),
            }
        }
        self.bytes.extend_from_slice(&composite.trailing);
    }

    fn entry(&mut self, component: &Component, offset: u32, size: u32) {
        self.u32(component.id.0);
        self.u32(component.flags.0);
        self.u64(component.extent.start);
        self.u64(component.extent.end);
        self.u32(offset);
        self.u32(size);
        self.u32(component.layout_gen);
        self.u64(u64::from(component.link_id) << 48 | component.timestamp & 0xffff_ffff_ffff);
        self.bytes.extend_from_slice(&[component.data, component.parity]);
        self.bytes.extend_from_slice(&component.compression);
    }
}
