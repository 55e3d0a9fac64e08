//! Golden data of a real Lustre (`tests/golden`). Whatever is missing or malformed there panics:
//! a test that runs on nothing must fail.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use std::fs;
use std::path::PathBuf;

/// `tests/golden`.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

/// A text file under `tests/golden`.
#[track_caller]
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// As [`text`], but the file need not be there.
pub fn text_if_there(path: &str) -> Option<String> {
    root().join(path).exists().then(|| text(path))
}

/// The cases that `index.json` lists in one of its parts (`layouts`, `refused`, `ec`).
#[track_caller]
pub fn cases(part: &str) -> Vec<String> {
    let index = text("index.json");
    let list = index.split_once(&format!("\"{part}\"")).expect("part of index.json").1;
    let list = list.split_once('[').expect("[").1.split_once(']').expect("]").0;
    let names: Vec<String> =
        list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| !name.is_empty()), "{part}: {names:?}");
    names
}

/// Bytes of hex text; line breaks do not count.
#[track_caller]
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap_or_else(|| panic!("{c} is no hex digit")) as u8)
        .collect();
    assert!(digits.len().is_multiple_of(2), "odd number of hex digits");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The blob of a `setstripe-packed.txt`, if the command sent it as an xattr.
#[track_caller]
pub fn packed(text: &str) -> Option<Vec<u8>> {
    let blob = text.split_once("xattr lustre.lov size ")?.1;
    let (first, rest) = blob.split_once('\n').expect("a line");
    let size: usize = first.split(' ').next().unwrap().parse().unwrap();
    let lines: String =
        rest.lines().take_while(|line| line.chars().all(|c| c.is_ascii_hexdigit())).collect();
    let bytes = hex(&lines);
    assert_eq!(bytes.len(), size, "{text}");
    Some(bytes)
}

/// A stripe unit of a parity mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// First byte in the parity mirror's file-offset space.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
    /// SHA-256 in hex of what Lustre wrote there.
    pub sha256: String,
}

/// A file with parity, after a resync.
#[derive(Clone, Debug)]
pub struct EcCase {
    /// Its name in the index.
    pub name: String,
    /// The `lfs setstripe` command.
    pub command: String,
    /// File size, bytes.
    pub size: u64,
    /// Where the file holds keystream, (offset, length); it is 0 elsewhere.
    pub ranges: Vec<(u64, u64)>,
    /// SHA-256 in hex of the whole file, where it was recorded.
    pub file_sha256: Option<String>,
    /// The EA on the MDT after the resync.
    pub ea: Vec<u8>,
    /// The EA that a client saw before the resync, with stale parity.
    pub ea_stale: Vec<u8>,
    /// Mirror id of the parity.
    pub parity_mirror: u16,
    /// Bytes that reading the parity mirror gives.
    pub parity_len: u64,
    /// SHA-256 in hex of those bytes.
    pub parity_sha256: String,
    /// Its stripe units, in order.
    pub units: Vec<Unit>,
    /// Offsets of units where Lustre's resync left wrong bytes (a bug): the right ones are the
    /// code of the zero-padded stripes.
    pub wrong_units: Vec<u64>,
}

/// All cases of the index' part `ec`.
#[track_caller]
pub fn ec_cases() -> Vec<EcCase> {
    let crosscheck = text("crosscheck.txt");
    cases("ec").into_iter().map(|name| ec_case(name, &crosscheck)).collect()
}

fn ec_case(name: String, crosscheck: &str) -> EcCase {
    let read = |file: &str| text(&format!("ec/{name}/{file}"));
    let command = read("cmd.txt");
    let after = |key: &str| {
        let rest = command.split_once(key).unwrap_or_else(|| panic!("{name}: no {key}")).1;
        rest.lines().next().unwrap().to_owned()
    };
    let mut ranges = pairs(&after("file[i]=KS[i]: "));
    for punch in command.split("fallocate -p -o ").skip(1) {
        let words: Vec<&str> = punch.split([' ', ';', '\n']).collect();
        assert_eq!(words[1], "-l", "{name}: {punch}");
        punch_out(&mut ranges, words[0].parse().unwrap(), words[2].parse().unwrap());
    }
    let digests = read("parity-mirror2.sha256");
    let mut lines = digests.lines();
    let whole = lines.next().unwrap();
    let field = |line: &str, key: &str| {
        let rest = line.split_once(key).unwrap_or_else(|| panic!("{name}: {line}")).1;
        rest.split(' ').next().unwrap().to_owned()
    };
    let units: Vec<Unit> = lines
        .map(|line| Unit {
            offset: field(line, "off=").parse().unwrap(),
            len: field(line, "len=").parse().unwrap(),
            sha256: field(line, "sha256="),
        })
        .collect();
    assert!(!units.is_empty(), "{name}: no units");
    let wrong = crosscheck
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
        .unwrap_or_else(|| panic!("{name} is not in crosscheck.txt"));
    let wrong_units = wrong
        .rsplit_once('[')
        .map(|(_, list)| {
            list.trim_end_matches(']').split(", ").map(|word| word.parse().unwrap()).collect()
        })
        .unwrap_or_default();
    EcCase {
        size: after("\nsize=").parse().unwrap(),
        file_sha256: command
            .lines()
            .find_map(|line| line.strip_prefix("sha256(file)=").map(str::to_owned)),
        ea: hex(&read("ondisk-lov.hex")),
        ea_stale: hex(&read("lov-stale.hex")),
        parity_mirror: field(whole, "mirror ").trim_end_matches(':').parse().unwrap(),
        parity_len: field(whole, "bytes=").parse().unwrap(),
        parity_sha256: field(whole, "sha256="),
        command: command.lines().next().unwrap().to_owned(),
        ranges,
        units,
        wrong_units,
        name,
    }
}

/// `[(0, 6), (70000, 6)]`.
#[track_caller]
pub fn pairs(list: &str) -> Vec<(u64, u64)> {
    let inner = list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let numbers: Vec<u64> = inner
        .unwrap_or_else(|| panic!("no list: {list}"))
        .split([',', '(', ')', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().unwrap())
        .collect();
    assert!(numbers.len().is_multiple_of(2), "{list}");
    numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

fn punch_out(ranges: &mut Vec<(u64, u64)>, at: u64, len: u64) {
    let (start, end) = (at, at + len);
    *ranges = ranges
        .iter()
        .flat_map(|&(offset, len)| {
            let stop = offset + len;
            [(offset, stop.min(start)), (offset.max(end), stop)]
        })
        .filter(|(from, to)| from < to)
        .map(|(from, to)| (from, to - from))
        .collect();
}
