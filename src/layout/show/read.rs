//! The YAML of `lfs getstripe -y` back into a layout.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::HSM_VALUE;
use super::fields::{Fields, kind, number, text_of};
use crate::layout::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Foreign, Layout,
    ObjectId, Pattern, PoolName, Slot, Striping, StripingKind,
};
use crate::layout::yaml::{self, Mark, Node, YamlFault};
use crate::layout::{Fault, xattr};

/// What is wrong with a layout in YAML, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The place in the text; of faults of the layout as a whole, its first character.
    pub at: Mark,
    /// What is wrong there.
    pub fault: ReadFault,
}

/// What can be wrong with a layout in YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFault {
    /// It is not the YAML that we read.
    Yaml(YamlFault),
    /// A key is missing in the mapping here.
    Missing {
        /// The key.
        key: String,
    },
    /// A key that `lfs getstripe -y` does not print here.
    Unknown {
        /// The key.
        key: String,
    },
    /// A value, sequence or mapping where another was expected.
    Kind {
        /// What was expected.
        expected: &'static str,
        /// What is there.
        got: &'static str,
    },
    /// A value that cannot be one of its key.
    Value {
        /// What was expected.
        expected: &'static str,
        /// The value.
        got: String,
    },
    /// A number that follows from others is another one.
    Disagrees {
        /// What the rest of the text gives.
        expected: i64,
        /// The number.
        got: i64,
    },
    /// The layout breaks a rule that every layout obeys.
    Layout(Fault),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.fault)
    }
}

impl core::error::Error for ReadError {}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadFault::Yaml(fault) => fault.fmt(f),
            ReadFault::Missing { key } => write!(f, "the key '{key}' is missing here"),
            ReadFault::Unknown { key } => write!(f, "unknown key '{key}'"),
            ReadFault::Kind { expected, got } => write!(f, "expected {expected}, got {got}"),
            ReadFault::Value { expected, got } => write!(f, "expected {expected}, got '{got}'"),
            ReadFault::Disagrees { expected, got } => {
                write!(f, "expected {expected}, which the rest of the text gives, got {got}")
            }
            ReadFault::Layout(fault) => fault.fmt(f),
        }
    }
}

/// Reads what [`getstripe_yaml`](super::getstripe_yaml) and `lfs getstripe -y` print, the output
/// for one file or directory.
///
/// The text does not say all of a layout. What it leaves out comes back as what it most likely
/// was: the state follows from the mirrors and what is stale, k and p of a data component from its
/// parity, the stripe count of an extension from the component that it extends; the file's identity
/// and the slots of what has no objects are empty, a foreign file is of type none. Printing the
/// result as YAML gives the text again.
///
/// # Errors
/// [`ReadError`] with line and column.
///
/// ```
/// use lustrine::layout::show::{getstripe_yaml, read_yaml};
/// let text = "stripe_count:  4\nstripe_size:   65536\npattern:       raid0\nstripe_offset: -1\n";
/// let layout = read_yaml(text)?;
/// assert!(layout.is_template());
/// let error = read_yaml(&text.replace("raid0", "raid5")).unwrap_err();
/// assert_eq!(error.to_string(), "line 3, column 16: expected words of a pattern, got 'raid5'");
/// # Ok::<(), lustrine::layout::show::ReadError>(())
/// ```
pub fn read_yaml(text: &str) -> Result<Layout, ReadError> {
    let root = yaml::parse(text)
        .map_err(|error| ReadError { at: error.at, fault: ReadFault::Yaml(error.fault) })?;
    let fields = Fields::of(&root)?;
    let layout = if root.get("components").is_some() {
        composite(&fields)?
    } else if let Some(value) = root.get("lfm_value") {
        fields.known(&["lfm_value"])?;
        let value = text_of(value)?.as_bytes().to_vec();
        Layout::Foreign(Foreign { kind: 0, flags: 0, value, trailing: Vec::new() })
    } else {
        plain(&fields)?
    };
    // The rules that every layout obeys are those of its bytes.
    xattr::parse(&xattr::emit(&layout))
        .map_err(|error| ReadError { at: root.at, fault: ReadFault::Layout(error.fault) })
}

fn plain(fields: &Fields<'_, '_>) -> Result<Layout, ReadError> {
    // Only a directory's fields have no lmm_.
    let prefix = if fields.node.get("stripe_count").is_some() { "" } else { "lmm_" };
    let released = pattern(fields, prefix)?.has(Pattern::RELEASED);
    let init = prefix == "lmm_" && (fields.node.get("lmm_objects").is_some() || released);
    let flags = ComponentFlags(if init { ComponentFlags::INIT } else { 0 });
    let mut striping = striping(fields, prefix, flags, 0)?;
    // A plain file keeps its slots when its data is released.
    if let Some(&first) = striping.slots.first().filter(|_| released) {
        striping.slots.resize(usize::from(striping.stripe_count), Slot::default());
        striping.slots.iter_mut().take(1).for_each(|slot| *slot = first);
    }
    Ok(Layout::Plain(striping))
}

fn composite(fields: &Fields<'_, '_>) -> Result<Layout, ReadError> {
    fields.known(&["lcm_layout_gen", "lcm_mirror_count", "lcm_entry_count", "components"])?;
    let list = fields.get("components")?;
    let items = list.items().ok_or_else(|| kind(list, "a sequence"))?;
    fields.agrees("lcm_entry_count", items.len() as i64)?;
    let mut components: Vec<Component> = Vec::new();
    for item in items {
        let one = component(&Fields::of(item)?, components.last())?;
        components.push(one);
    }
    let template = components.iter().all(|one| one.id.0 == 0);
    let has = |bit| components.iter().any(|one| one.flags.has(bit));
    let mirrors = fields.number("lcm_mirror_count", 1..=65536)?;
    let flags = match (template || mirrors == 1, has(ComponentFlags::STALE)) {
        (true, _) => 0,
        (_, stale) => 1 + u16::from(stale),
    };
    let mut layout = Layout::Composite(Composite {
        sel: !template && has(ComponentFlags::EXTENSION),
        layout_gen: fields.number("lcm_layout_gen", 0..=u32::MAX.into())? as u32,
        flags,
        mirror_count: (mirrors - 1) as u16,
        reserved: [0; 14],
        components,
        trailing: Vec::new(),
    });
    // Only parity's k and p are printed.
    let pairs: Vec<(usize, u8, u8)> = layout
        .components()
        .filter_map(|view| Some((layout.data_of(view.index)?, view.data, view.parity)))
        .collect();
    if let Layout::Composite(composite) = &mut layout {
        for (data, k, p) in pairs {
            (composite.components[data].data, composite.components[data].parity) = (k, p);
        }
    }
    Ok(layout)
}

fn component(fields: &Fields<'_, '_>, before: Option<&Component>) -> Result<Component, ReadError> {
    let flags = fields.words("lcme_flags", "names of flags", ComponentFlags::from_names)?;
    let keys = [
        "lcme_id",
        "lcme_mirror_id",
        "lcme_flags",
        "lcme_mirror_link_id",
        "lcme_timestamp",
        "lcme_extent.e_start",
        "lcme_extent.e_end",
        "sub_layout",
        "lcme_dstripe_count",
        "lcme_cstripe_count",
    ];
    // The last two are printed of parity only.
    let printed = if flags.has(ComponentFlags::PARITY) { keys.len() } else { keys.len() - 2 };
    fields.known(&keys[..printed])?;
    let id = match fields.text("lcme_id")? {
        "N/A" => 0,
        _ => fields.number("lcme_id", 1..=u32::MAX.into())? as u32,
    };
    let id = ComponentId(id);
    if id.0 != 0 {
        fields.agrees("lcme_mirror_id", id.mirror().into())?;
    }
    let sub = fields.get("sub_layout")?;
    let sub = Fields::of(sub)?;
    let body = if sub.node.get("lhm_magic").is_some() {
        Body::Foreign(hsm(&sub)?)
    } else if sub.node.get("lmm_magic").is_some() {
        sub.known(&["lmm_magic"])?;
        let magic = sub.number("lmm_magic", 0..=u32::MAX.into())? as u32;
        Body::Unknown(magic.to_le_bytes().to_vec())
    } else {
        let prefix = if sub.node.get("stripe_count").is_some() { "" } else { "lmm_" };
        let count = match before.map(|one| &one.body) {
            Some(Body::Striping(striping)) => striping.stripe_count,
            _ => 0,
        };
        Body::Striping(striping(&sub, prefix, flags, count)?)
    };
    let end = match fields.text("lcme_extent.e_end")? {
        "EOF" => EOF,
        _ => fields.number("lcme_extent.e_end", 0..=i64::MAX)? as u64,
    };
    let start = fields.number("lcme_extent.e_start", 0..=i64::MAX)? as u64;
    Ok(Component {
        id,
        flags,
        extent: Extent { start, end },
        layout_gen: 0,
        timestamp: fields.optional("lcme_timestamp", (1 << 48) - 1)? as u64,
        link_id: fields.optional("lcme_mirror_link_id", 0xffff)? as u16,
        data: fields.optional("lcme_dstripe_count", 0xff)? as u8,
        parity: fields.optional("lcme_cstripe_count", 0xff)? as u8,
        compression: [0; 2],
        body,
    })
}

fn pattern(fields: &Fields<'_, '_>, prefix: &'static str) -> Result<Pattern, ReadError> {
    fields.prefixed(prefix).words("pattern", "words of a pattern", Pattern::from_names)
}

/// A striping; `extended` is the stripe count of the component before it, which an extension has
/// too.
fn striping(
    fields: &Fields<'_, '_>,
    prefix: &'static str,
    flags: ComponentFlags,
    extended: u16,
) -> Result<Striping, ReadError> {
    let fields = fields.prefixed(prefix);
    let pattern = pattern(&fields, prefix)?;
    let extension = flags.has(ComponentFlags::EXTENSION);
    let dom = pattern.has(Pattern::MDT);
    let init = flags.has(ComponentFlags::INIT);
    let size_key = if extension { "extension_size" } else { "stripe_size" };
    let offset_key = if dom { "mdt_index" } else { "stripe_offset" };
    let mut known = alloc::vec!["stripe_count", size_key, "pattern", offset_key, "pool"];
    if prefix == "lmm_" {
        known.push("layout_gen");
    }
    let objects = init && !dom && !pattern.has(Pattern::RELEASED);
    if objects {
        known.push("objects");
    }
    fields.known(&known)?;

    let stripe_size = if extension {
        let bytes = fields.number(size_key, 0..=i64::from(u32::MAX) << 10)?;
        if bytes % 1024 != 0 {
            return Err(fields.value(size_key, "a multiple of 1024"));
        }
        (bytes / 1024) as u32
    } else {
        fields.number(size_key, 0..=u32::MAX.into())? as u32
    };
    let shown_count = fields.number("stripe_count", i16::MIN.into()..=i16::MAX.into())?;
    let offset = fields.number(offset_key, i32::MIN.into()..=u32::MAX.into())?;
    let generation = match prefix {
        "lmm_" => fields.number("layout_gen", 0..=0xffff)? as u16,
        _ => 0,
    };
    let slots = if objects {
        let slots = match fields.node.get("lmm_objects") {
            Some(list) => slots(list)?,
            None => Vec::new(),
        };
        if let Some(first) = slots.first() {
            fields.agrees(offset_key, i64::from(first.ost as i32))?;
        }
        slots
    } else if init && !dom {
        // Of a released file's slots the first one's OST is all that is printed.
        alloc::vec![Slot { ost: offset as u32, ..Slot::default() }]
    } else {
        Vec::new()
    };
    let mut pool = PoolName::default();
    let mut kind = StripingKind::V1;
    if fields.find("pool").is_some() {
        let name = fields.text("pool")?.as_bytes();
        let space = pool.0.get_mut(..name.len()).filter(|space| (1..16).contains(&space.len()));
        space.ok_or_else(|| fields.value("pool", "a name of 1 to 15 bytes"))?.copy_from_slice(name);
        kind = StripingKind::V3;
    }
    Ok(Striping {
        kind,
        pattern,
        oi: [0; 2],
        stripe_size,
        stripe_count: if extension { extended } else { shown_count as u16 },
        gen_or_offset: match (init, offset) {
            (true, _) => generation,
            (false, -1) => 0xffff,
            (false, _) => fields.number(offset_key, 0..=0xfffe)? as u16,
        },
        pool,
        slots,
    })
}

fn slots(list: &Node<'_>) -> Result<Vec<Slot>, ReadError> {
    let items = list.items().ok_or_else(|| kind(list, "a sequence"))?;
    items
        .iter()
        .map(|item| {
            let fields = Fields::of(item)?;
            fields.known(&["l_ost_idx", "l_fid"])?;
            let ost = fields.number("l_ost_idx", 0..=u32::MAX.into())? as u32;
            let fid = fields.words("l_fid", "a FID, as 0x540000400:0xa:0x0", fid)?;
            let slot = Slot::from_object(ObjectId { ost, fid });
            let refused = |fault| ReadError { at: item.at, fault: ReadFault::Layout(fault) };
            slot.object_id().map(|_| slot).map_err(refused)
        })
        .collect()
}

/// `0x540000400:0xa:0x0`.
fn fid(text: &str) -> Option<Fid> {
    let mut parts = text.split(':').map(number);
    let mut part = |most: u64| parts.next()?.filter(|value| *value <= most);
    let fid = Fid {
        seq: part(u64::MAX)?,
        oid: part(u32::MAX.into())? as u32,
        ver: part(u32::MAX.into())? as u32,
    };
    parts.next().is_none().then_some(fid)
}

/// A foreign (HSM) component.
fn hsm(fields: &Fields<'_, '_>) -> Result<Foreign, ReadError> {
    fields.known(&[
        "lhm_magic",
        "lhm_pattern",
        "lhm_length",
        "lhm_type",
        "lhm_flags",
        "lhm_archive_id",
        "lhm_archive_ver",
        "lhm_archive_uuid",
    ])?;
    fields.agrees("lhm_length", HSM_VALUE as i64)?;
    let first = |text: &str| number(text.split(' ').next()?).and_then(|n| u32::try_from(n).ok());
    let last = |text: &str| first(text.rsplit(',').next()?);
    let mut value = alloc::vec![0; HSM_VALUE];
    for (at, key) in [(0, "lhm_archive_id"), (8, "lhm_archive_ver")] {
        let word = fields.words(key, "a number", number)?;
        value[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    let uuid = fields.text("lhm_archive_uuid")?.as_bytes();
    let space = value[16..].get_mut(..uuid.len());
    space.ok_or_else(|| fields.value("lhm_archive_uuid", "up to 40 bytes"))?.copy_from_slice(uuid);
    Ok(Foreign {
        kind: fields.words("lhm_type", "a number and a name", first)?,
        flags: fields.words("lhm_flags", "names and the number of all flags", last)?,
        value,
        trailing: Vec::new(),
    })
}
