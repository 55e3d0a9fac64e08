//! `lustrine cat`.

use super::open;
use crate::args::Cat;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{self, Ui};
use lustrine::engine::jobs;
use lustrine::engine::{self, FileOutput, Report};
use serde_json::json;
use std::time::Instant;

pub fn run(args: &Cat, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    let entry = volume.namespace().get(&args.name)?;
    let range = args.range.map_or(0..entry.size, |range| range.to(entry.size));
    let (health, missing) = volume.health(&entry)?;
    let file = entry.file();
    let length = range.end.saturating_sub(range.start);
    let bar = ui.bar("reading", length);
    let begin = Instant::now();
    let mut report = match &args.output {
        Some(path) => {
            let writing = |e| Failure::of(path.display(), e);
            let output = FileOutput::create(path).map_err(writing)?;
            let shifted = jobs::Shifted::new(&output, range.start);
            let report = jobs::read(
                volume.store(),
                file,
                range.clone(),
                &health,
                args.report,
                &shifted,
                &bar,
            )?;
            if report.withheld() == 0 || args.partial {
                output.commit(length, false).map_err(writing)?;
            }
            report
        }
        None => {
            if ui.json() {
                return Err(Failure::usage(
                    "--json and the bytes cannot share standard output: use -o",
                ));
            }
            let stdout = &mut std::io::stdout().lock();
            let done = jobs::stream(
                volume.store(),
                file,
                range.clone(),
                &health,
                args.report,
                stdout,
                &bar,
            );
            match done {
                Err(engine::Error::Stream { source, .. }) if ui::is_closed(&source) => {
                    return Ok(Code::Clean);
                }
                done => done?,
            }
        }
    };
    drop(bar);
    let elapsed = begin.elapsed();
    missing.into_iter().for_each(|damage| report.add_damage(damage));
    let code = conclude(args, ui, &mut report);
    let stale = entry.layout.components().find(|c| c.is_parity() && c.is_stale());
    if let Some(stale) = stale.filter(|_| report.withheld() > 0) {
        ui.note(format_args!(
            "parity component {} is stale (written since, or a resync did not end) and was not used",
            stale.index
        ));
    }
    ui.document(&json!({
        "name": args.name,
        "start": range.start,
        "end": range.end,
        "report": ui::report_json(&mut report, elapsed, length),
    }));
    Ok(code)
}

/// Says on standard error what the bytes are worth; they may have gone to standard output.
fn conclude(args: &Cat, ui: &Ui, report: &mut Report) -> Code {
    let damaged = !report.damage().is_empty();
    if damaged || args.report {
        for line in ui::damage_lines(report.damage()) {
            ui.note(line);
        }
    }
    if args.report {
        ui.note(format_args!("{}: {}", args.name, ui::proof_line(report)));
        for line in ui::range_lines(report, |_| true) {
            ui.note(format_args!("  {line}"));
        }
    }
    if report.withheld() > 0 {
        let kept = match (&args.output, args.partial) {
            (Some(_), true) => "the output has holes there",
            (Some(_), false) => "no output was written (--partial keeps the rest)",
            (None, _) => "the output ends before the first of them",
        };
        let lost = numbers::bytes(report.withheld());
        ui.note(format_args!("{}: {lost} cannot be recovered; {kept}:", args.name));
        for line in ui::range_lines(report, |f| !f.given) {
            ui.note(format_args!("  {line}"));
        }
        return Code::Lost;
    }
    if report.mismatches > 0 {
        ui.note(format_args!(
            "{}: data and parity disagree in {} places; run verify",
            args.name, report.mismatches
        ));
        return Code::Repairable;
    }
    if damaged {
        ui.note(format_args!(
            "{}: every byte was given; rebuild the file to have its redundancy back",
            args.name
        ));
    }
    Code::Clean
}
