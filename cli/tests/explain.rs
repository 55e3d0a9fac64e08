//! `lustrine bench ec --explain` as a user runs it.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::{Command, Output, Stdio};

fn explain(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lustrine"));
    command.args(["bench", "ec", "--seconds", "0.001", "--explain"]).args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let out = explain(args);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    text(&out.stdout)
}

#[test]
fn shows_the_plan_and_measures_it() {
    let shown = good(&["10+4,8+2", "--backend", "portable"]);
    for words in [
        "10+4 on portable",
        "8+2 on portable",
        "instead of 40",
        "pass 1",
        "0123456789",
        "parity  3",
        "direct",
        "The plan is",
        "at 64 KiB",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn smallest_and_largest_codes() {
    for (code, rows, columns) in
        [("1+1", 1, 1), ("2+1", 1, 2), ("255+1", 1, 50), ("241+15", 15, 50)]
    {
        let shown = good(&[code]);
        let lines: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("parity "))
            .map(|line| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()))
            .collect();
        assert_eq!(lines.len(), rows, "{shown}");
        let cells = |line: &&str| line.chars().filter(|cell| *cell != ' ').count();
        assert!(lines.iter().all(|line| cells(line) == columns), "{shown}");
    }
}

#[test]
fn programs_can_read_it() {
    let doc: Value = serde_json::from_str(&good(&["4+2,241+15", "--json"])).unwrap();
    let results = doc["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["backend"], doc["best"]);
    for (result, (k, p)) in results.iter().zip([(4, 2), (241, 15)]) {
        assert_eq!((&result["data"], &result["parity"]), (&k.into(), &p.into()));
        // Each row is computed once, and each from all data.
        let passes = result["passes"].as_array().unwrap();
        let list = |pass: &Value, name: &str| pass[name].as_array().unwrap().clone();
        let mut rows: Vec<u64> = passes
            .iter()
            .flat_map(|pass| [list(pass, "rows"), list(pass, "rows_beside")].concat())
            .map(|row| row.as_u64().unwrap())
            .collect();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..p));
        for pass in passes {
            let blocks = list(pass, "blocks");
            let columns: usize = blocks.iter().map(|block| block.as_array().unwrap().len()).sum();
            assert_eq!(columns as u64, k);
        }
        let sizes = list(result, "measured");
        assert_eq!(sizes.iter().map(|m| &m["shard_bytes"]).collect::<Vec<_>>(), [4096, 65536]);
        for ways in sizes.iter().map(|measured| list(measured, "ways")) {
            assert_eq!((&ways[0]["name"], &ways[1]["name"]), (&"plan".into(), &"direct".into()));
            assert!(ways.iter().all(|way| way["encode"].as_f64().unwrap() > 0.0));
            assert_eq!(ways[1]["to_direct"], 1.0);
        }
    }
}

#[test]
fn bad_input_is_named() {
    for (args, code, words) in [
        (&["8"][..], 1, "is not a code"),
        (&["8+16"], 1, "16"),
        (&["300+2"], 1, "300"),
        (&["8+2", "--backend", "abacus"], 1, "abacus"),
        (&["8+2", "--advise"], 2, "--advise"),
        (&["8+2", "--size", "4K"], 2, "--size"),
    ] {
        let out = explain(args);
        assert_eq!(out.status.code(), Some(code), "{args:?}");
        assert!(text(&out.stderr).contains(words), "{args:?}: {}", text(&out.stderr));
    }
}
