//! Numbers as C's `strtoul` and liblustreapi's `llapi_parse_size` read them.

/// Number in base 0 (decimal, `0x` hexadecimal, leading 0 octal) after blanks and a sign, and the
/// rest of the text. A minus negates modulo 2^64, as in C. `None`: no digits, or too great.
pub(super) fn strtoul(text: &str) -> Option<(u64, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    let (radix, digits) = match hex {
        Some(digits) => (16, digits),
        None if text.starts_with('0') => (8, text),
        None => (10, text),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    let value = u64::from_str_radix(digits, radix).ok()?;
    Some((if negative { value.wrapping_neg() } else { value }, rest))
}

/// A whole text as a signed number.
pub(super) fn signed(text: &str) -> Option<i64> {
    let (value, rest) = strtoul(text)?;
    rest.is_empty().then_some(value as i64)
}

/// Size in bytes: number, fraction, unit letter (`b` is 512, `c` 1, `k`..`e` powers of 1024), and
/// one more `i` or `b`, behind which anything may stand. Neither case nor overflow matter to the
/// letters; overflow refuses.
pub(super) fn size(text: &str) -> Option<u64> {
    if text.starts_with('-') {
        return None;
    }
    let (whole, rest) = strtoul(text)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => ("", rest),
    };
    let mut letters = rest.chars().map(|c| c.to_ascii_lowercase());
    let unit: u64 = match letters.next() {
        None | Some('c') => 1,
        Some('b') => 512,
        Some('k') => 1 << 10,
        Some('m') => 1 << 20,
        Some('g') => 1 << 30,
        Some('t') => 1 << 40,
        Some('p') => 1 << 50,
        Some('e') => 1 << 60,
        Some(_) => return None,
    };
    if !matches!(letters.next(), None | Some('i' | 'b')) {
        return None;
    }
    let part = match fraction {
        "" => 0,
        digits => {
            let scale = 10u128.checked_pow(u32::try_from(digits.len()).ok()?)?;
            // 128 bits hold the product exactly: the fraction is below the scale.
            let value: u128 = digits.parse().ok()?;
            u64::try_from(value.checked_mul(u128::from(unit))? / scale).ok()?
        }
    };
    whole.checked_mul(unit)?.checked_add(part)
}

/// Size of a stripe or component end: below 4096 it counts KiB. `None` also unless it is a multiple
/// of 64 KiB.
pub(super) fn aligned_size(text: &str) -> Option<u64> {
    let size = size(text)?;
    let size = if size < 4096 { size * 1024 } else { size };
    size.is_multiple_of(65536).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_c_reads_them() {
        assert_eq!(strtoul("12"), Some((12, "")));
        assert_eq!(strtoul(" \t+12x"), Some((12, "x")));
        assert_eq!(strtoul("0x1F+"), Some((31, "+")));
        assert_eq!(strtoul("0xg"), Some((0, "xg")));
        assert_eq!(strtoul("017"), Some((15, "")));
        assert_eq!(strtoul("08"), Some((0, "8")));
        assert_eq!(strtoul("-1"), Some((u64::MAX, "")));
        assert_eq!(strtoul("18446744073709551615"), Some((u64::MAX, "")));
        for text in ["", "x", "-", "+-1", "18446744073709551616"] {
            assert_eq!(strtoul(text), None, "{text}");
        }
        assert_eq!(signed("-32"), Some(-32));
        assert_eq!(signed("1k"), None);
    }

    #[test]
    fn sizes() {
        assert_eq!(size("4M"), Some(4 << 20));
        assert_eq!(size("1.5g"), Some(3 << 29));
        assert_eq!(size("0.1k"), Some(102));
        assert_eq!(size("1MiB"), Some(1 << 20));
        assert_eq!(size("2b"), Some(1024));
        assert_eq!(size("15e"), Some(15 << 60));
        assert_eq!(size("0x10k"), Some(16384));
        for text in ["", "-1", "1x", "1Mx", "16e", "1.5.5k", "k"] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(size(&alloc::format!("0.{}k", "9".repeat(60))), None);
        // Below 4096 a number counts KiB, letter or not.
        assert_eq!(aligned_size("64"), Some(65536));
        assert_eq!(aligned_size("1k"), Some(1 << 20));
        assert_eq!(aligned_size("4K"), None);
        assert_eq!(aligned_size("96K"), None);
        assert_eq!(aligned_size("65535"), None);
        assert_eq!(aligned_size("0"), Some(0));
    }
}
