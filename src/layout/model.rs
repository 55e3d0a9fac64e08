//! The model of a layout: everything that a LOV EA can say, in the field's words.
//!
//! Fields whose bytes Lustre leaves undefined (slots of uninstantiated components, pool bytes after
//! the NUL, `lcme_layout_gen`) are kept, so that what was parsed is emitted byte for byte.

use alloc::vec::Vec;
use core::fmt;

/// End of an extent that reaches to the end of the file, whatever its size (`LUSTRE_EOF`).
pub const EOF: u64 = u64::MAX;

/// A Lustre file identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fid {
    /// Sequence.
    pub seq: u64,
    /// Object id within the sequence.
    pub oid: u32,
    /// Version, 0 for OST objects.
    pub ver: u32,
}

impl fmt::Display for Fid {
    /// `[0x340000400:0xb:0x0]`; a zero sequence prints `0`, as C's `%#llx` does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seq == 0 {
            write!(f, "[0:0x{:x}:0x{:x}]", self.oid, self.ver)
        } else {
            write!(f, "[0x{:x}:0x{:x}:0x{:x}]", self.seq, self.oid, self.ver)
        }
    }
}

/// One OST object: where it is and what it is called there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Index of the OST that holds it.
    pub ost: u32,
    /// Its name on that OST.
    pub fid: Fid,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OST {} {}", self.ost, self.fid)
    }
}

/// Half-open range of file bytes `[start, end)`; `end` may be [`EOF`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// First byte.
    pub start: u64,
    /// First byte after, or [`EOF`].
    pub end: u64,
}

impl Extent {
    /// The whole file.
    pub const WHOLE: Extent = Extent { start: 0, end: EOF };

    /// The end is EOF, or below 2^63 as all offsets of files.
    pub(super) const fn is_reachable(self) -> bool {
        self.end == EOF || self.end <= i64::MAX as u64
    }
}

/// A whole layout EA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// V1, V3 or SPECIFIC: one striping for the whole file.
    Plain(Striping),
    /// COMP_V1 or SEL: components, perhaps in several mirrors.
    Composite(Composite),
    /// The file's data is not in Lustre objects.
    Foreign(Foreign),
}

/// `lov_comp_md_v1`: a layout made of components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composite {
    /// Stored with magic SEL instead of COMP_V1 (holds an extension component, MDT's disk form).
    pub sel: bool,
    /// `lcm_layout_gen`, changed at each layout change.
    pub layout_gen: u32,
    /// `lcm_flags`: the FLR state and the PCC bit, as stored.
    pub flags: u16,
    /// `lcm_mirror_count` as stored: number of mirrors minus 1.
    pub mirror_count: u16,
    /// `lcm_ec_count` and the padding (bytes 18..32 of the header), kept as found.
    pub reserved: [u8; 14],
    /// The components in entry order.
    pub components: Vec<Component>,
    /// Bytes inside `lcm_size` behind the last sub-layout that no component claims.
    pub trailing: Vec<u8>,
}

/// The state of a file with mirrors: `lcm_flags & 3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// One mirror, or a template.
    None,
    /// All mirrors that are not stale agree.
    ReadOnly,
    /// Written since the last resync.
    WritePending,
    /// A resync is under way.
    SyncPending,
}

/// One component: a layout for one extent of one mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// `lcme_id`.
    pub id: ComponentId,
    /// `lcme_flags`.
    pub flags: ComponentFlags,
    /// The file bytes it covers.
    pub extent: Extent,
    /// `lcme_layout_gen`: leftover bytes on the MDT's disk, kept as found; write 0.
    pub layout_gen: u32,
    /// `lcme_timestamp`, seconds since 1970, 48 bits.
    pub timestamp: u64,
    /// Mirror id of the partner in an EC pair (a pairing number with `LINK_ID`); 0 = none.
    pub link_id: u16,
    /// `lcme_dstripe_count`: data stripes per RAID set asked for (k); 0 without EC.
    pub data: u8,
    /// `lcme_cstripe_count`: parity stripes per RAID set (p); 0 without EC.
    pub parity: u8,
    /// Bytes 46..48: compression type, then level and chunk bits. Garbage on the MDT's disk
    /// unless the pattern has COMPRESS.
    pub compression: [u8; 2],
    /// What it holds.
    pub body: Body,
}

/// What a component holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Stripes over OST objects, or data on the MDT.
    Striping(Striping),
    /// A foreign (HSM) component.
    Foreign(Foreign),
    /// A sub-layout with a magic that we do not know: kept, never used.
    Unknown(Vec<u8>),
}

/// `lcme_id`: mirror id in bits 30:16, sequence in 15:0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub u32);

impl ComponentId {
    /// The mirror that the component belongs to; 0 in a file with one mirror.
    pub const fn mirror(self) -> u16 {
        ((self.0 >> 16) & 0x7fff) as u16
    }
}

/// `lcme_flags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComponentFlags(pub u32);

impl ComponentFlags {
    /// Its bytes are outdated.
    pub const STALE: u32 = 0x1;
    /// Preferred for reads.
    pub const PREF_RD: u32 = 0x2;
    /// Preferred for writes.
    pub const PREF_WR: u32 = 0x4;
    /// Unused by Lustre.
    pub const OFFLINE: u32 = 0x8;
    /// Objects are allocated.
    pub const INIT: u32 = 0x10;
    /// Not resynced.
    pub const NOSYNC: u32 = 0x20;
    /// Extension space of a self-extending layout.
    pub const EXTENSION: u32 = 0x40;
    /// Holds parity.
    pub const PARITY: u32 = 0x80;
    /// Compressible.
    pub const COMPRESS: u32 = 0x100;
    /// Some chunks are stored uncompressed.
    pub const PARTIAL: u32 = 0x200;
    /// Not compressed.
    pub const NOCOMPR: u32 = 0x400;
    /// The link id is a pairing number (requests and templates only).
    pub const LINK_ID: u32 = 0x4000_0000;
    /// "Clear these flags" in requests; never stored.
    pub const NEG: u32 = 0x8000_0000;

    /// All of the given bits are set.
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
}

/// `lmm_pattern`: low 16 bits the pattern, high 16 bits flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pattern(pub u32);

impl Pattern {
    /// Striped over OST objects.
    pub const RAID0: u32 = 0x1;
    /// A parity component's stripes.
    pub const PARITY: u32 = 0x4;
    /// Data on the MDT.
    pub const MDT: u32 = 0x100;
    /// An OST may hold several stripes of the component.
    pub const OVERSTRIPING: u32 = 0x200;
    /// Foreign.
    pub const FOREIGN: u32 = 0x400;
    /// Compressed.
    pub const COMPRESS: u32 = 0x800;
    /// LFSCK rebuilt the layout with holes.
    pub const HOLE: u32 = 0x4000_0000;
    /// The data was released to an HSM archive.
    pub const RELEASED: u32 = 0x8000_0000;

    /// All of the given bits are set.
    pub const fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
}

/// Which header shape a striping has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StripingKind {
    /// 32-byte header, no pool.
    V1,
    /// 48-byte header with a pool name.
    V3,
    /// V3 shape; a request or template with an explicit list of OSTs.
    Specific,
}

/// The 16 bytes of a pool name as stored, bytes after the NUL included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolName(pub [u8; 16]);

impl PoolName {
    /// The name's bytes up to the NUL.
    pub fn name(&self) -> &[u8] {
        let end = self.0.iter().position(|&b| b == 0).unwrap_or(self.0.len());
        &self.0[..end]
    }
}

/// `lov_mds_md_v1` / `_v3`: stripes of one component or of a plain file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Striping {
    /// Header shape.
    pub kind: StripingKind,
    /// `lmm_pattern`.
    pub pattern: Pattern,
    /// `lmm_oi`: id then seq of the MDT inode, as stored (see the trap in [`super::show`]).
    pub oi: [u64; 2],
    /// Bytes of one stripe unit; KiB in an extension component; 0 = default in templates.
    pub stripe_size: u32,
    /// `lmm_stripe_count` as stored; 0xffff (-1) = all OSTs in templates.
    pub stripe_count: u16,
    /// The u16 at offset 30: layout generation if instantiated, else the starting OST (0xffff any).
    pub gen_or_offset: u16,
    /// Pool; meaningful for V3 and SPECIFIC.
    pub pool: PoolName,
    /// The slots as stored. Only an instantiated, unreleased striping's slots are objects:
    /// ask [`ComponentView::objects`](super::ComponentView::objects).
    pub slots: Vec<Slot>,
}

/// `lov_ost_data_v1`: 24 bytes that name one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// `l_ost_oi` as two little-endian words (legacy: id, seq; else FID: seq, then oid | ver << 32).
    pub oi: [u64; 2],
    /// `l_ost_gen`, 0 in practice.
    pub generation: u32,
    /// `l_ost_idx`.
    pub ost: u32,
}

/// `lov_foreign_md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Type number: 0 none, 1 posix, 2 pccrw, 3 pccro, 4 S3, 0xda05 symlink.
    pub kind: u32,
    /// Flags.
    pub flags: u32,
    /// The value.
    pub value: Vec<u8>,
    /// Bytes behind the value inside the component's size.
    pub trailing: Vec<u8>,
}
