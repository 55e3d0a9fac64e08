//! Flags of components by name.

use crate::layout::model::ComponentFlags;

/// Flags that `--flags` gives to a whole mirror.
pub(super) const OF_MIRRORS: u32 =
    ComponentFlags::PREF_RD | ComponentFlags::PREF_WR | ComponentFlags::NOCOMPR;

const NAMES: [(&str, u32); 13] = [
    ("init", ComponentFlags::INIT),
    ("stale", ComponentFlags::STALE),
    ("prefer", ComponentFlags::PREF_RD | ComponentFlags::PREF_WR),
    ("prefrd", ComponentFlags::PREF_RD),
    ("prefwr", ComponentFlags::PREF_WR),
    ("offline", ComponentFlags::OFFLINE),
    ("nosync", ComponentFlags::NOSYNC),
    ("extension", ComponentFlags::EXTENSION),
    ("parity", ComponentFlags::PARITY),
    ("compress", ComponentFlags::COMPRESS),
    ("partial", ComponentFlags::PARTIAL),
    ("nocompr", ComponentFlags::NOCOMPR),
    ("link_id", ComponentFlags::LINK_ID),
];

/// Flags to set and flags to clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlagChange {
    /// Bits of `lcme_flags` to set.
    pub set: u32,
    /// Bits of `lcme_flags` to clear.
    pub clear: u32,
}

/// `prefer,^nosync`. `None`: an unknown name, nothing at all, or a flag both set and cleared.
pub(super) fn parse(text: &str) -> Option<FlagChange> {
    let mut change = FlagChange::default();
    for word in text.split(',') {
        let (clear, name) = match word.strip_prefix('^') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let (_, bits) = NAMES.iter().find(|(known, _)| *known == name)?;
        *(if clear { &mut change.clear } else { &mut change.set }) |= bits;
    }
    (change.set & change.clear == 0).then_some(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_are_those_that_are_shown() {
        for (name, bits) in NAMES {
            assert_eq!(parse(name), Some(FlagChange { set: bits, clear: 0 }));
            assert_eq!(ComponentFlags(bits).to_string(), name);
        }
        let both = ComponentFlags::STALE | ComponentFlags::NOSYNC;
        assert_eq!(parse("stale,nosync"), Some(FlagChange { set: both, clear: 0 }));
        let change = FlagChange { set: ComponentFlags::STALE, clear: ComponentFlags::NOSYNC };
        assert_eq!(parse("^nosync,stale"), Some(change));
        for text in ["", ",", "x", "stale,", "^", "^^stale", "stale,^stale", "prefrd,^prefer"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
