//! Layout EAs as users have them: binary, the hex text that `getfattr -e hex` prints, or the YAML
//! that `lfs getstripe -y` prints.

use crate::failure::Failure;
use lustrine::engine::{FileOutput, Output};
use lustrine::layout::{Layout, show, xattr};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// An EA has at most 64 KiB; as hex text with names and line breaks, well below this.
const MOST: u64 = 1 << 20;

/// Reads and parses the EA that an argument names.
pub fn load(argument: &str) -> Result<Layout, Failure> {
    of_path(Path::new(argument)).map_err(|e| Failure::of(argument, e))
}

/// Like [`load`], of a path that need not be text; the error does not name it.
pub fn of_path(path: &Path) -> Result<Layout, String> {
    of_bytes(&read(path)?)
}

/// Reads the bytes of the EA that an argument names.
pub fn bytes(argument: &str) -> Result<Vec<u8>, Failure> {
    let bytes = read(Path::new(argument)).and_then(|bytes| decode(&bytes));
    bytes.map_err(|e| Failure::of(argument, e))
}

/// Writes a layout's bytes to a file, which appears when it is complete.
pub fn write(path: &Path, layout: &Layout) -> Result<(), Failure> {
    let bytes = xattr::emit(layout);
    let written = FileOutput::create(path).and_then(|output| {
        output.write_at(0, &bytes)?;
        output.commit(bytes.len() as u64, false)
    });
    written.map_err(|e| Failure::of(path.display(), e))
}

/// An EA as hex text, which [`load`] takes.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The layout in a file's bytes, whichever form they have.
pub fn of_bytes(bytes: &[u8]) -> Result<Layout, String> {
    if let Some(text) = yaml(bytes) {
        return show::read_yaml(text).map_err(|e| format!("{e}\n{}", e.at.caret(text)));
    }
    xattr::parse(&decode(bytes)?).map_err(|e| e.to_string())
}

/// Text that begins with a key of `lfs getstripe -y`.
fn yaml(bytes: &[u8]) -> Option<&str> {
    const FIRST: [&str; 5] = ["lcm_", "lmm_", "lfm_", "stripe_count:", "components:"];
    let text = std::str::from_utf8(bytes).ok()?;
    let first = text.lines().find(|line| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with('#') || line == "---")
    })?;
    FIRST.iter().any(|key| first.starts_with(key)).then_some(text)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bounded = |source: &mut dyn Read| {
        let mut bytes = Vec::new();
        source.take(MOST + 1).read_to_end(&mut bytes).map_err(|e| format!("reading: {e}"))?;
        if bytes.len() as u64 > MOST {
            return Err("more than 1 MiB: this is no layout attribute".into());
        }
        Ok(bytes)
    };
    if path == Path::new("-") {
        return bounded(&mut std::io::stdin().lock());
    }
    // Hex text can be given as it is.
    let text = || path.to_str().filter(|text| text.len() >= 16 && hex(text).is_ok());
    match File::open(path) {
        Ok(mut file) => bounded(&mut file),
        Err(e) => text().map(Into::into).ok_or_else(|| format!("opening: {e}")),
    }
}

/// The EA's bytes, whichever form they came in.
fn decode(bytes: &[u8]) -> Result<Vec<u8>, String> {
    // Every magic has 0x0BD0 as its low half, at the start or (other byte order) at bytes 2..4.
    // Neither occurs in text.
    if bytes.starts_with(&[0xd0, 0x0b]) || bytes.get(2..4) == Some(&[0x0b, 0xd0]) {
        return Ok(bytes.to_vec());
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err("neither a layout attribute (no magic at its start) nor hex text".into());
    };
    // `getfattr` prints a comment, then name=0xHEX for each attribute.
    let line = ["trusted.lov=", "lustre.lov="]
        .iter()
        .find_map(|name| text.lines().find_map(|line| line.trim().strip_prefix(name)));
    if let Some(value) = line {
        return hex(value);
    }
    let body: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    if let Some(line) = body.iter().find(|line| line.contains('=')) {
        let (name, _) = line.split_once('=').unwrap_or((line, ""));
        return Err(format!("the attribute is '{name}': expected trusted.lov or lustre.lov"));
    }
    hex(&body.concat())
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let digits = digits.strip_prefix(b"0x").unwrap_or(&digits);
    if digits.is_empty() {
        return Err("it is empty".into());
    }
    if digits.len() % 2 == 1 {
        return Err(format!("hex text of {} digits: expected an even number", digits.len()));
    }
    let digit = |at: usize| {
        char::from(digits[at]).to_digit(16).ok_or_else(|| {
            let what = char::from(digits[at]).escape_default();
            format!("neither a layout attribute nor hex text: digit {at} is '{what}'")
        })
    };
    (0..digits.len()).step_by(2).map(|at| Ok((digit(at)? << 4 | digit(at + 1)?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same_bytes() {
        let ea = [0xd0, 0x0b, 0xd1, 0x0b, 0x01];
        assert_eq!(decode(&ea).unwrap(), ea);
        assert_eq!(decode(b"d00bd10b01\n").unwrap(), ea);
        assert_eq!(decode(b"0xd00bd10b01").unwrap(), ea);
        assert_eq!(decode(b"d00b\nd10b\n01").unwrap(), ea);
        let dump = b"# file: mnt/f\ntrusted.lma=0x00\ntrusted.lov=0xd00bd10b01\n\n";
        assert_eq!(decode(dump).unwrap(), ea);
        let swapped = [0x0b, 0xd1, 0x0b, 0xd0];
        assert_eq!(decode(&swapped).unwrap(), swapped);
    }

    #[test]
    fn other_text_is_refused_with_the_reason() {
        assert!(decode(b"hello").unwrap_err().contains("5 digits"));
        assert!(decode(b"hellos").unwrap_err().contains("'h'"));
        assert!(decode(b"user.x=0x00").unwrap_err().contains("user.x"));
        assert!(decode(b"").unwrap_err().contains("empty"));
        assert!(decode(&[0xff, 0xfe, 0x00]).unwrap_err().contains("magic"));
    }
}
