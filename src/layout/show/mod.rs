//! What `lfs getstripe` prints, character for character: its text, with `-v` and without, and the
//! YAML of `-y`; and that YAML back into a layout.
//!
//! `lfs` prints the MDT's form of a layout. Of a client's `trusted.lov` the same code prints what
//! that blob says: there `lmm_fid` is zero, sizes are smaller, generations and start indices are
//! 65535; [`as_on_mdt`] turns it into the MDT's form. `lmm_oi` is a trap: its first word is the
//! object id and its second the sequence of the MDT's inode, the other way round than in a FID.

mod fields;
mod mdt;
mod read;
mod text;

use core::fmt;

use super::model::{
    Body, Component, ComponentFlags, Composite, Fid, Foreign, Layout, Pattern, Slot, Striping,
    StripingKind,
};
pub use mdt::as_on_mdt;
pub use read::{ReadError, ReadFault, read_yaml};
use text::{Bare, Bytes, ForeignKind, Hex, HsmFlags, Timestamp};

/// `LOV_MAGIC_COMP_V1`: `lfs` shows it for SEL too.
const COMP_V1: u32 = 0x0bd6_0bd0;
/// Bytes of an HSM component's value.
const HSM_VALUE: usize = 56;
/// Largest reserved sequence: `lfs` prints groups up to it in decimal.
const RESERVED_SEQ: u64 = 11;

/// A layout as `lfs getstripe` prints it. Made by [`getstripe`], [`getstripe_verbose`] and
/// [`getstripe_yaml`].
#[derive(Clone, Copy, Debug)]
pub struct Getstripe<'a> {
    layout: &'a Layout,
    form: Form,
    path: &'a str,
    utc_offset: i32,
    directory: Option<Directory>,
}

/// Which of its outputs `lfs` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Verbose,
    Yaml,
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
    Getstripe { layout, form: Form::Verbose, path, utc_offset: 0, directory: None }
}

/// The text of `lfs getstripe` without `-v`: no header, no sizes and places in the attribute, no
/// identity of the file. Otherwise as [`getstripe_verbose`].
///
/// ```
/// use lustrine::layout::{show, xattr};
/// let mut ea = vec![0xd0, 0x0b, 0xd1, 0x0b, 1, 0, 0, 0];
/// ea.extend([0; 16]);
/// ea.extend([0, 0, 0x10, 0, 4, 0, 0xff, 0xff]);
/// let layout = xattr::parse(&ea)?;
/// let text = show::getstripe(&layout, "f").to_string();
/// assert!(text.starts_with("f\nlmm_stripe_count:  4\nlmm_stripe_size:   1048576\n"));
/// # Ok::<(), lustrine::layout::LayoutError>(())
/// ```
pub fn getstripe<'a>(layout: &'a Layout, path: &'a str) -> Getstripe<'a> {
    Getstripe { form: Form::Plain, ..getstripe_verbose(layout, path) }
}

/// The YAML of `lfs getstripe -y`; [`read_yaml`] reads it back. It has no line for the path.
pub fn getstripe_yaml(layout: &Layout) -> Getstripe<'_> {
    Getstripe { form: Form::Yaml, ..getstripe_verbose(layout, "") }
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
        if self.form == Form::Verbose {
            writeln!(f, "composite_header:")?;
            writeln!(f, "  lcm_magic:         0x{COMP_V1:08X}")?;
            writeln!(f, "  lcm_size:          {}", composite.ea_bytes())?;
            writeln!(f, "  lcm_flags:         {}", self.state(composite))?;
        }
        let indent = if self.form == Form::Yaml { "" } else { "  " };
        writeln!(f, "{indent}lcm_layout_gen:    {}", composite.layout_gen)?;
        writeln!(f, "{indent}lcm_mirror_count:  {}", u32::from(composite.mirror_count) + 1)?;
        writeln!(f, "{indent}lcm_entry_count:   {}", composite.components.len())?;
        if self.form != Form::Plain {
            writeln!(f, "components:")?;
        }
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
        let item = if self.form == Form::Plain { "    " } else { "  - " };
        if component.id.0 == 0 {
            writeln!(f, "{item}lcme_id:             N/A")?;
            writeln!(f, "    lcme_mirror_id:      N/A")?;
        } else {
            writeln!(f, "{item}lcme_id:             {}", component.id.0)?;
            writeln!(f, "    lcme_mirror_id:      {}", component.id.mirror())?;
        }
        writeln!(f, "    lcme_flags:          {}", component.flags)?;
        if component.link_id != 0 {
            writeln!(f, "    lcme_mirror_link_id: {}", Hex(component.link_id.into()))?;
        }
        if component.flags.has(ComponentFlags::NOSYNC) || component.timestamp != 0 {
            let seconds = component.timestamp;
            let time = Timestamp { seconds, utc_offset: self.utc_offset };
            match self.form {
                Form::Yaml => writeln!(f, "    lcme_timestamp:      {seconds}")?,
                _ => writeln!(f, "    lcme_timestamp:      '{time}'")?,
            }
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
        if self.form != Form::Verbose {
            return Ok(());
        }
        writeln!(f, "    lcme_offset:         {offset}")?;
        writeln!(f, "    lcme_size:           {size}")
    }

    fn sub_layout(&self, f: &mut fmt::Formatter<'_>, component: &Component) -> fmt::Result {
        if self.form != Form::Plain {
            writeln!(f, "    sub_layout:")?;
        }
        match (&component.body, &self.directory) {
            (Body::Striping(striping), None) => {
                let shown = Shown::of(striping, component.flags);
                shown.lines(f, self.form, "      ")?;
                if shown.has_objects() {
                    writeln!(f, "      lmm_objects:")?;
                    self.objects(f, striping)?;
                }
            }
            (Body::Striping(striping), Some(directory)) => {
                Shown::of(striping, component.flags).template(f, self.form, "      ", directory)?;
            }
            (Body::Foreign(foreign), _) => return hsm(f, foreign),
            // `lfs` has no words for a magic that it does not know.
            (Body::Unknown(bytes), _) => {
                let magic = bytes.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
                writeln!(f, "      lmm_magic:         0x{magic:08X}")?;
            }
        }
        self.gap(f)
    }

    /// The objects of a component; of a plain file only YAML has this form.
    fn objects(&self, f: &mut fmt::Formatter<'_>, striping: &Striping) -> fmt::Result {
        for (index, slot) in striping.slots.iter().enumerate() {
            let fid = slot.object_id().map(|object| object.fid).unwrap_or_default();
            let ost = slot.ost;
            match self.form {
                Form::Yaml => {
                    writeln!(f, "      - l_ost_idx: {ost}\n        l_fid:     {}", Bare(fid))?;
                }
                _ => writeln!(f, "      - {index:3}: {{ l_ost_idx: {ost:3}, l_fid: {fid} }}")?,
            }
        }
        Ok(())
    }

    /// The empty line behind a component or a plain file; YAML has none.
    fn gap(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.form == Form::Yaml { Ok(()) } else { writeln!(f) }
    }

    fn plain(&self, f: &mut fmt::Formatter<'_>, striping: &Striping) -> fmt::Result {
        let init = if self.layout.is_template() { 0 } else { ComponentFlags::INIT };
        let shown = Shown::of(striping, ComponentFlags(init));
        match &self.directory {
            Some(directory) => {
                shown.template(f, self.form, "", directory)?;
                if striping.kind == StripingKind::Specific && self.form != Form::Yaml {
                    table_head(f)?;
                    for slot in &striping.slots {
                        let none = "N/A";
                        writeln!(f, "\t{:6}\t{none:>14}\t{none:>13}\t{none:>14}", slot.ost)?;
                    }
                }
            }
            None => {
                shown.lines(f, self.form, "")?;
                if shown.has_objects() && self.form == Form::Yaml {
                    writeln!(f, "lmm_objects:")?;
                    self.objects(f, striping)?;
                } else if shown.has_objects() {
                    table_head(f)?;
                    for slot in &striping.slots {
                        table_row(f, slot)?;
                    }
                }
            }
        }
        self.gap(f)
    }
}

impl fmt::Display for Getstripe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.form != Form::Yaml && !matches!(self.layout, Layout::Foreign(_)) {
            writeln!(f, "{}", self.path)?;
        }
        match self.layout {
            Layout::Foreign(value) => foreign(f, self.form, value),
            Layout::Plain(striping) => self.plain(f, striping),
            Layout::Composite(composite) => self.composite(f, composite),
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
    fn lines(&self, f: &mut fmt::Formatter<'_>, form: Form, indent: &str) -> fmt::Result {
        let striping = self.striping;
        if form == Form::Verbose {
            let [id, seq] = striping.oi;
            let fid = match seq {
                0 => Fid { seq: id, oid: 0, ver: (id >> 32) as u32 },
                _ => Fid { seq, oid: id as u32, ver: (id >> 32) as u32 },
            };
            writeln!(f, "{indent}lmm_magic:         0x{:08X}", striping.magic())?;
            writeln!(f, "{indent}lmm_seq:           {}", Hex(seq))?;
            writeln!(f, "{indent}lmm_object_id:     {}", Hex(id))?;
            writeln!(f, "{indent}lmm_fid:           {fid}")?;
        }
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

    /// All fields on one line, as for a directory; in YAML each on its own.
    fn template(
        &self,
        f: &mut fmt::Formatter<'_>,
        form: Form,
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
        if form == Form::Verbose {
            writeln!(f, "{indent}lmm_fid:           {}", directory.fid)?;
        }
        let next = if form == Form::Yaml { '\n' } else { ' ' };
        write!(f, "{indent}stripe_count:  {}{next}", self.count(count))?;
        write!(f, "{indent}{size_label}{}{next}", self.size(size))?;
        write!(f, "{indent}pattern:       {}{next}", striping.pattern)?;
        write!(f, "{indent}{offset_label}{}", self.offset())?;
        if let Some(pool) = self.pool {
            write!(f, "{next}{indent}pool:          {}", Bytes(pool))?;
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
fn foreign(f: &mut fmt::Formatter<'_>, form: Form, foreign: &Foreign) -> fmt::Result {
    if form == Form::Verbose {
        writeln!(f, "lfm_magic:         0x0BD70BD0")?;
        writeln!(f, "lfm_length:          {}", foreign.value.len())?;
        let kind = ForeignKind(foreign.kind);
        writeln!(f, "lfm_type:          0x{:08X} ({kind})", foreign.kind)?;
        writeln!(f, "lfm_flags:          0x{:08X}", foreign.flags)?;
    }
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
