//! The command as a user runs it: exit codes, messages, and every byte.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a store and a file to stripe.
struct Bench {
    dir: TempDir,
    bytes: Vec<u8>,
}

fn lustrine(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lustrine")).args(args).stdin(Stdio::null()).output().unwrap()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 7u64;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8 | 1
        })
        .collect()
}

impl Bench {
    fn new(len: usize, options: &str) -> Self {
        let bench = Self { dir: TempDir::new().unwrap(), bytes: noise(len) };
        fs::write(bench.path("in"), &bench.bytes).unwrap();
        let out = bench.run(&["stripe", &bench.text("in"), "--layout", options, "--name", "f"]);
        bench.expect(&out, 0);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Runs a verb on the store.
    fn run(&self, args: &[&str]) -> Output {
        let store = self.text("store");
        lustrine(&[args, &["--store", &store]].concat())
    }

    #[track_caller]
    fn expect(&self, out: &Output, code: i32) {
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{text}{}", String::from_utf8_lossy(&out.stdout));
    }

    fn json(&self, args: &[&str], code: i32) -> Value {
        let out = self.run(&[args, &["--json"]].concat());
        self.expect(&out, code);
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// OSTs of a component of file `f`.
    fn osts(&self, component: usize) -> Vec<u64> {
        let ea = self.text("store/mdt/f/trusted.lov");
        let layout: Value =
            serde_json::from_slice(&lustrine(&["layout", "show", &ea, "--json"]).stdout).unwrap();
        let objects = layout["components"][component]["objects"].as_array().unwrap();
        objects.iter().map(|o| o["ost"].as_u64().unwrap()).collect()
    }

    /// The file of an object of `f`.
    fn object(&self, component: usize, stripe: usize) -> PathBuf {
        let ost = self.osts(component)[stripe];
        let root = self.path(&format!("store/ost{ost:04x}/O"));
        let find = |folder: &Path| fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        find(&root)
            .flat_map(|seq| fs::read_dir(seq).unwrap().map(|e| e.unwrap().path()))
            .filter(|p| p.is_dir())
            .flat_map(|d| fs::read_dir(d).unwrap().map(|e| e.unwrap().path()))
            .next()
            .unwrap()
    }
}

fn list(osts: &[u64]) -> String {
    osts.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

const K: usize = 1024;

#[test]
fn two_of_eight_plus_two_are_lost_and_nothing_is() {
    let b = Bench::new(3 * 512 * K + 777, "-E -1 -S 64K -c 8 --ec 8+2");
    let (data, parity) = (b.osts(0), b.osts(1));
    let all: Vec<u64> = data.iter().chain(&parity).copied().collect();
    for i in 0..all.len() {
        for j in 0..i {
            let without = list(&[all[i], all[j]]);
            let out = b.run(&["cat", "f", "--without", &without]);
            b.expect(&out, 0);
            assert!(out.stdout == b.bytes, "without {without}");
        }
    }
    let out = b.run(&["cat", "f", "-o", &b.text("out"), "--without", &list(&data[..2])]);
    b.expect(&out, 0);
    assert!(fs::read(b.path("out")).unwrap() == b.bytes);
    let out = b.run(&["cat", "f", "--range", "100..600K"]);
    b.expect(&out, 0);
    assert!(out.stdout == b.bytes[100..600 * K]);
}

#[test]
fn three_lost_osts_are_named_range_by_range() {
    let b = Bench::new(2 * 512 * K, "-E -1 -S 64K -c 8 --ec 8+2");
    let data = b.osts(0);
    let without = list(&[data[1], data[2], data[5]]);
    let doc = b.json(&["cat", "f", "-o", &b.text("out"), "--without", &without], 4);
    assert!(!b.path("out").exists(), "nothing half-written under the final name");
    assert_eq!(doc["report"]["withheld"], 6 * 64 * K);
    let lost: Vec<(u64, u64)> = doc["report"]["ranges"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["given"] == false)
        .map(|r| (r["start"].as_u64().unwrap() >> 16, r["end"].as_u64().unwrap() >> 16))
        .collect();
    assert_eq!(lost, [(1, 3), (5, 6), (9, 11), (13, 14)]);
    // The stream ends before the first lost byte; a partial output has holes instead.
    let out = b.run(&["cat", "f", "--without", &without]);
    b.expect(&out, 4);
    assert!(out.stdout == b.bytes[..64 * K]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("65536..196608 (128 KiB): lost"));
    let out = b.run(&["cat", "f", "--partial", "-o", &b.text("out"), "--without", &without]);
    b.expect(&out, 4);
    let mut expected = b.bytes.clone();
    for (from, to) in lost {
        expected[(from << 16) as usize..(to << 16) as usize].fill(0);
    }
    assert!(fs::read(b.path("out")).unwrap() == expected);
    let out = b.run(&["verify", "f", "--without", &without]);
    b.expect(&out, 4);
    let before = fs::read(b.path("store/mdt/f/trusted.lov")).unwrap();
    let out = b.run(&["rebuild", "f", "--without", &without]);
    b.expect(&out, 4);
    assert!(fs::read(b.path("store/mdt/f/trusted.lov")).unwrap() == before);
}

#[test]
fn damage_is_found_rebuilt_and_gone() {
    let b = Bench::new(900_001, "-E 256K -S 64K -c 2 --ec 2+1 -E -1 -S 64K -c 4 --ec 4+2");
    b.expect(&b.run(&["verify", "f"]), 0);
    // An object vanishes.
    fs::remove_file(b.object(0, 1)).unwrap();
    let doc = b.json(&["verify", "f"], 3);
    assert_eq!(doc["report"]["damage"][0]["what"], "missing");
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 0);
    assert!(out.stdout == b.bytes);
    let doc = b.json(&["rebuild", "f"], 0);
    assert_eq!(doc["objects"].as_array().unwrap().len(), 1);
    b.expect(&b.run(&["verify", "f"]), 0);
    // A byte rots: verify says where, and a resync (the data is right) repairs parity.
    let parity = b.object(3, 0);
    let mut bytes = fs::read(&parity).unwrap();
    // (Objects are sparse at the front: striping counts from file offset 0.)
    let last = bytes.iter().rposition(|b| *b != 0).unwrap();
    bytes[last] ^= 1;
    fs::write(&parity, bytes).unwrap();
    let out = b.run(&["verify", "f"]);
    b.expect(&out, 3);
    assert!(String::from_utf8_lossy(&out.stdout).contains("contradicted"));
    b.expect(&b.run(&["resync", "f"]), 0);
    b.expect(&b.run(&["verify", "f"]), 0);
    let out = b.run(&["rebuild", "f"]);
    b.expect(&out, 0);
    assert!(String::from_utf8_lossy(&out.stdout).contains("nothing to rebuild"));
}

#[test]
fn a_whole_ost_is_rebuilt_onto_the_ones_given() {
    let b = Bench::new(1_000_000, "-E -1 -S 64K -c 4 --ec 4+2");
    let lost = b.osts(0)[2];
    let used: Vec<u64> = [b.osts(0), b.osts(1)].concat();
    let free = (0..16).find(|o| !used.contains(o)).unwrap();
    fs::remove_dir_all(b.path(&format!("store/ost{lost:04x}"))).unwrap();
    let out = b.run(&["rebuild", "f", "--onto", &list(&[used[0]])]);
    b.expect(&out, 1);
    assert!(String::from_utf8_lossy(&out.stderr).contains("no OST is left"));
    b.expect(&b.run(&["rebuild", "f", "--onto", &free.to_string()]), 0);
    assert_eq!(b.osts(0)[2], free);
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 0);
    assert!(out.stdout == b.bytes);
    b.expect(&b.run(&["verify", "f"]), 0);
}

#[test]
fn reports_tell_what_was_proved() {
    let b = Bench::new(512 * K, "-E -1 -S 64K -c 8 --ec 8+2");
    let data = b.osts(0);
    let report = |without: &[u64]| {
        let doc =
            b.json(&["cat", "f", "--report", "-o", &b.text("out"), "--without", &list(without)], 0);
        doc["report"]["bytes"].clone()
    };
    assert_eq!(report(&[])["proven"], 512 * K);
    assert_eq!(report(&data[..1])["proven"], 512 * K);
    let two = report(&data[..2]);
    assert_eq!((&two["consistent"], &two["stored"]), (&(128 * K).into(), &(384 * K).into()));
}

#[test]
fn parity_that_nobody_vouches_for_is_not_used() {
    let b = Bench::new(256 * K, "-E -1 -S 64K -c 4 --ec 4+2");
    let lost = b.osts(0)[0].to_string();
    // As if Lustre had written it, and never the parity.
    fs::remove_file(b.path("store/mdt/f/covered")).unwrap();
    fs::remove_file(b.path("store/mdt/f/sized")).unwrap();
    for stripe in 0..2 {
        let parity = b.object(1, stripe);
        fs::write(&parity, b"").unwrap();
    }
    let out = b.run(&["cat", "f", "--without", &lost]);
    b.expect(&out, 4);
    assert!(String::from_utf8_lossy(&out.stderr).contains("unprovable"));
    assert!(out.stdout.is_empty());
}

#[test]
fn holes_stay_holes() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sparse");
    let file = fs::File::create(&path).unwrap();
    file.set_len(3 << 30).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &noise(70_000), (2 << 30) + 12_345).unwrap();
    drop(file);
    let store = dir.path().join("store");
    let (path, store) = (path.to_str().unwrap(), store.to_str().unwrap());
    let run = |args: &[&str], code| {
        let out = lustrine(&[args, &["--store", store]].concat());
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{text}");
        out
    };
    run(&["stripe", path, "--layout", "-E -1 -S 1M -c 8 --ec 8+2"], 0);
    let blocks = |folder: &Path| -> u64 {
        let mut sum = 0;
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.metadata().unwrap() {
                    meta if meta.is_dir() => folders.push(entry.path()),
                    meta => sum += meta.blocks() * 512,
                }
            }
        }
        sum
    };
    assert!(blocks(Path::new(store)) < 1 << 20, "{} bytes on disk", blocks(Path::new(store)));
    run(&["verify", "sparse"], 0);
    let out = dir.path().join("out");
    run(&["cat", "sparse", "-o", out.to_str().unwrap(), "--without", "0"], 0);
    let (a, b) = (fs::metadata(path).unwrap(), fs::metadata(&out).unwrap());
    assert_eq!(a.len(), b.len());
    assert!(b.blocks() < 1000, "{} blocks", b.blocks());
    let read = |path: &Path| {
        let mut bytes = vec![0; 200_000];
        let file = fs::File::open(path).unwrap();
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 2 << 30).unwrap();
        bytes
    };
    assert!(read(Path::new(path)) == read(&out));
}

#[test]
fn bad_input_is_named() {
    let b = Bench::new(1000, "-E -1 -S 64K -c 4 --ec 4+2");
    let said = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    let out = b.run(&["cat", "g"]);
    b.expect(&out, 1);
    assert!(said(&out).contains("the store holds f"), "{}", said(&out));
    let out = b.run(&["stripe", &b.text("in"), "--name", "f", "--layout", "-c 1"]);
    b.expect(&out, 1);
    assert!(said(&out).contains("taken"));
    let out = b.run(&["stripe", &b.text("in"), "--name", "g", "--layout", "-E -1 -c 4 --ec 4+5"]);
    b.expect(&out, 1);
    assert!(said(&out).contains("^^^"), "{}", said(&out));
    let out = b.run(&[
        "stripe",
        &b.text("in"),
        "--name",
        "g",
        "--layout",
        "-E -1 -c 16 --ec 16+2",
        "--osts",
        "16",
    ]);
    b.expect(&out, 1);
    let out = b.run(&["stripe", &b.text("in"), "--name", "../g", "--layout", "-c 1"]);
    b.expect(&out, 1);
    for (args, text) in [
        (&["cat", "f", "--range", "0..2000"][..], "does not lie in the file's 1000 bytes"),
        (&["rebuild", "f", "--without", "3", "--onto", "77"], "OST 77 is not there"),
    ] {
        let out = b.run(args);
        b.expect(&out, 1);
        assert!(said(&out).contains(text), "{}", said(&out));
    }
    for args in [
        &["cat", "f", "--range", "7..3"][..],
        &["cat", "f", "--range", "x"],
        &["cat", "f", "--json"],
        &["--threads", "0", "ls"],
    ] {
        b.expect(&b.run(args), 2);
    }
    for args in [&["cat"][..], &["frobnicate"], &["verify", "f"], &["cat", "f", "--without", "x"]] {
        assert_eq!(lustrine(args).status.code(), Some(2), "{args:?}");
    }
    // A damaged namespace.
    fs::write(b.path("store/mdt/f/size"), "many").unwrap();
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 1);
    assert!(said(&out).contains("expected a size"), "{}", said(&out));
    fs::write(b.path("store/mdt/f/size"), "1000").unwrap();
    let ea = b.path("store/mdt/f/trusted.lov");
    let bytes = fs::read(&ea).unwrap();
    fs::write(&ea, &bytes[..bytes.len() - 10]).unwrap();
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 1);
    assert!(said(&out).contains("at byte"), "{}", said(&out));
}

#[test]
fn outputs_replace_files_only() {
    let b = Bench::new(1000, "-E -1 -S 64K -c 4 --ec 4+2");
    // A link is followed; what it leads to is replaced.
    fs::write(b.path("target"), "old").unwrap();
    std::os::unix::fs::symlink(b.path("target"), b.path("link")).unwrap();
    b.expect(&b.run(&["cat", "f", "-o", &b.text("link")]), 0);
    assert!(b.path("link").is_symlink());
    assert!(fs::read(b.path("target")).unwrap() == b.bytes);
    // A device is not.
    let socket = std::os::unix::net::UnixListener::bind(b.path("socket")).unwrap();
    let out = b.run(&["cat", "f", "-o", &b.text("socket")]);
    b.expect(&out, 1);
    assert!(String::from_utf8_lossy(&out.stderr).contains("not a regular file"));
    drop(socket);
    // Nor does something that is no file pass for an object, or make the command wait.
    let object = b.object(0, 0);
    fs::remove_file(&object).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&object).unwrap();
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 0);
    assert!(out.stdout == b.bytes);
}

#[test]
fn bytes_that_no_component_covers_are_refused() {
    let b = Bench::new(1000, "-c 1");
    fs::write(b.path("in"), noise(2_000_000)).unwrap();
    let out = b.run(&["stripe", &b.text("in"), "--name", "g", "--layout", "-E 1M -S 64K -c 4"]);
    b.expect(&out, 1);
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(text.contains("no component of the layout covers byte 1048576"), "{text}");
    b.expect(&b.run(&["cat", "g"]), 1);
}

#[test]
fn a_cut_object_is_noticed_after_a_resync_too() {
    let b = Bench::new(400_000, "-E -1 -S 64K -c 4 --ec 4+2");
    // As after a resync that was killed: nobody vouches for the parity, until it is verified.
    fs::remove_file(b.path("store/mdt/f/covered")).unwrap();
    b.expect(&b.run(&["resync", "f"]), 0);
    fs::remove_file(b.path("store/mdt/f/covered")).unwrap();
    b.expect(&b.run(&["verify", "f"]), 0);
    let object = fs::File::options().write(true).open(b.object(0, 1)).unwrap();
    object.set_len(5000).unwrap();
    let out = b.run(&["cat", "f"]);
    b.expect(&out, 0);
    assert!(out.stdout == b.bytes);
    assert!(String::from_utf8_lossy(&out.stderr).contains("cut short"));
}

#[test]
fn files_come_and_go() {
    let b = Bench::new(100_000, "-E -1 -S 64K -c 4 --ec 4+2");
    let doc = b.json(&["ls"], 0);
    assert_eq!(doc["files"][0]["name"], "f");
    assert_eq!(doc["files"][0]["tolerated_ost_failures"], 2);
    let object = b.object(0, 0);
    b.expect(&b.run(&["rm", "f"]), 0);
    assert!(!object.exists());
    b.expect(&b.run(&["cat", "f"]), 1);
    // The empty file is a file too.
    fs::write(b.path("in"), "").unwrap();
    b.expect(&b.run(&["stripe", &b.text("in"), "--layout", "-E -1 -S 64K -c 4 --ec 4+2"]), 0);
    let out = b.run(&["cat", "in"]);
    b.expect(&out, 0);
    assert!(out.stdout.is_empty());
    b.expect(&b.run(&["verify", "in"]), 0);
}

#[test]
fn the_demo_tells_the_whole_story() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, noise(3_000_000)).unwrap();
    let layout = "-E 512K -S 64K -c 4 --ec 4+2 -E -1 -S 64K -c 8 --ec 8+2";
    let out = lustrine(&["demo", file.to_str().unwrap(), "--layout", layout]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&out.stderr));
    for words in ["taken away", "SHA-256 matches", "rebuilt", "exit with 4", "byte for byte"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let out = lustrine(&["demo", file.to_str().unwrap(), "--json"]);
    let doc: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &doc["matches"]), (Some(0), &true.into()));
}
