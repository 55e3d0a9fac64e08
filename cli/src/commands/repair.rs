//! `lustrine resync`, `verify` and `rebuild`.

use super::open;
use crate::args::{Rebuild, Resync, Verify};
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{self, Ui};
use lustrine::engine::Report;
use lustrine::engine::jobs::Options;
use serde_json::json;
use std::time::Instant;

pub fn resync(args: &Resync, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    let size = volume.namespace().get(&args.name)?.size;
    let bar = ui.bar("resyncing", size);
    let begin = Instant::now();
    let options = Options { progress: &bar, durable: !args.no_sync };
    let mut report = volume.resync(&args.name, options)?;
    drop(bar);
    let elapsed = begin.elapsed();
    ui.say(format_args!(
        "{}: {} of parity written for {} of data in {:.2} s ({}; {})",
        args.name,
        numbers::bytes(report.parity_written),
        numbers::bytes(size),
        elapsed.as_secs_f64(),
        numbers::rate(size, elapsed),
        ui::times_line(&report),
    ));
    for line in ui::damage_lines(report.damage()) {
        ui.say(format_args!("  {line}"));
    }
    let whole = report.withheld() == 0 && report.damage().is_empty();
    if !whole {
        ui.say("not complete: where data could not be read, the old parity stays; rebuild (with --without and its OST), then resync");
    }
    let written = report.parity_written;
    ui.document(&json!({
        "name": args.name,
        "size": size,
        "parity_written": written,
        "complete": whole,
        "report": ui::report_json(&mut report, elapsed, size),
    }));
    Ok(if whole { Code::Clean } else { Code::Repairable })
}

pub fn verify(args: &Verify, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    let size = volume.namespace().get(&args.name)?.size;
    let bar = ui.bar("verifying", size);
    let begin = Instant::now();
    let mut found = volume.verify(&args.name, &bar)?;
    drop(bar);
    let elapsed = begin.elapsed();
    found.missing.drain(..).for_each(|damage| found.report.add_damage(damage));
    let report = &mut found.report;
    let code = if found.mirrored { Code::Repairable } else { health(report) };
    ui.say(format_args!(
        "{}: {} in {:.2} s ({})",
        args.name,
        ui::proof_line(report),
        elapsed.as_secs_f64(),
        numbers::rate(size, elapsed),
    ));
    for line in ui::damage_lines(report.damage()) {
        ui.say(format_args!("  {line}"));
    }
    for line in ui::range_lines(report, |f| !f.proof.is_sound()) {
        ui.say(format_args!("  {line}"));
    }
    let osts = found.tolerance.osts;
    let layout = volume.namespace().get(&args.name)?.layout;
    if !layout.components().any(|c| c.is_parity()) {
        ui.say("the file has no parity: only the presence of its objects was checked");
    }
    if layout.mirrors().count() > 1 + layout.components().filter(|c| c.is_parity()).count() {
        ui.say("mirrors are not compared, and what is said of OSTs counts parity alone");
    }
    ui.say(match code {
        Code::Clean => {
            format!("clean: any {osts} of its OSTs may fail, and every byte can still be read")
        }
        Code::Lost => "damaged: the ranges above cannot be recovered".to_string(),
        _ if found.mirrored => {
            "damaged: parity cannot give the ranges above back, but another mirror holds them".into()
        }
        _ if report.mismatches > 0 => format!(
            "damaged: in {} places data and parity disagree, so an object there holds wrong bytes. \
             If the data is known to be right, a resync makes the parity right",
            report.mismatches
        ),
        _ => format!(
            "damaged, but every byte can be recovered: rebuild the file (objects that are there \
             but unreadable: with --without and their OST). Until then any {osts} more OSTs may fail"
        ),
    });
    ui.document(&json!({
        "name": args.name,
        "size": size,
        "clean": code == Code::Clean,
        "tolerated_ost_failures": osts,
        "report": ui::report_json(report, elapsed, size),
    }));
    Ok(code)
}

pub fn rebuild(args: &Rebuild, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    let size = volume.namespace().get(&args.name)?.size;
    let bar = ui.bar("rebuilding", size);
    let begin = Instant::now();
    let options = Options { progress: &bar, durable: !args.no_sync };
    let onto = args.onto.clone().unwrap_or_default().0;
    let mut done = volume.rebuild(&args.name, &onto, args.share, options)?;
    drop(bar);
    let elapsed = begin.elapsed();
    let lost = ui::damage_lines(&done.missing);
    let report = &mut done.report;
    if lost.is_empty() {
        ui.say(format_args!("{}: all objects are there, nothing to rebuild", args.name));
    }
    for line in &lost {
        ui.say(format_args!("  {line}"));
    }
    for (component, stripe, id) in &done.objects {
        ui.say(format_args!("  component {component} stripe {stripe}: now {id}"));
    }
    if done.complete && !lost.is_empty() {
        ui.say(format_args!(
            "{}: {} objects rebuilt ({}) in {:.2} s ({}; {})",
            args.name,
            done.objects.len(),
            ui::proof_line(report),
            elapsed.as_secs_f64(),
            numbers::rate(size, elapsed),
            ui::times_line(report),
        ));
        ui.say(format_args!("any {} of its OSTs may fail", done.tolerance.osts));
    }
    if !done.complete {
        ui.say(format_args!(
            "{}: not rebuilt, nothing was changed; these ranges cannot be had with certainty:",
            args.name
        ));
        for line in ui::range_lines(report, |f| !f.proof.is_sound()) {
            ui.say(format_args!("  {line}"));
        }
    }
    if done.complete && !done.left.is_empty() {
        ui.say("left alone, as no valid data or parity speaks of them:");
        for line in ui::damage_lines(&done.left) {
            ui.say(format_args!("  {line}"));
        }
    }
    if done.mirrored {
        ui.say("another mirror holds these bytes: read the file, or bring the mirror up to date");
    }
    let objects: Vec<_> = done
        .objects
        .iter()
        .map(|(component, stripe, id)| {
            json!({
                "component": component,
                "stripe": stripe,
                "ost": id.ost,
                "fid": id.fid.to_string(),
            })
        })
        .collect();
    let code = match (done.complete, report.withheld()) {
        (true, _) if done.left.is_empty() => Code::Clean,
        (false, 1..) if !done.mirrored => Code::Lost,
        _ => Code::Repairable,
    };
    ui.document(&json!({
        "name": args.name,
        "size": size,
        "complete": done.complete,
        "missing": ui::damage_json(&done.missing),
        "objects": objects,
        "tolerated_ost_failures": done.tolerance.osts,
        "report": ui::report_json(report, elapsed, size),
    }));
    Ok(code)
}

fn health(report: &Report) -> Code {
    if report.withheld() > 0 {
        Code::Lost
    } else if report.mismatches > 0 || !report.damage().is_empty() {
        Code::Repairable
    } else {
        Code::Clean
    }
}
