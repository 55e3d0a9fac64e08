//! `lustrine layout make`, `check`, `edit` and `join`.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn golden(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path);
    path.to_str().unwrap().to_owned()
}

fn lustrine(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lustrine")).args(args).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let out = lustrine(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

#[track_caller]
fn refused(args: &[&str], code: i32) -> String {
    let out = lustrine(args);
    assert_eq!(out.status.code(), Some(code), "{args:?}");
    String::from_utf8(out.stderr).unwrap()
}

/// The packed blob of a request without parity bytes that leak.
fn packed(name: &str) -> String {
    let text = fs::read_to_string(golden(&format!("layouts/{name}/setstripe-packed.txt"))).unwrap();
    let lines = text.split_once("xattr lustre.lov").unwrap().1.lines().skip(1);
    lines.take_while(|line| line.chars().all(|c| c.is_ascii_hexdigit())).collect()
}

/// A request as hex with the `lmm_oi` of its two sub-layouts of 32 bytes at 128 masked.
fn masked(hex: &str) -> String {
    let mut hex = hex.to_owned();
    for at in [128, 160] {
        hex.replace_range(2 * (at + 8)..2 * (at + 24), &"0".repeat(32));
    }
    hex
}

#[test]
fn requests_are_made() {
    let ours = good(&["layout", "make", "-E -1 -c 8 --ec 4+2"]);
    assert_eq!(ours, masked(&packed("ec-c8-4p2")));
    let ours = good(&["layout", "make", "--mirror", "-N --flags=prefer -c 1 -N -c 2"]);
    assert_eq!(ours, masked(&packed("flr2-prefer")));
    let doc: Value =
        serde_json::from_str(&good(&["layout", "make", "-E EOF -c 8 --ec 8:2", "--json"])).unwrap();
    assert_eq!(doc["options"], "--ec 8+2");
    assert_eq!(doc["stored"], Value::Null);
    let shortest =
        good(&["layout", "make", "--options-only", "--component-end 4M -c 1 -E -1 -c 1"]);
    assert_eq!(shortest, "-E 4M -c 1 -E -1");
    // Errors show the place.
    let error = refused(&["layout", "make", "-E 4M -S 100000"], 1);
    assert!(error.contains("-E 4M -S 100000\n         ^^^^^^\n"), "{error}");
}

#[test]
fn layouts_are_made_checked_and_changed() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (ea, other, off) = (path("ea"), path("other"), path("off"));
    let make = ["layout", "make", "-c 8 --ec 4+2 -p fast", "--osts", "16", "--pool", "fast=0-9"];
    good(&[&make[..], &["--domains", "8", "-o", &ea]].concat());
    assert_eq!(good(&["layout", "check", &ea]), format!("{ea}: nothing wrong"));
    let few = [&make[..], &["--domains", "5"]].concat();
    assert!(refused(&few, 1).contains("6 members of a RAID set cannot be kept apart in 5"));
    let shown = good(&["layout", "show", &ea]);
    assert!(shown.contains("lmm_pool:          fast") && shown.contains("init,parity"), "{shown}");
    // Parity that is marked stale, resynced, destroyed.
    good(&["layout", "edit", &ea, "stale", "2", "-o", &other]);
    assert!(good(&["layout", "show", &other]).contains("init,stale,parity"));
    good(&["layout", "edit", &other, "resync-done", "-o", &other]);
    assert!(!good(&["layout", "show", &other]).contains("stale"));
    assert!(refused(&["layout", "edit", &ea, "split", "2"], 1).contains("only be destroyed"));
    good(&["layout", "edit", &ea, "split", "2", "--destroy", "--to", &off, "-o", &other]);
    let text = good(&["layout", "check", &other]);
    assert!(text.contains("odd: at byte 74: component 0: protected by mirror 2"), "{text}");
    assert!(!Path::new(&path("nothing")).exists());
    // Flags and components.
    let flags = "--comp-set -I 0x10001 --comp-flags=nosync";
    good(&["layout", "edit", &other, "set", flags, "-o", &other]);
    assert!(good(&["layout", "show", &other]).contains("init,nosync"));
    let wrong = refused(&["layout", "edit", &other, "set", "--comp-set -I 1"], 1);
    assert!(wrong.contains("--comp-set needs --comp-flags"), "{wrong}");
    // A damaged attribute: all that is wrong, by code and place.
    let mut bytes = fs::read(&ea).unwrap();
    (bytes[12], bytes[14 * 16 + 8]) = (0, 0xff);
    fs::write(&other, &bytes).unwrap();
    let out = lustrine(&["layout", "check", &other, "--json"]);
    assert_eq!(out.status.code(), Some(1));
    let doc: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(doc[0]["findings"][0]["code"], -215);
    assert_eq!(doc[0]["findings"][0]["errno"], 22);
    assert_eq!(doc[0]["findings"][0]["offset"], 12);
}

#[test]
fn files_are_copied_and_joined() {
    let pfl = golden("layouts/pfl3-full/ondisk-lov.hex");
    let options = good(&["layout", "make", "--copy", &pfl, "--options-only"]);
    assert_eq!(options, "-E 1M -S 1M -c 1 -E 4M -S 4M -E -1 -c 8");
    let yaml = golden("layouts/flr3-pfl/getstripe.yaml");
    let text = good(&["layout", "make", "--yaml", &yaml, "--options-only"]);
    assert!(text.starts_with("-N -E 1M -S 1M -o 6 -E -1 -S 4M -o 12,13 -N "), "{text}");
    let parity = golden("layouts/ec-pfl/getstripe.yaml");
    assert!(refused(&["layout", "make", "--yaml", &parity], 1).contains("line 8: a template"));
    let (head, tail) = (format!("{pfl}:0..4M"), golden("layouts/plain-4/ondisk-lov.hex"));
    let joined = good(&["layout", "join", &head, &format!("{tail}:4M..")]);
    assert_eq!(good(&["layout", "check", &joined]), format!("{joined}: nothing wrong"));
    let error = refused(&["layout", "join", &head, &format!("{tail}:0..4M")], 1);
    assert!(
        error.contains("part 1: component 0: bytes from 0 on would move to 4194304"),
        "{error}"
    );
}
