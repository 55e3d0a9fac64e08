//! `lustrine bench`.

use super::bench_ec::{self, Options};
use crate::args::BenchEc;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::Ui;
use std::time::Duration;

pub fn ec(args: &BenchEc, ui: &Ui) -> Result<Code, Failure> {
    let size = numbers::size(&args.size).map_err(Failure::input)?;
    let time =
        Duration::try_from_secs_f64(args.seconds).map_err(|e| Failure::of("--seconds", e))?;
    let options = Options {
        geometries: bench_ec::geometries(&args.geometry).map_err(Failure::input)?,
        size: usize::try_from(size).map_err(|e| Failure::of("--size", e))?,
        time,
        backend: args.backend.clone(),
    };
    let lines = bench_ec::run(&options).map_err(Failure::input)?;
    ui.say(bench_ec::table(&options, &lines));
    ui.document(&bench_ec::json(&options, &lines));
    Ok(Code::Clean)
}
