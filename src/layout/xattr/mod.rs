//! The layout EA (`trusted.lov`, `lustre.lov`) as bytes: the only place that knows byte offsets.
//!
//! The form is that of Lustre's `lustre_user.h` (`lov_mds_md_v1`, `_v3`, `lov_comp_md_v1`,
//! `lov_foreign_md`). Integers are little-endian on disk and on the wire; a byte-swapped magic means
//! that every integer is big-endian. What [`parse`] accepts, [`emit_as`] gives back byte for byte,
//! leftover bytes included.
//!
//! [`parse`] makes the checks of Lustre's client and MDT, and those that they lack: that header and
//! entries fit `lcm_size`, that sub-layouts do not overlap, that nothing overflows. A component
//! whose magic it does not know does not fail the file ([`Body::Unknown`]); one with an unknown
//! pattern has no objects.
//!
//! [`Body::Unknown`]: super::Body::Unknown

mod check;
mod client;
mod emit;
mod parse;
mod reader;

pub use client::client_form;
pub use emit::{emit, emit_as};
pub(super) use parse::parse_with;
pub use parse::{parse, parse_as};

/// Byte order of an EA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The order on disk and on the wire.
    Little,
    /// The other order, seen in blobs that a big-endian client wrote.
    Big,
}

const MAGIC_V1: u32 = 0x0bd1_0bd0;
const MAGIC_V3: u32 = 0x0bd3_0bd0;
const MAGIC_SPECIFIC: u32 = 0x0bd5_0bd0;
const MAGIC_COMP_V1: u32 = 0x0bd6_0bd0;
const MAGIC_FOREIGN: u32 = 0x0bd7_0bd0;
const MAGIC_SEL: u32 = 0x0bd8_0bd0;

/// Most bytes of an extended attribute.
pub(super) const MAX_EA: usize = 65536;
/// Header bytes of V1, of a composite, and behind which V3 has its pool name.
const HEADER: usize = 32;
/// Header bytes of V3 and SPECIFIC.
const POOL_HEADER: usize = 48;
/// Header bytes of a foreign layout.
const FOREIGN_HEADER: usize = 16;
/// Bytes of a component entry.
const ENTRY: usize = 48;
/// Bytes of a slot.
const SLOT: usize = 24;
/// Bytes of the value of an HSM component: archive id and version (u64 each), 40 of UUID.
const HSM_VALUE: usize = 56;
/// Slots that a stripe count from here on stands for: none (-1 and the like are wishes).
const WIDE: u16 = 0xffe0;
/// Stripe sizes and extents are multiples of this.
const ALIGN: u32 = 1 << 16;

/// Byte offset of a component's entry.
pub(super) const fn entry_at(component: usize) -> usize {
    HEADER + ENTRY * component
}

/// Byte offset of a stripe's slot in its (sub-)layout.
pub(super) const fn slot_at(kind: super::StripingKind, stripe: usize) -> usize {
    kind.header() + SLOT * stripe
}

impl super::StripingKind {
    const fn header(self) -> usize {
        match self {
            super::StripingKind::V1 => HEADER,
            super::StripingKind::V3 | super::StripingKind::Specific => POOL_HEADER,
        }
    }
}

impl super::Layout {
    /// The magic that the layout is stored under (`lmm_magic`, `lcm_magic`, `lfm_magic`).
    pub fn magic(&self) -> u32 {
        match self {
            super::Layout::Plain(striping) => striping.magic(),
            super::Layout::Composite(composite) if composite.sel => MAGIC_SEL,
            super::Layout::Composite(_) => MAGIC_COMP_V1,
            super::Layout::Foreign(_) => MAGIC_FOREIGN,
        }
    }
}

impl super::Striping {
    /// `lmm_magic`.
    pub fn magic(&self) -> u32 {
        match self.kind {
            super::StripingKind::V1 => MAGIC_V1,
            super::StripingKind::V3 => MAGIC_V3,
            super::StripingKind::Specific => MAGIC_SPECIFIC,
        }
    }

    /// Bytes it takes in an EA.
    pub fn ea_bytes(&self) -> usize {
        self.kind.header() + SLOT * self.slots.len()
    }
}

impl super::Foreign {
    /// Bytes it takes in an EA.
    pub fn ea_bytes(&self) -> usize {
        FOREIGN_HEADER + self.value.len() + self.trailing.len()
    }
}

impl super::Composite {
    /// Where each component's sub-layout lies in the EA: `(lcme_offset, lcme_size)`, in order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut next = HEADER + ENTRY * self.components.len();
        self.components.iter().map(move |component| {
            let size = match &component.body {
                super::Body::Striping(striping) => striping.ea_bytes(),
                super::Body::Foreign(foreign) => foreign.ea_bytes(),
                super::Body::Unknown(bytes) => bytes.len(),
            };
            let place = (next, size);
            next += size;
            place
        })
    }

    /// `lcm_size`: bytes of the whole EA.
    pub fn ea_bytes(&self) -> usize {
        let end = self.places().last().map_or(HEADER, |(offset, size)| offset + size);
        end + self.trailing.len()
    }
}
