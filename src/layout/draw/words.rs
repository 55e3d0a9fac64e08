//! Words, numbers and colours of the pictures.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Look, Panel};
use crate::layout::map::Gap;
use crate::layout::{ComponentFlags, ComponentView, EOF, StripingKind};

/// Bytes, short and exact: `64K`, `1536M`, `EOF`, `12345`.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];
        if self.0 == EOF {
            return f.pad("EOF");
        }
        let zeros = if self.0 == 0 { 0 } else { self.0.trailing_zeros() as usize / 10 };
        let unit = zeros.min(UNITS.len() - 1);
        f.pad(&format!("{}{}", self.0 >> (10 * unit), UNITS[unit]))
    }
}

/// `12345678` or `3145728 (3M)`.
pub(super) fn exact(bytes: u64) -> String {
    let short = Size(bytes).to_string();
    if short.ends_with(|c: char| c.is_ascii_digit()) { short } else { format!("{bytes} ({short})") }
}

/// What is right of the picture's name.
pub(super) fn summary(
    kind: &str,
    components: usize,
    mirrors: usize,
    parity: usize,
    state: &str,
) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = String::from(kind);
    if kind == "composite" {
        text += &format!(", {components} component{}", plural(components));
    }
    if mirrors > 1 {
        text += &format!(", {mirrors} mirrors");
    }
    if parity > 0 {
        text += &format!(" ({parity} of parity)");
    }
    if !state.is_empty() {
        text += &format!(", {state}");
    }
    text
}

/// Flags that a picture does not show otherwise, the pool, and that RAID sets do not end where
/// cells do.
pub(super) fn notes(view: &ComponentView<'_>, askew: bool) -> String {
    const SHOWN: u32 = ComponentFlags::INIT
        | ComponentFlags::STALE
        | ComponentFlags::PARITY
        | ComponentFlags::EXTENSION;
    let rest = ComponentFlags(view.flags.0 & !SHOWN);
    let mut text = if rest.0 == 0 { String::new() } else { rest.to_string() };
    let striping = view.striping.filter(|striping| striping.kind != StripingKind::V1);
    if let Some(pool) = striping.map(|striping| striping.pool.name()).filter(|p| !p.is_empty()) {
        let comma = if text.is_empty() { "" } else { ", " };
        let name = String::from_utf8_lossy(pool);
        let name: String =
            name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        text += &format!("{comma}pool {name}");
    }
    if askew {
        let comma = if text.is_empty() { "" } else { ", " };
        text += &format!("{comma}EC stripes span two objects");
    }
    text
}

impl Panel {
    /// `4 x 1M`, or what there is instead of stripes.
    pub(super) fn shape(&self) -> String {
        match (self.look, self.stripes) {
            (Look::OnMdt, Some(stripes)) => format!("{} on the MDT", Size(stripes.size())),
            (Look::Elsewhere, _) => "not in Lustre objects".into(),
            (Look::Extension, _) => "extension space".into(),
            (Look::Empty, Some(stripes)) if self.parity_of.is_some() => {
                format!("units of {}", Size(stripes.size()))
            }
            (_, Some(stripes)) => format!("{} x {}", stripes.count(), Size(stripes.size())),
            (_, None) => "default striping".into(),
        }
    }

    /// `4+2`, `2 x 7+2, 1 x 6+2`: the codes of its RAID sets. Empty without parity.
    pub(super) fn code(&self) -> String {
        let (Some(sets), Some((_, parity))) = (self.sets, self.parity_of) else {
            return String::new();
        };
        let large = sets.iter().filter(|set| set.data == sets.largest()).count();
        let small = sets.count() as usize - large;
        let one = |count: usize, data: u32| match (count, sets.count()) {
            (_, 1) => format!("{data}+{parity}"),
            _ => format!("{count} x {data}+{parity}"),
        };
        match small {
            0 => one(large, sets.largest()),
            _ => format!("{}, {}", one(large, sets.largest()), one(small, sets.largest() - 1)),
        }
    }

    /// What its look means; empty for an ordinary one.
    pub(super) fn state(&self) -> &'static str {
        match self.look {
            Look::Stale if self.cells.is_empty() => "stale, no objects yet",
            Look::Stale => "stale",
            Look::Empty => "no objects yet",
            Look::Released => "released to an archive",
            Look::Solid | Look::Extension | Look::OnMdt | Look::Elsewhere => "",
        }
    }
}

/// Why there is no object.
pub(super) fn gap(gap: Gap) -> &'static str {
    match gap {
        Gap::NoMirror => "there is no such mirror",
        Gap::NoComponent => "no component covers it: it cannot be written",
        Gap::NotInstantiated => "no objects yet: it reads as zero",
        Gap::Released => "released to an archive",
        Gap::OnMdt => "on the MDT",
        Gap::NoStripes => "not in Lustre objects",
    }
}

/// A colour for an OST, as hue (0 to 359): neighbours differ most.
pub(super) fn hue(ost: u32) -> u32 {
    // The golden angle spreads any number of hues evenly; 137.508 degrees in 1/1000.
    ((u64::from(ost) * 137_508 / 1000) % 360) as u32
}
