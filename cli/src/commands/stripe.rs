//! `lustrine stripe`.

use crate::args::Stripe;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{self, Ui};
use lustrine::engine::jobs::Options;
use lustrine::engine::{FileInput, Volume};
use lustrine::layout::plan::{Health, Tolerance};
use lustrine::layout::spec::Spec;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// OSTs of a new store.
const OSTS: u32 = 16;

pub fn run(args: &Stripe, ui: &Ui) -> Result<Code, Failure> {
    let spec = parse_spec(&args.layout)?;
    let input = FileInput::open(&args.file).map_err(|e| Failure::of(args.file.display(), e))?;
    let name = match &args.name {
        Some(name) => name.as_str(),
        None => args.file.file_name().and_then(|n| n.to_str()).ok_or_else(|| {
            Failure::of(args.file.display(), "no usable name: give one with --name")
        })?,
    };
    let volume = open_or_make(&args.store, args.osts)?;
    let bar = ui.bar("striping", input.size());
    let begin = Instant::now();
    let options = Options { progress: &bar, durable: !args.no_sync };
    let mut striped = volume.stripe(name, &spec, &input, input.size(), options)?;
    drop(bar);
    let elapsed = begin.elapsed();
    let tolerance = Tolerance::of(&striped.layout, input.size(), &Health::good());
    let size = input.size();
    ui.say(format_args!(
        "{name}: {} striped, {} of parity written, in {:.2} s ({}; {})",
        numbers::bytes(size),
        numbers::bytes(striped.report.parity_written),
        elapsed.as_secs_f64(),
        numbers::rate(size, elapsed),
        ui::times_line(&striped.report),
    ));
    ui.say(format_args!("any {} of its OSTs may fail", tolerance.osts));
    let parity_written = striped.report.parity_written;
    ui.document(&json!({
        "name": name,
        "size": size,
        "parity_written": parity_written,
        "tolerated_ost_failures": tolerance.osts,
        "report": ui::report_json(&mut striped.report, elapsed, size),
    }));
    Ok(Code::Clean)
}

/// A layout given on the command line; errors show the place.
pub fn parse_spec(text: &str) -> Result<Spec, Failure> {
    Spec::parse(text).map_err(|e| Failure::of("--layout", format_args!("{e}\n{}", e.caret(text))))
}

/// The store at `root`: as it is, or a new one if there is none.
fn open_or_make(root: &Path, osts: Option<u32>) -> Result<Volume, Failure> {
    let is_new = match std::fs::read_dir(root) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
        Err(e) => return Err(Failure::of(root.display(), e)),
    };
    if is_new {
        return Ok(Volume::make(root, osts.unwrap_or(OSTS))?);
    }
    let volume = Volume::open(root, &[])?;
    let there = volume.store().osts().count() as u32;
    match osts.filter(|wanted| *wanted != there) {
        Some(wanted) => Err(Failure::of(
            root.display(),
            format_args!("--osts {wanted}: the store exists and has {there} OSTs"),
        )),
        None => Ok(volume),
    }
}
