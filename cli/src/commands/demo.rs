//! `lustrine demo`: the whole story on one file.

use super::stripe::parse_spec;
use crate::args::Demo;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{self, Ui};
use lustrine::engine::jobs::{self, Options};
use lustrine::engine::{Entry, FileInput, FileOutput, Report, Volume};
use lustrine::layout::Layout;
use lustrine::layout::plan::{self, Health, Tolerance};
use lustrine::layout::spec::Spec;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Size of the file that is made where none is given.
const MADE: u64 = 256 << 20;

pub fn run(args: &Demo, ui: &Ui) -> Result<Code, Failure> {
    let spec = parse_spec(&args.layout)?;
    let scratch = Scratch::new(args.store.as_deref())?;
    let story = Story { ui, spec: &spec, args, root: &scratch.root, steps: Vec::new() };
    let code = story.tell()?;
    if scratch.remove {
        ui.say("The store was temporary and is removed (keep one with --store DIR).");
    }
    Ok(code)
}

/// The folder that the demo works in.
struct Scratch {
    root: PathBuf,
    remove: bool,
}

impl Scratch {
    fn new(given: Option<&Path>) -> Result<Self, Failure> {
        let (root, remove) = match given {
            Some(path) => (path.to_path_buf(), false),
            None => {
                let name = format!("lustrine-demo-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        // A temporary folder that is there already is somebody else's: not to be removed by us.
        let made = if remove { std::fs::create_dir(&root) } else { std::fs::create_dir_all(&root) };
        made.map_err(|e| Failure::of(root.display(), e))?;
        Ok(Self { root, remove })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.remove {
            // A temporary folder that cannot be removed is the system's to clean.
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

struct Story<'a> {
    ui: &'a Ui,
    spec: &'a Spec,
    args: &'a Demo,
    root: &'a Path,
    steps: Vec<Value>,
}

const NAME: &str = "demo";

impl Story<'_> {
    fn tell(mut self) -> Result<Code, Failure> {
        let file = match &self.args.file {
            Some(file) => file.clone(),
            None => self.make_file()?,
        };
        let input = FileInput::open(&file).map_err(|e| Failure::of(file.display(), e))?;
        let size = input.size();
        let digest = sha256(&file)?;
        self.ui.say(format_args!(
            "File       {} ({})\n           SHA-256 {digest}",
            file.display(),
            numbers::bytes(size)
        ));

        let volume = Volume::make(&self.root.join("store"), self.args.osts)?;
        let layout = self.stripe(&volume, &input)?;
        let tolerated = Tolerance::of(&layout, size, &Health::good()).osts;
        if tolerated == 0 {
            let text = "the demo needs a file with bytes, and a layout that protects all of them";
            return Err(Failure::input(text));
        }
        let taken = &choose_victims(&layout, tolerated.min(2) as usize);

        self.heading(format_args!("OSTs {} are taken away", list(taken)));
        self.take_away(taken)?;
        let same = self.read_back(taken, &digest, size)?;
        self.verify("verify, with what is left")?;
        let rebuilt = self.rebuild(size)?;
        let clean = self.verify("verify again")?;
        let again = self.read_back(&[], &digest, size)?;
        let honest = self.lose_too_many(&file, size)?;

        let good = same && rebuilt && clean && again && honest;
        self.ui.say(if good {
            format!("\nSHA-256 {digest}: the file came back byte for byte, each time.")
        } else {
            "\nThe demo FAILED: see above.".to_string()
        });
        self.ui.document(&json!({
            "file": file.display().to_string(),
            "size": size,
            "sha256": digest,
            "steps": self.steps,
            "matches": good,
        }));
        Ok(if good { Code::Clean } else { Code::Lost })
    }

    fn heading(&self, text: impl std::fmt::Display) {
        self.ui.say(format_args!("\n{text}"));
    }

    fn done(&mut self, step: &str, report: &mut Report, time: Duration, bytes: u64) {
        self.ui.say(format_args!(
            "{step:<10} {:.2} s, {} ({})",
            time.as_secs_f64(),
            numbers::rate(bytes, time),
            ui::times_line(report)
        ));
        let report = ui::report_json(report, time, bytes);
        self.steps.push(json!({ "step": step, "report": report }));
    }

    fn stripe(&mut self, volume: &Volume, input: &FileInput) -> Result<Layout, Failure> {
        self.heading(format_args!(
            "Striped over {} OSTs by: lfs setstripe {}",
            self.args.osts, self.args.layout
        ));
        let bar = self.ui.bar("striping", input.size());
        let begin = Instant::now();
        let options = Options { progress: &bar, durable: false };
        let mut striped = volume.stripe(NAME, self.spec, input, input.size(), options)?;
        drop(bar);
        self.done("stripe", &mut striped.report, begin.elapsed(), input.size());
        for data in striped.layout.components().filter(|c| !c.is_parity()) {
            let osts = |index: usize| -> Vec<u32> {
                let view = striped.layout.component(index);
                let stripes = view.and_then(|v| v.objects()).map_or(0, |o| o.len() as u32);
                (0..stripes).filter_map(|s| view?.object(s)).map(|id| id.ost).collect()
            };
            let parity = striped.layout.parity_of(data.index);
            let code = parity.map_or("no parity".to_string(), |p| {
                let sets = striped.layout.raid_sets(p);
                let sets: Vec<String> = sets
                    .iter()
                    .flat_map(|s| s.iter())
                    .map(|s| format!("{}+{}", s.data, data.parity))
                    .collect();
                format!("RAID sets {}, parity on OSTs {}", sets.join(" "), list(&osts(p)))
            });
            let end = match data.extent.end {
                lustrine::layout::EOF => "EOF".to_string(),
                end => numbers::bytes(end),
            };
            let objects = osts(data.index);
            let place = match objects.len() {
                0 => "no objects yet".to_string(),
                _ => format!("data on OSTs {}; {code}", list(&objects)),
            };
            let start = numbers::bytes(data.extent.start);
            self.ui.say(format_args!("           [{start}, {end}): {place}"));
        }
        Ok(striped.layout)
    }

    /// Moves OST folders out of the store: nothing of them can be read.
    fn take_away(&self, osts: &[u32]) -> Result<(), Failure> {
        let away = self.root.join("taken-away");
        std::fs::create_dir_all(&away).map_err(|e| Failure::of(away.display(), e))?;
        for ost in osts {
            let name = format!("ost{ost:04x}");
            let from = self.root.join("store").join(&name);
            std::fs::rename(&from, away.join(name)).map_err(|e| Failure::of(from.display(), e))?;
        }
        Ok(())
    }

    fn open(&self) -> Result<(Volume, Entry), Failure> {
        let volume = Volume::open(&self.root.join("store"), &[])?;
        let entry = volume.namespace().get(NAME)?;
        Ok((volume, entry))
    }

    /// Reads everything into a file and compares it with the original.
    fn read_back(&mut self, without: &[u32], digest: &str, size: u64) -> Result<bool, Failure> {
        let (volume, entry) = self.open()?;
        let path = self.root.join("read-back");
        let output = FileOutput::create(&path).map_err(|e| Failure::of(path.display(), e))?;
        let bar = self.ui.bar("reading", size);
        let begin = Instant::now();
        let mut report = volume.read(&entry, 0..size, true, &output, &bar)?;
        drop(bar);
        let time = begin.elapsed();
        let whole = report.withheld() == 0;
        let step = if without.is_empty() { "read" } else { "degraded" };
        self.done(step, &mut report, time, size);
        self.ui.say(format_args!("           {}", ui::proof_line(&report)));
        if !whole {
            for line in ui::range_lines(&mut report, |f| !f.given) {
                self.ui.say(format_args!("           {line}"));
            }
            return Ok(false);
        }
        output.commit(size, false).map_err(|e| Failure::of(path.display(), e))?;
        let same = sha256(&path)? == *digest;
        std::fs::remove_file(&path).map_err(|e| Failure::of(path.display(), e))?;
        self.ui.say(if same { "           SHA-256 matches" } else { "           SHA-256 DIFFERS" });
        Ok(same)
    }

    fn verify(&mut self, what: &str) -> Result<bool, Failure> {
        let (volume, entry) = self.open()?;
        let bar = self.ui.bar("verifying", entry.size);
        let begin = Instant::now();
        let mut found = volume.verify(NAME, &bar)?;
        drop(bar);
        self.done("verify", &mut found.report, begin.elapsed(), entry.size);
        let missing = found.missing.len();
        self.ui.say(format_args!(
            "           {what}: {missing} objects missing, {}; any {} {}OSTs may fail",
            ui::proof_line(&found.report),
            found.tolerance.osts,
            if missing > 0 { "more " } else { "" },
        ));
        let report = &found.report;
        Ok(missing == 0 && report.mismatches == 0 && report.withheld() == 0)
    }

    fn rebuild(&mut self, size: u64) -> Result<bool, Failure> {
        let (volume, _) = self.open()?;
        let bar = self.ui.bar("rebuilding", size);
        let begin = Instant::now();
        let options = Options { progress: &bar, durable: false };
        let mut done = volume.rebuild(NAME, &[], false, options)?;
        drop(bar);
        self.heading("The lost objects are rebuilt on other OSTs");
        self.done("rebuild", &mut done.report, begin.elapsed(), size);
        for (component, stripe, id) in &done.objects {
            self.ui.say(format_args!("           component {component} stripe {stripe}: now {id}"));
        }
        Ok(done.complete)
    }

    /// Loses more than the parity replaces: says what is lost, and writes no wrong byte.
    fn lose_too_many(&mut self, original: &Path, size: u64) -> Result<bool, Failure> {
        let (volume, entry) = self.open()?;
        let Some(osts) = fatal_osts(&entry.layout, size) else { return Ok(true) };
        drop(volume);
        self.heading(format_args!("For comparison, OSTs {} are lost at once", list(&osts)));
        let volume = Volume::open(&self.root.join("store"), &osts)?;
        let (health, _) = volume.health(&entry)?;
        let path = self.root.join("partial");
        let output = FileOutput::create(&path).map_err(|e| Failure::of(path.display(), e))?;
        let bar = self.ui.bar("reading", size);
        let begin = Instant::now();
        let file = entry.file();
        let mut report = jobs::read(volume.store(), file, 0..size, &health, false, &output, &bar)?;
        drop(bar);
        self.done("read", &mut report, begin.elapsed(), size);
        let failed = |e| Failure::of(path.display(), e);
        output.commit(size, false).map_err(failed)?;
        let (findings, complete) = report.ranges();
        let lost: Vec<Range<u64>> =
            findings.iter().filter(|f| !f.given).map(|f| f.range.clone()).collect();
        // Of a huge file not all ranges are kept: then the bytes cannot be compared one by one.
        let honest = report.withheld() > 0
            && (!complete || same_but_for(original, &path, &lost).map_err(failed)?);
        std::fs::remove_file(&path).map_err(failed)?;
        self.ui.say(format_args!(
            "           {} of {} are lost; every other byte is {}; cat would exit with 4",
            numbers::bytes(report.withheld()),
            numbers::bytes(size),
            if honest { "right, and no wrong one was written" } else { "NOT right" },
        ));
        for line in ui::range_lines(&mut report, |f| !f.given).iter().take(4) {
            self.ui.say(format_args!("           {line}"));
        }
        Ok(honest)
    }

    /// Some 256 MiB: this program's own sources first, then generated bytes.
    fn make_file(&self) -> Result<PathBuf, Failure> {
        let path = self.root.join("demo-file");
        let failed = |e| Failure::of(path.display(), e);
        let mut file = BufWriter::new(std::fs::File::create(&path).map_err(failed)?);
        let bar = self.ui.bar("making", MADE);
        let mut written = 0;
        for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
            let Ok(text) = std::fs::read(&source) else { continue };
            file.write_all(&text).map_err(failed)?;
            written += text.len() as u64;
        }
        // Half of it compresses well and half not at all, as data does.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut block = vec![0u8; 64 << 10];
        while written < MADE {
            for word in block.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let value = if written >> 20 & 1 == 0 { state } else { written };
                word.copy_from_slice(&value.to_le_bytes());
            }
            let n = (MADE - written).min(block.len() as u64) as usize;
            file.write_all(&block[..n]).map_err(failed)?;
            written += n as u64;
            lustrine::engine::Progress::advance(&bar, n as u64);
        }
        file.flush().map_err(failed)?;
        Ok(path)
    }
}

/// Whether two files are equal, but for ranges where the second one has zeros.
fn same_but_for(one: &Path, two: &Path, lost: &[Range<u64>]) -> std::io::Result<bool> {
    let mut files = [std::fs::File::open(one)?, std::fs::File::open(two)?];
    let mut buffers = [vec![0; 1 << 20], vec![0; 1 << 20]];
    let mut at = 0;
    loop {
        let mut lens = [0, 0];
        for ((file, buffer), len) in files.iter_mut().zip(&mut buffers).zip(&mut lens) {
            while *len < buffer.len() {
                match file.read(&mut buffer[*len..])? {
                    0 => break,
                    n => *len += n,
                }
            }
        }
        let end = at + lens[0] as u64;
        for range in lost.iter().filter(|r| r.start < end && r.end > at) {
            let cut = (range.start.max(at) - at) as usize..(range.end.min(end) - at) as usize;
            buffers[0][cut].fill(0);
        }
        if lens[0] != lens[1] || buffers[0][..lens[0]] != buffers[1][..lens[1]] {
            return Ok(false);
        }
        if lens[0] == 0 {
            return Ok(true);
        }
        at = end;
    }
}

/// Rust sources below a folder, in order; empty if the program has left its repository.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["src", "cli", "capi"].iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// OSTs that hold the most of the file, data before parity.
fn choose_victims(layout: &Layout, count: usize) -> Vec<u32> {
    let mut held: BTreeMap<u32, usize> = BTreeMap::new();
    for (component, _, id) in jobs::objects(layout) {
        let parity = layout.component(component).is_some_and(|c| c.is_parity());
        if let Some(id) = id {
            *held.entry(id.ost).or_default() += if parity { 1 } else { 100 };
        }
    }
    let mut osts: Vec<(usize, u32)> = held.into_iter().map(|(ost, n)| (n, ost)).collect();
    osts.sort_unstable_by(|a, b| b.cmp(a));
    osts.into_iter().take(count).map(|(_, ost)| ost).collect()
}

/// OSTs whose loss is more than a RAID set survives: its first data stripe's and all its parity's.
fn fatal_osts(layout: &Layout, size: u64) -> Option<Vec<u32>> {
    let plan = plan::verify(layout, size, &Health::good()).ok()?;
    let part = plan.parts().first()?;
    let set = part.raid_sets().into_iter().next()?;
    let data = part.sets().get(0).data as usize;
    let members = set.first().into_iter().chain(&set[data..]);
    members.map(|&(component, stripe)| Some(plan.object(component, stripe)?.ost)).collect()
}

fn list(osts: &[u32]) -> String {
    let names: Vec<String> = osts.iter().map(u32::to_string).collect();
    names.join(", ")
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let failed = |e| Failure::of(path.display(), e);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect())
}
