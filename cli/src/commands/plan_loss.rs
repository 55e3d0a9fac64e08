//! `lustrine plan loss`.

use crate::args::PlanLoss;
use crate::ea;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{Ui, escaped};
use lustrine::layout::EOF;
use lustrine::layout::analysis::{Class, Exposure, File, Summary};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Layouts that are looked at together: lines or paths.
const BATCH: usize = 8192;
/// Most bytes of the lines of a batch.
const BATCH_BYTES: usize = 16 << 20;
/// Longest line: an attribute has 64 KiB at most, in hex twice that, and a name.
const LINE: u64 = 256 << 10;
/// Errors that are printed; the rest is counted.
const ERRORS: usize = 10;

const CLASSES: [Class; 4] = [Class::Safe, Class::Degraded, Class::Critical, Class::Lost];

/// What was found so far.
struct Found {
    summary: Summary,
    errors: Vec<String>,
    failed: u64,
}

impl Found {
    fn new(most: usize) -> Found {
        Found { summary: Summary::new(most), errors: Vec::new(), failed: 0 }
    }

    fn merge(mut self, other: Found) -> Found {
        self.summary.merge(other.summary);
        self.failed += other.failed;
        let room = ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(other.errors.into_iter().take(room));
        self
    }

    /// Counts what could not be read.
    fn fail(&mut self, name: &str, error: impl Display) {
        self.failed += 1;
        if self.errors.len() < ERRORS {
            self.errors.push(format!("{}: {error}", escaped(name)));
        }
    }

    fn add(&mut self, name: &str, layout: Result<(Exposure, bool), String>, lost: &BTreeSet<u32>) {
        match layout {
            Ok((exposure, sized)) => self.summary.add(name, sized, &exposure.without(lost)),
            Err(error) => self.fail(name, error),
        }
    }
}

pub fn run(args: &PlanLoss, ui: &Ui) -> Result<Code, Failure> {
    if args.eas.is_empty() && args.list.is_none() {
        return Err(Failure::usage("no layouts: give attributes, folders of them, or --list FILE"));
    }
    let lost: BTreeSet<u32> = args.ost.0.iter().copied().collect();
    let most = args.most as usize;
    let mut found = Found::new(most);
    if let Some(list) = &args.list {
        found = found.merge(of_list(list, args, &lost)?);
    }
    found = found.merge(of_paths(&args.eas, args, &lost));
    for error in &found.errors {
        ui.note(error);
    }
    if found.failed > found.errors.len() as u64 {
        ui.note(format_args!(
            "{} more that could not be read",
            found.failed - found.errors.len() as u64
        ));
    }
    if ui.json() {
        ui.document(&document(&found, args, &lost));
    } else {
        ui.say(text(&found, args, &lost));
    }
    Ok(match () {
        () if found.summary.count(Class::Lost) > 0 => Code::Lost,
        () if found.failed > 0 || found.summary.undecided() > 0 => Code::Input,
        () if CLASSES[1..3].iter().any(|class| found.summary.count(*class) > 0) => Code::Repairable,
        () => Code::Clean,
    })
}

/// Layouts in lines, a batch at a time.
fn of_list(list: &Path, args: &PlanLoss, lost: &BTreeSet<u32>) -> Result<Found, Failure> {
    let failed = |error| Failure::of(list.display(), error);
    let mut source: Box<dyn BufRead> = if list == Path::new("-") {
        Box::new(BufReader::with_capacity(1 << 20, std::io::stdin().lock()))
    } else {
        Box::new(BufReader::with_capacity(1 << 20, std::fs::File::open(list).map_err(failed)?))
    };
    let mut found = Found::new(args.most as usize);
    let mut number = 0;
    loop {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let mut line = Vec::new();
            (&mut source).take(LINE).read_until(b'\n', &mut line).map_err(failed)?;
            if line.is_empty() {
                break;
            }
            number += 1;
            if line.len() as u64 == LINE {
                if !line.ends_with(b"\n") {
                    source.skip_until(b'\n').map_err(failed)?;
                }
                let fault = format_args!("{LINE} bytes or more: this is no layout");
                found.fail(&format!("line {number}"), fault);
                continue;
            }
            bytes += line.len();
            batch.push((number, line));
        }
        if batch.is_empty() {
            return Ok(found);
        }
        found = found.merge(each(&batch, args, |found, (number, line)| {
            let text = String::from_utf8_lossy(line);
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let (hex, rest) = word(text.strip_suffix('\r').unwrap_or(text));
            if hex.is_empty() || hex.starts_with('#') {
                return;
            }
            let (size, name) = word(rest);
            let size = (!size.is_empty()).then(|| {
                size.parse().map_err(|_| format!("expected the file's size, got '{size}'"))
            });
            let numbered = format!("line {number}");
            let name = if name.is_empty() { &numbered } else { name };
            let exposure = size.transpose().and_then(|size| {
                let (layout, size) = (ea::of_bytes(hex.as_bytes())?, size.or(args.size));
                Ok((Exposure::of(&layout, size), size.is_some()))
            });
            found.add(name, exposure, lost);
        }));
    }
}

/// The first word of a line, and what follows the white space behind it.
fn word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim_start())
}

/// Layouts in files, a batch at a time. What cannot be read is counted.
fn of_paths(paths: &[PathBuf], args: &PlanLoss, lost: &BTreeSet<u32>) -> Found {
    let mut found = Found::new(args.most as usize);
    let mut unread = Found::new(0);
    let mut batch = Vec::new();
    let mut look = |batch: &mut Vec<PathBuf>| {
        let some = each(batch, args, |found, path| {
            let exposure = ea::of_path(path).map(|layout| Exposure::of(&layout, args.size));
            found.add(
                &path.to_string_lossy(),
                exposure.map(|exposure| (exposure, args.size.is_some())),
                lost,
            );
        });
        let all = std::mem::replace(&mut found, Found::new(0));
        found = all.merge(some);
        batch.clear();
    };
    for path in paths {
        if !path.is_dir() {
            batch.push(path.clone());
            continue;
        }
        // Folders below it too.
        let mut folders = vec![path.clone()];
        while let Some(folder) = folders.pop() {
            let mut failed = |path: &Path, error: &dyn Display| {
                unread.fail(&path.to_string_lossy(), error);
            };
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    failed(&folder, &error);
                    continue;
                }
            };
            for entry in entries {
                let found = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
                match found {
                    Ok((path, kind)) if kind.is_dir() => folders.push(path),
                    Ok((path, kind)) if kind.is_file() => batch.push(path),
                    Ok((path, _)) => failed(&path, &"neither a file nor a folder"),
                    // A folder that cannot be read on has no further entries.
                    Err(error) => failed(&folder, &error),
                }
                if batch.len() == BATCH {
                    look(&mut batch);
                }
            }
        }
    }
    look(&mut batch);
    found.merge(unread)
}

/// Looks at a batch on all threads.
fn each<T: Sync>(batch: &[T], args: &PlanLoss, add: impl Fn(&mut Found, &T) + Sync) -> Found {
    let empty = || Found::new(args.most as usize);
    let fold = batch.par_iter().fold(empty, |mut found, one| {
        add(&mut found, one);
        found
    });
    fold.reduce(empty, Found::merge)
}

fn text(found: &Found, args: &PlanLoss, lost: &BTreeSet<u32>) -> String {
    let summary = &found.summary;
    let osts: Vec<String> = lost.iter().map(u32::to_string).collect();
    let classes: u64 = CLASSES.iter().map(|class| summary.count(*class)).sum();
    let total = classes + summary.undecided();
    let mut lines = vec![format!("without OST {}: {total} files", osts.join(", "))];
    for class in CLASSES.iter().rev() {
        let meaning = match class {
            Class::Safe => "lost nothing",
            Class::Degraded => "every byte is there, and any one more OST may fail",
            Class::Critical => "every byte is there, but one more OST may take some: repair first",
            Class::Lost => "bytes are gone",
        };
        lines.push(format!("  {class:<9} {:>12}  {meaning}", summary.count(*class)));
    }
    if summary.undecided() > 0 {
        let meaning = "could not be decided: too many patterns of what their mirrors have lost";
        lines.push(format!("  undecided {:>12}  {meaning}", summary.undecided()));
    }
    if summary.lost_bytes() > 0 {
        lines.push(format!("lost: {}", numbers::bytes(summary.lost_bytes())));
    }
    let (read, rewrite) = moved(summary);
    if read + rewrite > 0 {
        lines.push(format!(
            "repair: read {}, write {}",
            numbers::bytes(read),
            numbers::bytes(rewrite)
        ));
        if let Some((ost, bytes)) = summary.traffic().iter().max_by_key(|(_, bytes)| bytes.read) {
            lines.push(format!("  most from OST {ost}: {}", numbers::bytes(bytes.read)));
        }
        if let Some(seconds) = summary.seconds(args.osts, lost, args.rate as f64) {
            let rate = numbers::bytes(args.rate);
            lines.push(format!("  at {rate} a second and OST: {}", duration(seconds)));
        }
    }
    if summary.sizes_unknown() > 0 {
        let count = summary.sizes_unknown();
        lines.push(format!(
            "of {count} of these files the size is not known: they are in no amount"
        ));
    }
    let files = summary.files();
    if !files.is_empty() {
        lines.push("most urgent:".into());
    }
    for file in files {
        lines.push(format!("  {:<9} {}{}", class(file), escaped(&file.name), details(file)));
    }
    lines.join("\n")
}

/// How badly off a file is, in a word.
fn class(file: &File) -> String {
    if file.undecided { "undecided".into() } else { file.class().to_string() }
}

fn details(file: &File) -> String {
    let mut parts = Vec::new();
    if let Some(next) = file.next {
        parts.push(format!("OST {next} must not fail as well"));
    }
    for (start, end, component, stripes) in file.lost.iter().take(3) {
        let end = if *end == EOF { "EOF".into() } else { end.to_string() };
        let what = match component {
            None => "no mirror is up to date".to_string(),
            Some(component) => {
                let list: Vec<String> = stripes.iter().take(8).map(u32::to_string).collect();
                let more = if stripes.len() > 8 { ", ..." } else { "" };
                format!("component {component}, stripes {}{more}", list.join(", "))
            }
        };
        parts.push(format!("lost in {start}..{end}: {what}"));
    }
    if file.rewrite() > 0 {
        parts.push(format!("write {}", numbers::bytes(file.rewrite())));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

fn moved(summary: &Summary) -> (u64, u64) {
    summary.traffic().values().fold((0u64, 0u64), |(read, rewrite), bytes| {
        (read.saturating_add(bytes.read), rewrite.saturating_add(bytes.rewrite))
    })
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn document(found: &Found, args: &PlanLoss, lost: &BTreeSet<u32>) -> Value {
    let summary = &found.summary;
    let files: Vec<Value> = summary
        .files()
        .iter()
        .map(|file| {
            let ranges: Vec<Value> = file
                .lost
                .iter()
                .map(|(start, end, component, stripes)| {
                    let end = if *end == EOF { Value::Null } else { (*end).into() };
                    json!({
                        "start": start,
                        "end": end,
                        "component": component,
                        "stripes": stripes,
                    })
                })
                .collect();
            json!({
                "name": file.name,
                "class": class(file),
                "next": file.next,
                "lost": ranges,
                "lost_bytes": file.lost_bytes,
                "rewrite": file.rewrite(),
            })
        })
        .collect();
    let osts: Vec<Value> = summary
        .traffic()
        .iter()
        .map(|(ost, bytes)| json!({ "ost": ost, "read": bytes.read, "rewrite": bytes.rewrite }))
        .collect();
    let (read, rewrite) = moved(summary);
    json!({
        "without": lost,
        "safe": summary.count(Class::Safe),
        "degraded": summary.count(Class::Degraded),
        "critical": summary.count(Class::Critical),
        "lost": summary.count(Class::Lost),
        "undecided": summary.undecided(),
        "unreadable": found.failed,
        "sizes_unknown": summary.sizes_unknown(),
        "lost_bytes": summary.lost_bytes(),
        "read": read,
        "rewrite": rewrite,
        "seconds": summary.seconds(args.osts, lost, args.rate as f64),
        "osts": osts,
        "files": files,
    })
}
