//! Words and numbers as C's `printf` and Lustre's tables give them.

use core::fmt;

use crate::layout::model::{ComponentFlags, Fid, Pattern};

/// Names of component flags in the order of `lfs`. A name of two bits stands before those of its
/// bits, and takes them.
const FLAGS: [(u32, &str); 13] = [
    (ComponentFlags::INIT, "init"),
    (ComponentFlags::STALE, "stale"),
    (ComponentFlags::PREF_RD | ComponentFlags::PREF_WR, "prefer"),
    (ComponentFlags::PREF_RD, "prefrd"),
    (ComponentFlags::PREF_WR, "prefwr"),
    (ComponentFlags::OFFLINE, "offline"),
    (ComponentFlags::NOSYNC, "nosync"),
    (ComponentFlags::EXTENSION, "extension"),
    (ComponentFlags::PARITY, "parity"),
    (ComponentFlags::COMPRESS, "compress"),
    (ComponentFlags::PARTIAL, "partial"),
    (ComponentFlags::NOCOMPR, "nocompr"),
    (ComponentFlags::LINK_ID, "link_id"),
];

/// Words of patterns in the order of `lfs`.
const PATTERNS: [(u32, &str); 9] = [
    (Pattern::RAID0, "raid0"),
    (0x2, "raid1"),
    (Pattern::PARITY, "parity"),
    (Pattern::MDT, "mdt"),
    (Pattern::OVERSTRIPING, "overstriped"),
    (Pattern::FOREIGN, "foreign"),
    (Pattern::COMPRESS, "compress"),
    (Pattern::HOLE, "hole"),
    (Pattern::RELEASED, "released"),
];

/// `%#x`: 0 has no prefix.
pub(super) struct Hex(pub(super) u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.pad("0"),
            number => {
                // `pad` needs the text as a whole: two digits of prefix and sixteen of number.
                let mut digits = [0; 18];
                let mut rest = number;
                let mut at = digits.len();
                while rest != 0 {
                    at -= 1;
                    digits[at] = b"0123456789abcdef"[(rest & 15) as usize];
                    rest >>= 4;
                }
                digits[at - 2..at].copy_from_slice(b"0x");
                f.pad(core::str::from_utf8(&digits[at - 2..]).unwrap_or_default())
            }
        }
    }
}

/// A FID without its brackets.
pub(super) struct Bare(pub(super) Fid);

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fid { seq, oid, ver } = self.0;
        write!(f, "{}:{oid:#x}:{ver:#x}", Hex(seq))
    }
}

/// Bytes as text. What is no UTF-8, or would act on a terminal, is shown as a replacement
/// character.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                let shown = if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
                fmt::Write::write_char(f, shown)?;
            }
            if !chunk.invalid().is_empty() {
                fmt::Write::write_char(f, char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// Names of the bits that are set, joined by commas; what has no name as a number.
fn names(f: &mut fmt::Formatter<'_>, bits: u32, table: &[(u32, &str)]) -> Result<u32, fmt::Error> {
    let mut rest = bits;
    for &(bit, name) in table {
        if rest & bit == bit {
            let comma = if rest == bits { "" } else { "," };
            write!(f, "{comma}{name}")?;
            rest &= !bit;
        }
    }
    Ok(rest)
}

/// The names that `lfs` prints, in its order: `init,stale,parity`; `0` for none.
impl fmt::Display for ComponentFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let rest = names(f, bits, &FLAGS)?;
        match (bits, rest) {
            (0, _) => f.write_str("0"),
            (_, 0) => Ok(()),
            (_, rest) if rest == bits => write!(f, "{rest:#x}"),
            (_, rest) => write!(f, ",{rest:#x}"),
        }
    }
}

/// The words that `lfs` prints, in its order: `raid0,parity`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let known = PATTERNS.iter().fold(0, |known, (bit, _)| known | bit);
        if bits & !known != 0 {
            let comma = if bits & known == 0 { "" } else { "," };
            return write!(f, "{comma}unknown_{bits:x}");
        }
        names(f, bits, &PATTERNS).map(|_| ())
    }
}

/// Bits from names joined by commas, the inverse of [`names`]: `None` if one is not known.
fn bits(text: &str, table: &[(u32, &str)]) -> Option<u32> {
    text.split(',').try_fold(0, |bits, word| {
        let known = table.iter().find(|(_, name)| *name == word).map(|(bit, _)| *bit);
        Some(bits | known.or_else(|| hex(word))?)
    })
}

fn hex(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

impl ComponentFlags {
    /// The flags that `lfs` names so: `init,stale,parity`, `0`. Bits without a name are hex
    /// numbers. `None` if a word is not known. The inverse of printing them.
    pub fn from_names(names: &str) -> Option<ComponentFlags> {
        let bits = if names == "0" { Some(0) } else { bits(names, &FLAGS) };
        bits.map(ComponentFlags)
    }
}

impl Pattern {
    /// The pattern that `lfs` names so: `raid0,overstriped`. `None` if a word is not known. The
    /// inverse of printing it.
    pub fn from_names(names: &str) -> Option<Pattern> {
        let unknown = names.strip_prefix(',').unwrap_or(names).strip_prefix("unknown_");
        let bits = match unknown {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None if names.is_empty() => Some(0),
            None => bits(names, &PATTERNS),
        };
        bits.map(Pattern)
    }
}

/// The name of a foreign type.
pub(super) struct ForeignKind(pub(super) u32);

impl fmt::Display for ForeignKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "none",
            1 => "posix",
            2 => "pccrw",
            3 => "pccro",
            4 => "S3",
            0xda05 => "symlink",
            _ => "unknown",
        })
    }
}

/// HSM flags: names, then always all bits as a number.
pub(super) struct HsmFlags(pub(super) u32);

impl fmt::Display for HsmFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TABLE: [(u32, &str); 9] = [
            (0x1, "exists"),
            (0x2, "dirty"),
            (0x4, "released"),
            (0x8, "archived"),
            (0x10, "norelease"),
            (0x20, "noarchive"),
            (0x40, "lost"),
            (0x80, "pccrw"),
            (0x100, "pccro"),
        ];
        let bits = self.0;
        if bits == 0 {
            return f.write_str("0");
        }
        let rest = names(f, bits, &TABLE)?;
        write!(f, "{}{bits:#x}", if rest == bits { "" } else { "," })
    }
}

/// Seconds since 1970 as `2026-11-22T07:09:44+0000`.
pub(super) struct Timestamp {
    pub(super) seconds: u64,
    pub(super) utc_offset: i32,
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86400;
        // A timestamp has 48 bits.
        let local = self.seconds as i64 + i64::from(self.utc_offset);
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let sign = if self.utc_offset < 0 { '-' } else { '+' };
        let offset = self.utc_offset.unsigned_abs() / 60;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}{:02}",
            offset / 60,
            offset % 60
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01 (Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    // Days from 0000-03-01: with the leap day at a year's end, months fall into a fixed pattern.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn numbers() {
        assert_eq!(format!("{:>13}|{}|{:>4}", Hex(3), Hex(0), Hex(0)), "          0x3|0|   0");
        assert_eq!(Hex(u64::MAX).to_string(), "0xffffffffffffffff");
    }

    #[test]
    fn names_of_bits() {
        let flags = |bits| ComponentFlags(bits).to_string();
        assert_eq!(flags(0), "0");
        assert_eq!(flags(0x91), "init,stale,parity");
        assert_eq!(flags(0x16), "init,prefer");
        assert_eq!(flags(0x12), "init,prefrd");
        assert_eq!(flags(0x4000_0080), "parity,link_id");
        assert_eq!(flags(0x1010), "init,0x1000");
        assert_eq!(flags(0x8000_0000), "0x80000000");
        let pattern = |bits| Pattern(bits).to_string();
        assert_eq!(pattern(0x8000_0005), "raid0,parity,released");
        assert_eq!(pattern(0x201), "raid0,overstriped");
        assert_eq!(pattern(0x1001), ",unknown_1001");
        assert_eq!(pattern(0x1000), "unknown_1000");
        assert_eq!(HsmFlags(9).to_string(), "exists,archived,0x9");
        assert_eq!(HsmFlags(0).to_string(), "0");
        assert_eq!(HsmFlags(0x200).to_string(), "0x200");
    }

    #[test]
    fn names_are_read_back() {
        for bit in 0..32 {
            for bits in [1 << bit, 0x91 | 1 << bit, 6 | 1 << bit] {
                let flags = ComponentFlags(bits);
                assert_eq!(ComponentFlags::from_names(&flags.to_string()), Some(flags));
                let pattern = Pattern(bits);
                assert_eq!(Pattern::from_names(&pattern.to_string()), Some(pattern));
            }
        }
        assert_eq!(ComponentFlags::from_names("0"), Some(ComponentFlags(0)));
        assert_eq!(Pattern::from_names(""), Some(Pattern(0)));
        for wrong in ["", "init,", "inits", "init stale", "0x+1", "0x1ffffffff"] {
            assert_eq!(ComponentFlags::from_names(wrong), None, "{wrong}");
        }
        assert_eq!(Pattern::from_names("raid5"), None);
    }

    #[test]
    fn times() {
        let time = |seconds, utc_offset| Timestamp { seconds, utc_offset }.to_string();
        assert_eq!(time(0, 0), "1970-01-01T00:00:00+0000");
        assert_eq!(time(1_780_000_000, 0), "2026-05-28T20:26:40+0000");
        assert_eq!(time(951_782_400, 0), "2000-02-29T00:00:00+0000");
        assert_eq!(time(4_107_542_400, -3600), "2100-02-28T23:00:00-0100");
        assert_eq!(time(0, 19800), "1970-01-01T05:30:00+0530");
        assert_eq!(time(0xffff_ffff_ffff, 0), "8921556-12-07T10:44:15+0000");
    }

    #[test]
    fn bytes_do_not_act_on_the_terminal() {
        assert_eq!(Bytes(b"a\x1b[1m\xff\n").to_string(), "a\u{fffd}[1m\u{fffd}\u{fffd}");
    }
}
