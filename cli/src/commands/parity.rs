//! `lustrine parity`.

use crate::args::Parity;
use crate::ea;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{self, Ui};
use lustrine::engine::{FileInput, FileOutput, jobs};
use serde_json::json;
use std::time::Instant;

pub fn run(args: &Parity, ui: &Ui) -> Result<Code, Failure> {
    let layout = ea::load(&args.ea)?;
    let input = FileInput::open(&args.file).map_err(|e| Failure::of(args.file.display(), e))?;
    let size = input.size();
    let writing = |e| Failure::of(args.output.display(), e);
    let output = FileOutput::create(&args.output).map_err(writing)?;
    let bar = ui.bar("computing", size);
    let begin = Instant::now();
    let (end, mut report) = jobs::parity(&layout, size, args.mirror, &input, &output, &bar)?;
    output.commit(end, false).map_err(writing)?;
    drop(bar);
    let elapsed = begin.elapsed();
    ui.say(format_args!(
        "{}: {} of parity for {} in {:.2} s ({}; {})",
        args.output.display(),
        numbers::bytes(end),
        numbers::bytes(size),
        elapsed.as_secs_f64(),
        numbers::rate(size, elapsed),
        ui::times_line(&report),
    ));
    ui.document(&json!({
        "size": size,
        "parity_size": end,
        "report": ui::report_json(&mut report, elapsed, size),
    }));
    Ok(Code::Clean)
}
