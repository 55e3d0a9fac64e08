//! `lustrine layout` and `lustrine parity` on what a real Lustre wrote.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path)
}

fn lustrine(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lustrine")).args(args).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let out = lustrine(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn every_golden_ea_is_shown() {
    let index: Value =
        serde_json::from_str(&fs::read_to_string(golden("index.json")).unwrap()).unwrap();
    let mut seen = 0;
    for part in ["layouts", "ec"] {
        for name in index[part].as_array().unwrap() {
            let name = name.as_str().unwrap();
            for form in ["lov.hex", "ondisk-lov.hex", "lov-stale.hex"] {
                let path = golden(&format!("{part}/{name}/{form}"));
                if !path.exists() {
                    assert_ne!(form, "lov.hex", "{part}/{name}");
                    continue;
                }
                seen += 1;
                let path = path.to_str().unwrap();
                let text = good(&["layout", "show", path]);
                assert!(text.contains("stripe_count:") || text.contains("lfm_"), "{path}: {text}");
                let doc: Value =
                    serde_json::from_str(&good(&["layout", "show", path, "--json"])).unwrap();
                assert!(doc["kind"].is_string(), "{path}");
            }
        }
    }
    assert!(seen > 150, "{seen} attributes");
}

#[test]
fn the_text_is_that_of_getstripe() {
    for name in ["ec-c8-4p2", "pfl3-partial", "flr2-resynced", "plain-4"] {
        let ondisk = golden(&format!("layouts/{name}/ondisk-lov.hex"));
        let ea = if ondisk.exists() { ondisk } else { golden(&format!("layouts/{name}/lov.hex")) };
        let ours = good(&["layout", "show", ea.to_str().unwrap()]);
        let theirs = fs::read_to_string(golden(&format!("layouts/{name}/getstripe.txt"))).unwrap();
        let body = |text: &str| text.split_once('\n').unwrap().1.trim_end().to_owned();
        assert_eq!(body(&ours), body(&theirs), "{name}");
    }
}

#[test]
fn every_form_of_an_ea_is_taken() {
    let hex = fs::read_to_string(golden("layouts/plain-4/lov.hex")).unwrap();
    let dir = tempfile::TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bytes = bytes_of(&hex);
    let one_line: String = hex.split_whitespace().collect();
    let dump = format!("# file: f\ntrusted.lov=0x{one_line}\n\n");
    let shown = |ea: &str| good(&["layout", "show", ea]).split_once('\n').unwrap().1.to_owned();
    let expected = shown(golden("layouts/plain-4/lov.hex").to_str().unwrap());
    assert_eq!(shown(&file("binary", &bytes)), expected);
    assert_eq!(shown(&file("dump", dump.as_bytes())), expected);
    assert_eq!(shown(&format!("0x{one_line}")), expected);
    // Damage is named with its place.
    for cut in [0, 3, 31, 40, bytes.len() - 1] {
        let out = lustrine(&["layout", "show", &file("cut", &bytes[..cut])]);
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{cut}");
        assert!(text.contains("byte") || text.contains("empty") || text.contains("hex"), "{text}");
    }
}

#[test]
fn a_range_is_mapped_to_objects() {
    let ea = golden("layouts/ec-c8-4p2-64K/lov.hex");
    let ea = ea.to_str().unwrap();
    let doc: Value =
        serde_json::from_str(&good(&["layout", "map", ea, "--range", "60K..200K", "--json"]))
            .unwrap();
    let extents = doc["extents"].as_array().unwrap();
    let field =
        |name: &str| -> Vec<u64> { extents.iter().map(|e| e[name].as_u64().unwrap()).collect() };
    assert_eq!(field("file_offset"), [60 << 10, 64 << 10, 128 << 10, 192 << 10]);
    assert_eq!(field("length"), [4 << 10, 64 << 10, 64 << 10, 8 << 10]);
    assert_eq!(field("object_offset"), [60 << 10, 0, 0, 0]);
    assert_eq!(field("stripe"), [0, 1, 2, 3]);
    // Parity has its own file space; far offsets are exact.
    let text = good(&["layout", "map", ea, "--mirror", "2", "--range", "7E..7E"]);
    assert_eq!(text.lines().count(), 1);
    let text = good(&["layout", "map", ea, "--range", "8000000000000000..8000000000000001"]);
    assert_eq!(text.lines().count(), 2, "{text}");
    let out = lustrine(&["layout", "map", ea, "--range", "0..1", "--mirror", "9"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("no mirror 9"));
    // Gaps are told, not skipped.
    let ea = golden("layouts/pfl3-partial/lov.hex");
    let text = good(&["layout", "map", ea.to_str().unwrap(), "--range", "0..1G"]);
    assert!(text.contains("no objects yet"), "{text}");
}

#[test]
fn parity_of_a_golden_file() {
    let dir = tempfile::TempDir::new().unwrap();
    // Six bytes of the keystream at 0, and nothing else: two parity units.
    let file = dir.path().join("six");
    fs::write(&file, [0xc6, 0xa1, 0x3b, 0x37, 0x87, 0x8f]).unwrap();
    let out = dir.path().join("parity");
    let ea = golden("ec/tiny-6B-c4-4p2-64K/lov.hex");
    good(&["parity", ea.to_str().unwrap(), file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    let parity = fs::read(&out).unwrap();
    assert_eq!(parity.len(), 2 * 65_536);
    // One stripe has data: its parities are that stripe times 0x47 and 0xa7.
    assert_eq!(parity[..3], [mul(0x47, 0xc6), mul(0x47, 0xa1), mul(0x47, 0x3b)]);
    assert_eq!(parity[65_536..65_538], [mul(0xa7, 0xc6), mul(0xa7, 0xa1)]);
    assert!(parity[6..65_536].iter().all(|b| *b == 0));
    let refused = |mirror: &str| {
        let out = lustrine(&[
            "parity",
            ea.to_str().unwrap(),
            file.to_str().unwrap(),
            "--mirror",
            mirror,
            "-o",
            out.to_str().unwrap(),
        ]);
        assert_eq!(out.status.code(), Some(1));
        String::from_utf8(out.stderr).unwrap()
    };
    assert!(refused("1").contains("holds data, not parity"));
    assert!(refused("5").contains("no mirror 5"));
}

fn mul(a: u8, b: u8) -> u8 {
    (0..8).filter(|bit| b >> bit & 1 == 1).fold(0, |product, bit| {
        (0..bit).fold(a, |x, _| x << 1 ^ if x >= 0x80 { 0x1d } else { 0 }) ^ product
    })
}
