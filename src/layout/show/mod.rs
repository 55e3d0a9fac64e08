//! The text of `lfs getstripe -v`, character for character.
//!
//! `lfs` prints the MDT's form of a layout. Of a client's `trusted.lov` the same code prints what
//! that blob says: there `lmm_fid` is zero, sizes are smaller, generations and start indices are
//! 65535. `lmm_oi` is a trap: its first word is the object id and its second the sequence of the
//! MDT's inode, the other way round than in a FID.

mod text;

use core::fmt;

use super::model::{
    Body, Component, ComponentFlags, Composite, Fid, Foreign, Layout, Pattern, Slot, Striping,
    StripingKind,
};
use text::{Bytes, ForeignKind, Hex, HsmFlags, Timestamp};

/// `LOV_MAGIC_COMP_V1`: `lfs` shows it for SEL too.
const COMP_V1: u32 = 0x0bd6_0bd0;
/// Bytes of an HSM component's value.
const HSM_VALUE: usize = 56;
/// Largest reserved sequence: `lfs` prints groups up to it in decimal.
const RESERVED_SEQ: u64 = 11;

/// A layout as `lfs getstripe -v` prints it. Made by [`getstripe_verbose`].
#[derive(Clone, Copy, Debug)]
pub struct Getstripe<'a> {
    layout: &'a Layout,
    path: &'a str,
    utc_offset: i32,
    directory: Option<Directory>,
}

/// What `lfs` knows of a directory besides its default layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its FID.
    pub fid: Fid,
    /// Stripe size in bytes that the file system gives a template's 0.
    pub stripe_size: u32,
    /// Stripe count that the file system gives a template's 0.
    pub stripe_count: u16,
}

/// The text of `lfs getstripe -v` for a file's layout; `path` is its first line. Ask
/// [`Getstripe::directory`] for a directory's default layout.
///
/// ```
/// use lustrine::layout::{show, xattr};
/// let ea = [
///     0xd0, 0x0b, 0xd7, 0x0b, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'h', b'e', b'l', b'l', b'o',
/// ];
/// let text = show::getstripe_verbose(&xattr::parse(&ea)?, "/mnt/f").to_string();
/// assert!(text.contains("lfm_type:          0x00000000 (none)\n"));
/// # Ok::<(), lustrine::layout::LayoutError>(())
/// ```
pub fn getstripe_verbose<'a>(layout: &'a Layout, path: &'a str) -> Getstripe<'a> {
    Getstripe { layout, path, utc_offset: 0, directory: None }
}

impl Getstripe<'_> {
    /// Timestamps in the local time that is `seconds` ahead of UTC; without this in UTC.
    pub fn utc_offset(self, seconds: i32) -> Self {
        Getstripe { utc_offset: seconds, ..self }
    }

    /// The layout is a directory's default.
    pub fn directory(self, directory: Directory) -> Self {
        Getstripe { directory: Some(directory), ..self }
    }

    fn composite(&self, f: &mut fmt::Formatter<'_>, composite: &Composite) -> fmt::Result {
        writeln!(f, "composite_header:")?;
        writeln!(f, "  lcm_magic:         0x{COMP_V1:08X}")?;
        writeln!(f, "  lcm_size:          {}", composite.ea_bytes())?;
        writeln!(f, "  lcm_flags:         {}", self.state(composite))?;
        writeln!(f, "  lcm_layout_gen:    {}", composite.layout_gen)?;
        writeln!(f, "  lcm_mirror_count:  {}", u32::from(composite.mirror_count) + 1)?;
        writeln!(f, "  lcm_entry_count:   {}", composite.components.len())?;
        writeln!(f, "components:")?;
        for (component, (offset, size)) in composite.components.iter().zip(composite.places()) {
            self.entry(f, component, offset, size)?;
            self.sub_layout(f, component)?;
        }
        Ok(())
    }

    fn state(&self, composite: &Composite) -> &'static str {
        if self.directory.is_some() {
            return if composite.mirror_count > 0 { "mirrored" } else { "" };
        }
        match (composite.flags & 3, composite.flags & 8 != 0) {
            (1, false) => "ro",
            (1, true) => "ro,pccro",
            (2, false) => "wp",
            (2, true) => "wp,pccro",
            (3, false) => "sp",
            (3, true) => "sp,pccro",
            _ => "0",
        }
    }

    fn entry(
        &self,
        f: &mut fmt::Formatter<'_>,
        component: &Component,
        offset: usize,
        size: usize,
    ) -> fmt::Result {
        if component.id.0 == 0 {
            writeln!(f, "  - lcme_id:             N/A")?;
            writeln!(f, "    lcme_mirror_id:      N/A")?;
        } else {
            writeln!(f, "  - lcme_id:             {}", component.id.0)?;
            writeln!(f, "    lcme_mirror_id:      {}", component.id.mirror())?;
        }
        writeln!(f, "    lcme_flags:          {}", component.flags)?;
        if component.link_id != 0 {
            writeln!(f, "    lcme_mirror_link_id: {}", Hex(component.link_id.into()))?;
        }
        if component.flags.has(ComponentFlags::NOSYNC) || component.timestamp != 0 {
            let time = Timestamp { seconds: component.timestamp, utc_offset: self.utc_offset };
            writeln!(f, "    lcme_timestamp:      '{time}'")?;
        }
        if component.flags.has(ComponentFlags::PARITY) {
            writeln!(f, "    lcme_dstripe_count:  {}", component.data)?;
            writeln!(f, "    lcme_cstripe_count:  {}", component.parity)?;
        }
        writeln!(f, "    lcme_extent.e_start: {}", component.extent.start)?;
        match component.extent.end {
            super::EOF => writeln!(f, "    lcme_extent.e_end:   EOF")?,
            end => writeln!(f, "    lcme_extent.e_end:   {end}")?,
        }
        writeln!(f, "    lcme_offset:         {offset}")?;
        writeln!(f, "    lcme_size:           {size}")
    }

    fn sub_layout(&self, f: &mut fmt::Formatter<'_>, component: &Component) -> fmt::Result {
        writeln!(f, "    sub_layout:")?;
        match (&component.body, &self.directory) {
            (Body::Striping(striping), None) => {
                let shown = Shown::of(striping, component.flags);
                shown.lines(f, "      ")?;
                if shown.has_objects() {
                    writeln!(f, "      lmm_objects:")?;
                    for (index, slot) in striping.slots.iter().enumerate() {
                        let fid = slot.object_id().map(|object| object.fid).unwrap_or_default();
                        let ost = slot.ost;
                        writeln!(f, "      - {index:3}: {{ l_ost_idx: {ost:3}, l_fid: {fid} }}")?;
                    }
                }
            }
            (Body::Striping(striping), Some(directory)) => {
                let shown = Shown::of(striping, component.flags);
                writeln!(f, "      lmm_fid:           {}", directory.fid)?;
                shown.template(f, "      ", directory)?;
            }
            (Body::Foreign(foreign), _) => return hsm(f, foreign),
            // `lfs` has no words for a magic that it does not know.
            (Body::Unknown(bytes), _) => {
                let magic = bytes.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
                writeln!(f, "      lmm_magic:         0x{magic:08X}")?;
            }
        }
        writeln!(f)
    }

    fn plain(&self, f: &mut fmt::Formatter<'_>, striping: &Striping) -> fmt::Result {
        let init = if self.layout.is_template() { 0 } else { ComponentFlags::INIT };
        let shown = Shown::of(striping, ComponentFlags(init));
        match &self.directory {
            Some(directory) => {
                writeln!(f, "lmm_fid:           {}", directory.fid)?;
                shown.template(f, "", directory)?;
                if striping.kind == StripingKind::Specific {
                    table_head(f)?;
                    for slot in &striping.slots {
                        let none = "N/A";
                        writeln!(f, "\t{:6}\t{none:>14}\t{none:>13}\t{none:>14}", slot.ost)?;
                    }
                }
            }
            None => {
                shown.lines(f, "")?;
                if shown.has_objects() {
                    table_head(f)?;
                    for slot in &striping.slots {
                        table_row(f, slot)?;
                    }
                }
            }
        }
        writeln!(f)
    }
}

impl fmt::Display for Getstripe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layout {
            Layout::Foreign(value) => foreign(f, value),
            Layout::Plain(striping) => {
                writeln!(f, "{}", self.path)?;
                self.plain(f, striping)
            }
            Layout::Composite(composite) => {
                writeln!(f, "{}", self.path)?;
                self.composite(f, composite)
            }
        }
    }
}

/// A striping's values as `lfs` prints them.
struct Shown<'a> {
    striping: &'a Striping,
    init: bool,
    extension: bool,
    dom: bool,
    pool: Option<&'a [u8]>,
}

impl<'a> Shown<'a> {
    fn of(striping: &'a Striping, flags: ComponentFlags) -> Self {
        let header_pool = striping.kind != StripingKind::V1;
        let name = striping.pool.name();
        Shown {
            striping,
            init: flags.has(ComponentFlags::INIT),
            extension: flags.has(ComponentFlags::EXTENSION),
            dom: striping.pattern.has(Pattern::MDT),
            pool: (header_pool && !name.is_empty() && name != b"ignore").then_some(name),
        }
    }

    fn has_objects(&self) -> bool {
        self.init && !self.dom && !self.striping.pattern.has(Pattern::RELEASED)
    }

    /// One field on each line, as for a file.
    fn lines(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let striping = self.striping;
        let [id, seq] = striping.oi;
        let fid = match seq {
            0 => Fid { seq: id, oid: 0, ver: (id >> 32) as u32 },
            _ => Fid { seq, oid: id as u32, ver: (id >> 32) as u32 },
        };
        writeln!(f, "{indent}lmm_magic:         0x{:08X}", striping.magic())?;
        writeln!(f, "{indent}lmm_seq:           {}", Hex(seq))?;
        writeln!(f, "{indent}lmm_object_id:     {}", Hex(id))?;
        writeln!(f, "{indent}lmm_fid:           {fid}")?;
        writeln!(f, "{indent}lmm_stripe_count:  {}", self.count(striping.stripe_count))?;
        match self.extension {
            true => writeln!(f, "{indent}lmm_extension_size: {}", self.size(striping.stripe_size))?,
            false => writeln!(f, "{indent}lmm_stripe_size:   {}", striping.stripe_size)?,
        }
        writeln!(f, "{indent}lmm_pattern:       {}", striping.pattern)?;
        let generation = if self.init { striping.gen_or_offset } else { 0 };
        writeln!(f, "{indent}lmm_layout_gen:    {generation}")?;
        match self.dom {
            true => writeln!(f, "{indent}lmm_mdt_index:     {}", self.offset())?,
            false => writeln!(f, "{indent}lmm_stripe_offset: {}", self.offset())?,
        }
        match self.pool {
            Some(pool) => writeln!(f, "{indent}lmm_pool:          {}", Bytes(pool)),
            None => Ok(()),
        }
    }

    /// All fields on one line, as for a directory.
    fn template(
        &self,
        f: &mut fmt::Formatter<'_>,
        indent: &str,
        directory: &Directory,
    ) -> fmt::Result {
        let striping = self.striping;
        let count = match striping.stripe_count {
            0 if !self.dom => directory.stripe_count,
            count => count,
        };
        let size = match striping.stripe_size {
            0 => directory.stripe_size,
            size => size,
        };
        let size_label = if self.extension { "extension_size: " } else { "stripe_size:   " };
        let offset_label = if self.dom { "mdt_index:     " } else { "stripe_offset: " };
        write!(f, "{indent}stripe_count:  {} ", self.count(count))?;
        write!(f, "{indent}{size_label}{} ", self.size(size))?;
        write!(f, "{indent}pattern:       {} ", striping.pattern)?;
        write!(f, "{indent}{offset_label}{}", self.offset())?;
        if let Some(pool) = self.pool {
            write!(f, " {indent}pool:          {}", Bytes(pool))?;
        }
        writeln!(f)
    }

    /// Stripe count as the signed number that it is.
    fn count(&self, count: u16) -> i16 {
        if self.extension { 0 } else { count as i16 }
    }

    /// Stripe size in bytes; an extension component's is stored in KiB.
    fn size(&self, size: u32) -> u64 {
        if self.extension { u64::from(size) * 1024 } else { u64::from(size) }
    }

    /// Index of the first OST (of the MDT for data there): the first slot's, as a signed number,
    /// once there are slots.
    fn offset(&self) -> i32 {
        match (self.init, self.striping.slots.first()) {
            (true, _) if self.dom => 0,
            (true, Some(slot)) => slot.ost as i32,
            _ if self.striping.gen_or_offset == 0xffff => -1,
            _ => i32::from(self.striping.gen_or_offset),
        }
    }
}

fn table_head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "\tobdidx\t\t objid\t\t objid\t\t group")
}

fn table_row(f: &mut fmt::Formatter<'_>, slot: &Slot) -> fmt::Result {
    let [word0, word1] = slot.oi;
    let fid = Fid { seq: word0, oid: word1 as u32, ver: 0 };
    let (id, group) = if word1 == 0 {
        (word0 & 0xffff_ffff_ffff, 0)
    } else if fid.is_idif() {
        ((fid.seq & 0xffff) << 32 | u64::from(fid.oid), 0)
    } else {
        (u64::from(fid.oid), fid.seq)
    };
    write!(f, "\t{:6}\t{id:14}\t{:>13}\t", slot.ost, Hex(id))?;
    match group {
        0..=RESERVED_SEQ => writeln!(f, "{group:14}"),
        _ => writeln!(f, "{:>14}", Hex(group)),
    }
}

/// A foreign file.
fn foreign(f: &mut fmt::Formatter<'_>, foreign: &Foreign) -> fmt::Result {
    writeln!(f, "lfm_magic:         0x0BD70BD0")?;
    writeln!(f, "lfm_length:          {}", foreign.value.len())?;
    writeln!(f, "lfm_type:          0x{:08X} ({})", foreign.kind, ForeignKind(foreign.kind))?;
    writeln!(f, "lfm_flags:          0x{:08X}", foreign.flags)?;
    writeln!(f, "lfm_value:     '{}'\n", Bytes(&foreign.value))
}

/// A foreign component.
fn hsm(f: &mut fmt::Formatter<'_>, foreign: &Foreign) -> fmt::Result {
    writeln!(f, "      lhm_magic:         0x0BD70BD0")?;
    writeln!(f, "      lhm_pattern:       foreign")?;
    writeln!(f, "      lhm_length:        {}", foreign.value.len())?;
    let kind = ForeignKind(foreign.kind);
    writeln!(f, "      lhm_type:          0x{:08X} ({kind})", foreign.kind)?;
    writeln!(f, "      lhm_flags:         {}", HsmFlags(foreign.flags))?;
    let Some(value) = foreign.value.first_chunk::<HSM_VALUE>() else { return Ok(()) };
    let word = |at: usize| value[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let uuid = &value[16..];
    let end = uuid.iter().position(|&byte| byte == 0).unwrap_or(uuid.len());
    writeln!(f, "      lhm_archive_id:    {}", word(0))?;
    writeln!(f, "      lhm_archive_ver:   {}", word(8))?;
    writeln!(f, "      lhm_archive_uuid:  '{}'", Bytes(&uuid[..end]))
}
