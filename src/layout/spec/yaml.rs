//! Templates of `lfs setstripe --yaml`: the lines that `lfs getstripe --yaml` prints.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::SpecFault;
use super::flags;
use super::mirror::dom_sizes;
use super::state::pool;
use super::template::{FLAGS, TemplateError, stripe_count};
use super::{ComponentKind, ComponentSpec, Spec, StripeCount};
use crate::layout::model::{ComponentFlags, EOF, Extent};
use crate::layout::view::MAX_OST;
use crate::layout::yaml::{self, Node};

/// Keys that say what is, not what is wanted.
const IGNORED: [&str; 12] = [
    "lcm_layout_gen",
    "lcm_entry_count",
    "lcme_id",
    "lcme_mirror_id",
    "lcme_timestamp",
    "components",
    "sub_layout",
    "lmm_layout_gen",
    "lmm_mdt_index",
    "lmm_objects",
    "l_fid",
    "lmm_fid",
];
const IGNORED_OF_DIRECTORIES: [&str; 1] = ["mdt_index"];
/// Most OSTs that a component can list.
const MAX_STRIPES: usize = 2000;

pub(super) fn parse(text: &str) -> Result<Spec, TemplateError> {
    let root = yaml::parse(text)
        .map_err(|error| TemplateError { line: error.at.line, fault: error.fault.to_string() })?;
    let mut template = Template::default();
    match root.items() {
        // A list of components without a header.
        Some(items) => template.components(items)?,
        None => template.entries(&root)?,
    }
    template.finish().map_err(|fault| TemplateError { line: text.lines().count().max(1), fault })
}

#[derive(Default)]
struct Template {
    mirror_count: Option<u64>,
    composite: bool,
    mirrors: Vec<Vec<ComponentSpec>>,
    /// The component that is being read, and where it begins.
    present: Option<Part>,
}

#[derive(Default)]
struct Part {
    line: usize,
    keys: BTreeSet<String>,
    spec: ComponentSpec,
    start: Option<u64>,
    end: Option<u64>,
    extension: Option<u64>,
    is_extension: bool,
}

impl Template {
    /// The entries of a mapping: of the header, of a component or of what stands in it.
    fn entries(&mut self, node: &Node<'_>) -> Result<(), TemplateError> {
        let line = node.at.line;
        let expected = || format!("expected 'key: value' lines, got {}", node.kind());
        let entries = node.entries().ok_or_else(|| TemplateError { line, fault: expected() })?;
        for (key, node) in entries {
            let line = key.at.line;
            match (key.text.as_ref(), node.scalar(), node.items()) {
                ("components", _, Some(items)) => self.components(items)?,
                ("sub_layout", None, None) => self.entries(node)?,
                ("lmm_objects", None, Some(items)) => {
                    items.iter().try_for_each(|item| self.entries(item))?;
                }
                (key, Some(value), _) => {
                    self.entry(line, key, value).map_err(|fault| TemplateError { line, fault })?;
                }
                (key, None, _) => {
                    let fault = format!("'{key}' is {}, expected a value", node.kind());
                    return Err(TemplateError { line, fault });
                }
            }
        }
        Ok(())
    }

    fn components(&mut self, items: &[Node<'_>]) -> Result<(), TemplateError> {
        self.composite = true;
        for item in items {
            let line = item.at.line;
            self.close().map_err(|fault| TemplateError { line, fault })?;
            self.present = Some(Part { line, ..Part::default() });
            self.entries(item)?;
        }
        Ok(())
    }

    fn entry(&mut self, line: usize, key: &str, value: &str) -> Result<(), String> {
        if key == "lcm_mirror_count" {
            self.composite = true;
            self.mirror_count = Some(number(value)?);
            return Ok(());
        }
        if key == "components" || key.starts_with("lcm_") {
            return known(key);
        }
        // Objects come many times.
        if key == "l_fid" {
            return Ok(());
        }
        let part = self.present.get_or_insert_with(|| Part { line, ..Part::default() });
        if key == "l_ost_idx" {
            return part.ost(value);
        }
        // A directory's template has its keys without lmm_.
        let short = key.strip_prefix("lmm_").unwrap_or(key);
        if !part.keys.insert(short.to_owned()) {
            return Err(format!("'{key}' stands twice in one component"));
        }
        part.value(key, short, value)
    }

    /// Takes the component that was read.
    fn close(&mut self) -> Result<(), String> {
        let Some(part) = self.present.take() else { return Ok(()) };
        let line = part.line;
        self.add(part).map_err(|fault| format!("the component from line {line} on: {fault}"))
    }

    fn add(&mut self, part: Part) -> Result<(), String> {
        let Part { mut spec, start, end, extension, is_extension, .. } = part;
        let before = self.mirrors.last().and_then(|mirror| mirror.last()).map(|c| c.extent.end);
        // A mirror begins at 0; a component without bytes may stand there before another.
        let begins = before.is_none_or(|end| end == EOF || start == Some(0) && end != 0);
        let follows = if begins { 0 } else { before.unwrap_or(0) };
        let end = match (self.composite, end) {
            (_, Some(end)) => end,
            (false, None) => EOF,
            (true, None) => return Err("no lcme_extent.e_end".to_owned()),
        };
        spec.extent = Extent { start: start.unwrap_or(follows), end };
        if spec.extent.start != follows {
            let start = spec.extent.start;
            return Err(format!("starts at {start}, expected {follows}"));
        }
        if end < follows {
            return Err(format!("ends at {end}, before its start {follows}"));
        }
        match (is_extension, extension) {
            (true, Some(bytes)) => {
                let kib = u32::try_from(bytes / 1024).ok();
                let kib = kib.filter(|kib| *kib != 0 && bytes.is_multiple_of(64 << 20));
                let kib = kib.ok_or("the extension size is no multiple of 64 MiB below 4 TiB")?;
                spec.kind = ComponentKind::Extension { kib };
                (spec.stripe_size, spec.index) = (0, None);
                // Shown as 0; a new one has the count of the component that it extends.
                let grows = self.mirrors.last().filter(|_| !begins);
                let count = grows.and_then(|mirror| mirror.last()).map(|one| one.stripe_count);
                spec.stripe_count = count.unwrap_or(StripeCount::Default);
            }
            (false, None) => {}
            _ => return Err("the flag extension and an extension size go together".to_owned()),
        }
        let listed = spec.osts.len();
        if listed > 0 && spec.stripe_count != StripeCount::Exact(listed as u16) {
            return Err(format!("{listed} OSTs listed for another stripe count"));
        }
        match spec.index {
            Some(index) if listed > 0 && !spec.osts.contains(&index) => {
                return Err(SpecFault::IndexNotListed(index).to_string());
            }
            index => spec.index = index.or(spec.osts.first().copied()),
        }
        let unit = u64::from(spec.stripe_size);
        if spec.kind == ComponentKind::Mdt {
            if spec.extent.start != 0 {
                return Err("'mdt' layout can be only the first one".to_owned());
            }
            if unit != end {
                return Err(format!("data on the MDT up to {end} with stripe size {unit}"));
            }
            (spec.stripe_count, spec.index) = (StripeCount::Default, None);
        } else if unit != 0 && end != EOF && end != follows && !end.is_multiple_of(unit) {
            return Err("The component end must be aligned by the stripe size".to_owned());
        }
        if begins {
            self.mirrors.push(Vec::new());
        }
        if let Some(mirror) = self.mirrors.last_mut() {
            mirror.push(spec);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Spec, String> {
        self.close()?;
        let mirrors = self.mirrors.len();
        if mirrors == 0 {
            return Err("the template has no component".to_owned());
        }
        if let Some(announced) = self.mirror_count
            && announced != mirrors as u64
        {
            return Err(format!("{announced} mirrors announced, the components form {mirrors}"));
        }
        let ends = |mirror: &Vec<ComponentSpec>| mirror.last().is_some_and(|c| c.extent.end == EOF);
        if mirrors > 1 && !self.mirrors.iter().all(ends) {
            return Err("Incomplete mirror - must go to EOF".to_owned());
        }
        if let Some((expected, got)) = dom_sizes(&self.mirrors) {
            return Err(SpecFault::DomSizes { expected, got }.to_string());
        }
        for mirror in &self.mirrors {
            let spaces = mirror.iter().map(|c| matches!(c.kind, ComponentKind::Extension { .. }));
            let mut before = None;
            for (component, space) in mirror.iter().zip(spaces) {
                match before {
                    None | Some((ComponentKind::Mdt | ComponentKind::Extension { .. }, _))
                        if space =>
                    {
                        return Err("extension space must follow striped data".to_owned());
                    }
                    Some((_, true)) if !space => {
                        return Err("Zero length components must be followed by extension".into());
                    }
                    _ => {}
                }
                before = Some((component.kind, component.extent.start == component.extent.end));
            }
            if let Some((_, true)) = before {
                return Err("Zero length components must be followed by extension".into());
            }
        }
        let spec = Spec { mirrors: self.mirrors, composite: self.composite, foreign: None };
        match spec.oversize() {
            Some(bytes) => Err(SpecFault::TooLarge { bytes }.to_string()),
            None => Ok(spec),
        }
    }
}

impl Part {
    fn ost(&mut self, value: &str) -> Result<(), String> {
        let ost = ost(value)?;
        if self.spec.osts.len() == MAX_STRIPES {
            return Err(format!("more than {MAX_STRIPES} OSTs in one component"));
        }
        self.spec.osts.push(ost);
        Ok(())
    }

    fn value(&mut self, key: &str, short: &str, value: &str) -> Result<(), String> {
        match short {
            "lcme_extent.e_start" => self.start = Some(extent(value)?),
            "lcme_extent.e_end" => self.end = Some(extent(value)?),
            "lcme_flags" => self.flags(value)?,
            "lcme_mirror_link_id" | "lcme_dstripe_count" | "lcme_cstripe_count" => {
                return Err(parity());
            }
            "stripe_count" => {
                let count: i64 = value.parse().map_err(|_| not_a_number(value))?;
                if !(-32..=MAX_STRIPES as i64).contains(&count) {
                    return Err(format!("invalid stripe count '{value}'"));
                }
                self.spec.stripe_count = stripe_count(count as u16);
            }
            "stripe_size" => {
                let size = u32::try_from(number(value)?).ok();
                let size = size.filter(|size| size.is_multiple_of(1 << 16));
                self.spec.stripe_size =
                    size.ok_or_else(|| format!("invalid stripe size '{value}'"))?;
            }
            // -1 is any.
            "stripe_offset" => self.spec.index = (value != "-1").then(|| ost(value)).transpose()?,
            "extension_size" => self.extension = Some(number(value)?),
            "pattern" => self.pattern(value)?,
            "pool" => {
                self.spec.pool =
                    pool(value).ok_or_else(|| format!("Invalid Poolname '{value}'"))?;
            }
            _ => return known(key),
        }
        Ok(())
    }

    fn flags(&mut self, value: &str) -> Result<(), String> {
        if matches!(value, "" | "0") {
            return Ok(());
        }
        let change = flags::parse(value).filter(|change| change.clear == 0);
        let set = change.ok_or_else(|| format!("invalid component flags '{value}'"))?.set;
        if set & (ComponentFlags::PARITY | ComponentFlags::LINK_ID) != 0 {
            return Err(parity());
        }
        self.is_extension = set & ComponentFlags::EXTENSION != 0;
        self.spec.flags = ComponentFlags(set & FLAGS);
        Ok(())
    }

    fn pattern(&mut self, value: &str) -> Result<(), String> {
        for word in value.split(',') {
            match word {
                "raid0" | "default" | "released" | "hole" => {}
                "overstriped" => self.spec.overstriping = true,
                "mdt" => self.spec.kind = ComponentKind::Mdt,
                "parity" => return Err(parity()),
                _ => return Err(format!("Invalid pattern: '{word}'")),
            }
        }
        Ok(())
    }
}

fn parity() -> String {
    "a template cannot ask for parity: give --ec instead".to_owned()
}

fn known(key: &str) -> Result<(), String> {
    let mut all = IGNORED.iter().chain(&IGNORED_OF_DIRECTORIES);
    if all.any(|known| *known == key) { Ok(()) } else { Err(format!("unknown key '{key}'")) }
}

fn not_a_number(value: &str) -> String {
    format!("'{value}' is not a number below 2^64")
}

fn number(value: &str) -> Result<u64, String> {
    let hex = value.strip_prefix("0x");
    let number = match hex {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => value.parse().ok().filter(|_| !value.starts_with('+')),
    };
    number.ok_or_else(|| not_a_number(value))
}

fn ost(value: &str) -> Result<u32, String> {
    let ost = u32::try_from(number(value)?).ok().filter(|&ost| ost <= MAX_OST);
    ost.ok_or_else(|| format!("OST index {value} is above {MAX_OST}"))
}

/// A multiple of 64 KiB below 2^63, or EOF.
fn extent(value: &str) -> Result<u64, String> {
    if value == "EOF" || value == "-1" {
        return Ok(EOF);
    }
    let offset = number(value)?;
    if offset.is_multiple_of(1 << 16) && (Extent { start: 0, end: offset }).is_reachable() {
        Ok(offset)
    } else {
        Err(format!("invalid component end '{value}' (expected a multiple of 65536, or EOF)"))
    }
}
