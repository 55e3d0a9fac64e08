//! Sizes, ranges and rates as people write and read them.

use std::ops::Range;
use std::time::Duration;

/// `64K`, `1MiB`, `12345`: bytes, with binary units.
pub fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        "e" => 60,
        _ => return Err(format!("'{text}' is not a size: expected a number and K, M, G, T, P, E")),
    };
    let number: u64 =
        number.parse().map_err(|_| format!("'{text}' is not a size: no number below 2^64"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("'{text}' is 2^64 bytes or more"))
}

/// A range of bytes; without an end it goes to the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    pub start: u64,
    pub end: Option<u64>,
}

impl Bytes {
    /// The range in a file that ends at `end`.
    pub fn to(self, end: u64) -> Range<u64> {
        self.start..self.end.unwrap_or(end)
    }
}

/// `A..B`, `A..` or `..B`.
pub fn range(text: &str) -> Result<Bytes, String> {
    let shape = || format!("'{text}' is not a range: expected A..B, as 0..64M");
    let (from, to) = text.split_once("..").ok_or_else(shape)?;
    let start = if from.trim().is_empty() { 0 } else { size(from)? };
    let end = if to.trim().is_empty() { None } else { Some(size(to)?) };
    if end.is_some_and(|end| end < start) {
        return Err(format!("the range {text} is reversed"));
    }
    Ok(Bytes { start, end })
}

/// `1.5 MiB`; exact below 1 KiB.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let exponent = (n.ilog2() / 10).min(6);
    let scaled = n as f64 / f64::from(2u32).powi(10 * exponent as i32);
    let unit = UNITS[exponent as usize - 1];
    if scaled.fract() == 0.0 { format!("{scaled} {unit}") } else { format!("{scaled:.1} {unit}") }
}

/// `3.20 GB/s` (10^9 bytes).
pub fn rate(bytes: u64, time: Duration) -> String {
    format!("{:.2} GB/s", per_second(bytes, time))
}

/// 10^9 bytes per second.
pub fn per_second(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64().max(1e-9) / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(size("12345"), Ok(12345));
        assert_eq!(size("64K"), Ok(65536));
        assert_eq!(size("1MiB"), Ok(1 << 20));
        assert_eq!(size("7eb"), Ok(7 << 60));
        assert_eq!(size("15E"), Ok(15 << 60));
        assert!(size("16E").is_err() && size("").is_err() && size("K").is_err());
        assert!(size("-1").is_err() && size("1x").is_err());
    }

    #[test]
    fn ranges_are_half_open() {
        assert_eq!(range("1K..2K").map(|r| r.to(9)), Ok(1024..2048));
        assert_eq!(range("5..").map(|r| r.to(9)), Ok(5..9));
        assert!(range("5..4").is_err() && range("5").is_err() && range("a..b").is_err());
    }

    #[test]
    fn bytes_are_short() {
        assert_eq!(
            (bytes(1023), bytes(1024), bytes(1536)),
            ("1023 B".into(), "1 KiB".into(), "1.5 KiB".into())
        );
        assert_eq!(bytes(u64::MAX), "16 EiB");
    }
}
