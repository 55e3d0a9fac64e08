//! `lustrine layout draw`, `layout show` in its forms, `plan loss` and `ec calc`.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path)
}

fn ea(name: &str) -> String {
    golden(&format!("layouts/{name}/lov.hex")).to_str().unwrap().to_owned()
}

fn lustrine(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lustrine"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Standard output of a command that ends with this code.
#[track_caller]
fn ends(code: i32, args: &[&str], input: &str) -> String {
    let out = lustrine(args, input);
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {stderr}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn all_forms_of_getstripe() {
    for name in ["ec-c8-4p2", "pfl3-partial", "plain-4", "hsm-released"] {
        let ondisk = golden(&format!("layouts/{name}/ondisk-lov.hex"));
        let recorded =
            |file: &str| fs::read_to_string(golden(&format!("layouts/{name}/{file}"))).unwrap();
        let ondisk = ondisk.to_str().unwrap();
        assert_eq!(ends(0, &["layout", "show", ondisk, "--yaml"], ""), recorded("getstripe.yaml"));
        // What was printed as YAML can be shown as text.
        let text = ends(0, &["layout", "show", "-", "--brief"], &recorded("getstripe.yaml"));
        let brief = ends(0, &["layout", "show", ondisk, "--brief"], "");
        let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
        assert_eq!(body(&text), body(&brief), "{name}");
        assert!(!brief.contains("lmm_magic") && !brief.contains("lcm_size"), "{brief}");
    }
    // A client's attribute and the file's FID give the text of the MDT's.
    let verbose = fs::read_to_string(golden("layouts/ec-c8-4p2/getstripe.txt")).unwrap();
    let fid = verbose.lines().find_map(|line| line.trim().strip_prefix("lmm_fid:")).unwrap().trim();
    let shown = ends(0, &["layout", "show", &ea("ec-c8-4p2"), "--fid", fid], "");
    assert_eq!(shown.split_once('\n').unwrap().1, verbose.split_once('\n').unwrap().1);
    // A fault in YAML is pointed at.
    let out = lustrine(&["layout", "show", "-"], "lcm_layout_gen: 1\nlcm_mirror_count: x\n");
    let fault = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1));
    assert!(fault.contains("line 1, column 1") && fault.contains("\n^"), "{fault}");
}

#[test]
fn drawings() {
    let ea = ea("ec-c11-4p2");
    let text = ends(0, &["layout", "draw", &ea, "--byte", "137M"], "");
    assert!(text.contains("component 0, stripe 1: OST 1 [0x280000400:0xf:0x0], byte 13631488"));
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal");
    let colored = ends(0, &["layout", "draw", &ea, "--color", "always"], "");
    assert!(colored.contains("\u{1b}[38;5;"));
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("p.svg");
    let path = file.to_str().unwrap();
    assert_eq!(ends(0, &["layout", "draw", &ea, "--svg", path, "--byte", "1"], ""), "");
    let svg = fs::read_to_string(&file).unwrap();
    assert_eq!(ends(0, &["layout", "draw", &ea, "--svg", "-", "--byte", "1"], ""), svg);
    let doc = ends(0, &["layout", "draw", &ea, "--byte", "137M", "--json"], "");
    let doc: Value = serde_json::from_str(&doc).unwrap();
    let place = &doc["byte"]["places"][0];
    assert_eq!(
        (&place["data"]["ost"], &place["data"]["object_offset"]),
        (&1.into(), &13_631_488.into())
    );
    assert_eq!(place["parity"].as_array().unwrap().len(), 2);
    assert_eq!(place["data"]["stale"], false);
    assert!(place["parity"].as_array().unwrap().iter().all(|byte| byte["stale"].is_boolean()));
    ends(2, &["layout", "draw", &ea, "--width", "10"], "");
    ends(2, &["layout", "draw", &ea, "--svg", "-", "--json"], "");
    ends(1, &["layout", "draw", &ea, "--svg", "/nonexistent/p.svg"], "");
}

/// The keys of `layout show --json` are those of the page in the documentation.
#[test]
fn the_json_is_as_documented() {
    let page = fs::read_to_string(golden("../../src/docs/layouts.md")).unwrap();
    let known = |key: &str| page.contains(&format!("`{key}`"));
    for name in ["ec-c8-4p2", "plain-4", "foreign-symlink", "dom", "dir-ec"] {
        let doc = ends(0, &["layout", "show", &ea(name), "--json"], "");
        let doc: Value = serde_json::from_str(&doc).unwrap();
        for (key, value) in doc.as_object().unwrap() {
            assert!(known(key), "{key}");
            for component in value.as_array().into_iter().flatten() {
                for key in component.as_object().unwrap().keys() {
                    assert!(known(key), "{key}");
                }
            }
        }
    }
}

#[test]
fn losses_of_many_files() {
    let hex =
        |name: &str| fs::read_to_string(ea(name)).unwrap().split_whitespace().collect::<String>();
    let list = format!(
        "# attribute size name\n{} 8388608 plain\n{} 67108864 ec file\n\n{}\n",
        hex("plain-4"),
        hex("ec-c11-4p2"),
        hex("ec-c11-4p2")
    );
    // plain-4 is on OSTs 3 to 6, ec-c11-4p2's sets on 0-3+12,13, 4-7+14,15, 8-10+11,0.
    let run = |ost: &str, code: i32| -> Value {
        let args =
            ["plan", "loss", "--ost", ost, "--list", "-", "--json", "--osts", "16", "--rate", "1M"];
        serde_json::from_str(&ends(code, &args, &list)).unwrap()
    };
    let none = run("99", 0);
    assert_eq!((&none["safe"], &none["files"]), (&3.into(), &Value::Array(vec![])));
    let one = run("1", 3);
    assert_eq!(
        (&one["safe"], &one["degraded"], &one["sizes_unknown"]),
        (&1.into(), &2.into(), &1.into())
    );
    // Two rows of 44 MiB: the lost stripe holds 8 MiB; three others and a parity are read.
    assert_eq!((&one["read"], &one["rewrite"]), (&(32u64 << 20).into(), &(8u64 << 20).into()));
    let seconds = one["seconds"].as_f64().unwrap();
    assert!((seconds - (8.0 + 8.0 / 15.0)).abs() < 1e-9, "{seconds}");
    let two = run("1-2", 3);
    assert_eq!((&two["critical"], &two["files"][0]["class"]), (&2.into(), &"critical".into()));
    let three = run("1-3", 4);
    assert_eq!((&three["lost"], &three["critical"]), (&3.into(), &0.into()));
    let named = three["files"].as_array().unwrap().iter().find(|file| file["name"] == "ec file");
    let range = &named.unwrap()["lost"][0];
    assert_eq!(
        (&range["component"], &range["stripes"]),
        (&0.into(), &serde_json::json!([1, 2, 3]))
    );

    let text = ends(3, &["plan", "loss", "--ost", "1,2", "--list", "-"], &list);
    assert!(text.contains("critical             2"), "{text}");
    assert!(text.contains("must not fail as well"), "{text}");
    // Folders, and what is no layout in them.
    let dir = tempfile::TempDir::new().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::copy(ea("plain-4"), dir.path().join("sub/a")).unwrap();
    fs::write(dir.path().join("b"), "no layout").unwrap();
    let out = lustrine(&["plan", "loss", "--ost", "99", dir.path().to_str().unwrap()], "");
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stdout).contains("1 files"));
    assert!(String::from_utf8_lossy(&out.stderr).contains("/b: "));
    ends(2, &["plan", "loss", "--ost", "1"], "");
    let bad = format!("{} many name\n", hex("plain-4"));
    let out = lustrine(&["plan", "loss", "--ost", "1", "--list", "-"], &bad);
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("name: expected the file's size, got 'many'")
    );
}

/// Lines and files that cannot be read are counted, and the others looked at.
#[test]
fn the_run_goes_on_past_what_cannot_be_read() {
    let hex = fs::read_to_string(ea("plain-4")).unwrap().split_whitespace().collect::<String>();
    let long = "0".repeat(300 << 10);
    let list = format!(
        "{hex}\t8388608  \t a\u{1b}[31mb  c \n{long}\n \t# no layout\n{hex} 5 last\r\n{long}"
    );
    let out = lustrine(&["plan", "loss", "--ost", "3", "--list", "-", "--json"], &list);
    assert_eq!(out.status.code(), Some(4), "plain-4 is on OSTs 3 to 6");
    let doc: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&doc["lost"], &doc["unreadable"]), (&2.into(), &2.into()));
    let names: BTreeSet<&str> = doc["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a\u{1b}[31mb  c ", "last"].into());
    let notes = String::from_utf8(out.stderr).unwrap();
    assert!(notes.contains("line 2: 262144 bytes or more"), "{notes}");
    assert!(notes.contains("line 5: 262144 bytes or more"), "{notes}");
    let text = ends(4, &["plan", "loss", "--ost", "3", "--list", "-"], &list);
    assert!(text.contains("a\\u{1b}[31mb  c ") && !text.contains('\u{1b}'), "{text}");
    let text = ends(0, &["plan", "loss", "--ost", "99", "--list", "-"], &format!("{hex}\n"));
    assert!(text.contains("1 files") && !text.contains("undecided"), "{text}");
    // Without a size the end of what is lost is not known.
    let args = ["plan", "loss", "--ost", "3", "--list", "-"];
    let text = ends(4, &args, &format!("{hex}\n"));
    assert!(text.contains("..EOF: "), "{text}");
    let doc = ends(4, &[&args[..], &["--json"]].concat(), &format!("{hex}\n"));
    let doc: Value = serde_json::from_str(&doc).unwrap();
    assert_eq!(doc["files"][0]["lost"][0]["end"], Value::Null);
}

#[cfg(unix)]
#[test]
fn folders_are_read_as_far_as_they_can_be() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::TempDir::new().unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff\x1b");
    fs::copy(ea("plain-4"), dir.path().join(odd)).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    let path = dir.path().to_str().unwrap();
    let out = lustrine(&["plan", "loss", "--ost", "99", path, "/nonexistent\u{7}"], "");
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stdout).contains("1 files"));
    let notes = String::from_utf8(out.stderr).unwrap();
    assert!(notes.contains("/link: neither a file nor a folder"), "{notes}");
    assert!(notes.contains("/nonexistent\\u{7}: opening: "), "{notes}");
    // What YAML holds does not reach the terminal as it is.
    let yaml = "lmm_stripe_count: 1\nlmm_stripe_size: \u{1b}[31mx\n";
    let out = lustrine(&["layout", "show", "-"], yaml);
    assert_eq!(out.status.code(), Some(1));
    let fault = String::from_utf8(out.stderr).unwrap();
    assert!(!fault.contains('\u{1b}') && fault.contains("\n"), "{fault}");
}

#[test]
fn codes_are_calculated() {
    let args = ["ec", "calc", "--ec", "8+2", "--stripes", "20", "--osts", "96", "--domains", "8"];
    let text = ends(0, &args, "");
    for part in
        ["2 x 7+2, 1 x 6+2", "30.0 %", "3.00 x", "any 2 OSTs", "any 1 of 8 domains", "model: "]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let doc: Value =
        serde_json::from_str(&ends(0, &[&args[..], &["--json"]].concat(), "")).unwrap();
    assert_eq!((&doc["tolerated_osts"], &doc["tolerated_domains"]), (&2.into(), &1.into()));
    assert_eq!(doc["overhead"], 0.3);
    let refused = |args: &[&str]| String::from_utf8(lustrine(args, "").stderr).unwrap();
    let none = refused(&["ec", "calc", "--ec", "255+15", "--stripes", "255", "--osts", "500"]);
    assert!(none.contains("k + p <= 256"), "{none}");
    let soon = [&args[..], &["--mttf", "24"]].concat();
    assert!(ends(0, &soon, "").contains(" hours; all 96 OSTs"));
    let few = refused(&["ec", "calc", "--ec", "8+2", "--stripes", "8", "--osts", "9"]);
    assert!(few.contains("OST"), "{few}");
    let text = refused(&["ec", "calc", "--ec", "8-2", "--stripes", "8", "--osts", "9"]);
    assert!(text.contains("expected a code, as 8+2"), "{text}");
    ends(2, &["ec", "calc", "--ec", "8+2", "--stripes", "8", "--osts", "16", "--mttf", "0"], "");
}
