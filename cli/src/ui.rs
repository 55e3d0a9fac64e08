//! What the user sees: progress on standard error, results on standard output.

use crate::failure::Failure;
use crate::numbers;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lustrine::engine::{Damage, Finding, Progress, Proof, Report};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Ranges shown in text; JSON has all that the report kept.
const SHOWN: usize = 40;

/// Where output goes.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
}

/// A progress bar with rate and ETA. It shows on terminals only.
pub struct Bar(ProgressBar);

impl Progress for Bar {
    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Ui {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Machine output is wanted.
    pub fn json(&self) -> bool {
        self.json
    }

    /// A bar for `total` bytes of work.
    pub fn bar(&self, verb: &'static str, total: u64) -> Bar {
        let template = "{msg:>10} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        let bar = if self.quiet {
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden())
        } else {
            ProgressBar::new(total)
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(verb);
        Bar(bar)
    }

    /// A line for people; nothing where JSON is wanted.
    pub fn say(&self, text: impl std::fmt::Display) {
        if !self.json {
            print(&text);
        }
    }

    /// A remark that is no result: on standard error, also beside JSON.
    pub fn note(&self, text: impl std::fmt::Display) {
        // Nobody is left to tell if standard error is closed.
        let text = escape(&text.to_string(), |c| c.is_control() && c != '\n' && c != '\t');
        let _ = writeln!(std::io::stderr(), "lustrine: {text}");
    }

    /// The command's JSON document; nothing where text is wanted.
    pub fn document(&self, document: &Value) {
        if self.json {
            print(&format_args!("{document:#}"));
        }
    }

    /// The command failed.
    pub fn fail(&self, failure: &Failure) {
        self.document(&json!({ "error": failure.to_string() }));
        self.note(failure);
    }
}

/// A name, or other text that is not ours, as a part of a line: what would end the line or speak
/// to the terminal is shown as an escape.
pub fn escaped(text: &str) -> String {
    escape(text, char::is_control)
}

fn escape(text: &str, which: impl Fn(char) -> bool) -> String {
    let one = |c: char| if which(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(one).collect()
}

/// A result could not be written.
static LOST: AtomicBool = AtomicBool::new(false);

/// True if some result did not reach standard output, though its reader is there.
pub fn lost_output() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A line on standard output. A reader that has seen enough (`| head`) gets no more, but the
/// command goes on to its end and its own exit code.
fn print(text: &impl std::fmt::Display) {
    let mut out = std::io::stdout();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    if written.is_err_and(|error| !is_closed(&error)) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether the reader of standard output has gone.
pub fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// Damaged or lost objects as lines.
pub fn damage_lines(list: &[Damage]) -> Vec<String> {
    list.iter()
        .map(|d| {
            let object = d.object.map_or_else(|| "no object".to_string(), |id| id.to_string());
            format!("component {} stripe {}: {object}: {}", d.component, d.stripe, d.what)
        })
        .collect()
}

/// Damaged or lost objects as JSON.
pub fn damage_json(list: &[Damage]) -> Value {
    list.iter()
        .map(|d| {
            json!({
                "component": d.component,
                "stripe": d.stripe,
                "ost": d.object.map(|id| id.ost),
                "fid": d.object.map(|id| id.fid.to_string()),
                "what": d.what,
            })
        })
        .collect()
}

/// How many bytes are known how well, as one line.
pub fn proof_line(report: &Report) -> String {
    let parts: Vec<String> = Proof::ALL
        .iter()
        .filter(|p| report.bytes(**p) > 0)
        .map(|p| format!("{} {p}", numbers::bytes(report.bytes(*p))))
        .collect();
    if parts.is_empty() { "nothing was read".to_string() } else { parts.join(", ") }
}

/// The ranges of a report as lines: those that `which` picks.
pub fn range_lines(report: &mut Report, which: impl Fn(&Finding) -> bool) -> Vec<String> {
    let (ranges, complete) = report.ranges();
    let picked = || ranges.iter().filter(|f| which(f));
    let total = picked().count();
    let mut lines: Vec<String> = picked()
        .take(SHOWN)
        .map(|f| {
            let bytes = numbers::bytes(f.range.end - f.range.start);
            let lost = if f.given { "" } else { ", not given" };
            format!("{}..{} ({bytes}): {}{lost}", f.range.start, f.range.end, f.proof)
        })
        .collect();
    if total > SHOWN || !complete {
        let more = if complete { String::new() } else { ", and ranges too many to keep".into() };
        lines.push(format!("... {} more{more} (--json lists what was kept)", total - lines.len()));
    }
    lines
}

/// A report as JSON.
pub fn report_json(report: &mut Report, elapsed: Duration, bytes: u64) -> Value {
    let totals: serde_json::Map<String, Value> =
        Proof::ALL.iter().map(|p| (p.name().to_string(), report.bytes(*p).into())).collect();
    let (withheld, mismatches) = (report.withheld(), report.mismatches);
    let times = report.times;
    let damage = damage_json(report.damage());
    let (ranges, complete) = report.ranges();
    let ranges: Vec<Value> = ranges
        .iter()
        .map(|f| {
            json!({
                "start": f.range.start,
                "end": f.range.end,
                "proof": f.proof.name(),
                "given": f.given,
            })
        })
        .collect();
    json!({
        "bytes": totals,
        "withheld": withheld,
        "mismatches": mismatches,
        "ranges": ranges,
        "ranges_complete": complete,
        "damage": damage,
        "seconds": elapsed.as_secs_f64(),
        "gigabytes_per_second": numbers::per_second(bytes, elapsed),
        "thread_seconds": {
            "read": times.read.as_secs_f64(),
            "code": times.code.as_secs_f64(),
            "write": times.write.as_secs_f64(),
        },
    })
}

/// Where the threads' time went, as one line.
pub fn times_line(report: &Report) -> String {
    let t = report.times;
    let total = (t.read + t.code + t.write).as_secs_f64().max(1e-9);
    let share = |d: Duration| 100.0 * d.as_secs_f64() / total;
    format!(
        "read {:.0} %, code {:.0} %, write {:.0} % of the threads' time",
        share(t.read),
        share(t.code),
        share(t.write)
    )
}
