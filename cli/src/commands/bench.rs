//! `lustrine bench`.

use super::bench_advise::{self, Question};
use super::bench_checksum::{self, Need};
use super::bench_ec::{self, Options};
use super::{bench_explain, checksum};
use crate::args::{BenchChecksum, BenchEc};
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::Ui;
use lustrine::checksum::Checksum;
use std::time::Duration;

/// What is measured unless the user names codes: common ones, and for advice also large ones.
const CODES: &str = "4+2,8+2,10+4";
const CODES_TO_ADVISE_ON: &str = "4+2,8+2,10+4,20+8,64+15,240+15,300+20";
/// Seconds for a figure: advice comes from differences that show at once, shapes differ by less.
const SECONDS: f64 = 0.5;
const SECONDS_TO_ADVISE: f64 = 0.05;
const SECONDS_TO_EXPLAIN: f64 = 0.2;

pub fn ec(args: &BenchEc, ui: &Ui) -> Result<Code, Failure> {
    let size = numbers::size(&args.size).map_err(Failure::input)?;
    let size = usize::try_from(size).map_err(|e| Failure::of("--size", e))?;
    let usual = match (args.advise, &args.explain) {
        (true, _) => SECONDS_TO_ADVISE,
        (false, Some(_)) => SECONDS_TO_EXPLAIN,
        (false, None) => SECONDS,
    };
    let seconds = args.seconds.unwrap_or(usual);
    let time = Duration::try_from_secs_f64(seconds).map_err(|e| Failure::of("--seconds", e))?;
    if args.advise {
        let codes = args.geometry.as_deref().unwrap_or(CODES_TO_ADVISE_ON);
        let codes = bench_ec::codes(codes).map_err(Failure::input)?;
        let question = Question { codes, size, time };
        let advice = bench_advise::run(&question).map_err(Failure::input)?;
        ui.say(bench_advise::text(&question, &advice));
        ui.document(&bench_advise::json(&question, &advice));
        return Ok(Code::Clean);
    }
    if let Some(codes) = &args.explain {
        let geometries = bench_ec::geometries(codes).map_err(Failure::input)?;
        let question = bench_explain::Question { geometries, backend: args.backend.clone(), time };
        let explanations = bench_explain::run(&question).map_err(Failure::input)?;
        ui.say(bench_explain::text(&explanations));
        ui.document(&bench_explain::json(&explanations));
        return Ok(Code::Clean);
    }
    let codes = args.geometry.as_deref().unwrap_or(CODES);
    let geometries = bench_ec::geometries(codes).map_err(Failure::input)?;
    let options = Options { geometries, size, time, backend: args.backend.clone() };
    let lines = bench_ec::run(&options).map_err(Failure::input)?;
    ui.say(bench_ec::table(&options, &lines));
    ui.document(&bench_ec::json(&options, &lines));
    Ok(Code::Clean)
}

/// Cores of a machine of which none are given.
const CORES: u32 = 16;

pub fn checksum(args: &BenchChecksum, ui: &Ui) -> Result<Code, Failure> {
    let time =
        Duration::try_from_secs_f64(args.seconds).map_err(|e| Failure::of("--seconds", e))?;
    if let (true, Some(client), Some(server)) = (args.advise, &args.client, &args.server) {
        let client = need(client).map_err(|e| Failure::usage(format!("--client: {e}")))?;
        let server = need(server).map_err(|e| Failure::usage(format!("--server: {e}")))?;
        let best = lustrine::checksum::Backend::best().name();
        let lines =
            bench_checksum::run(&Checksum::ALL, Some(best), time).map_err(Failure::input)?;
        let advice = bench_checksum::advise(&lines, client, server);
        ui.say(bench_checksum::advice_text(&advice, client, server));
        ui.document(&bench_checksum::advice_json(&advice, client, server));
        return Ok(Code::Clean);
    }
    let checksums = checksum::types(&args.types)?;
    let lines = bench_checksum::run(&checksums, args.backend.as_deref(), time);
    let lines = lines.map_err(Failure::input)?;
    ui.say(bench_checksum::table(&lines));
    ui.document(&bench_checksum::json(&lines));
    Ok(Code::Clean)
}

/// `12.5` or `12.5/16`.
fn need(text: &str) -> Result<Need, String> {
    let (rate, cores) = text.split_once('/').unwrap_or((text, ""));
    let shape = || format!("'{text}' is not a rate: expected GB/s, or GB/s and cores as 12.5/16");
    let rate: f64 = rate.trim().parse().map_err(|_| shape())?;
    let cores = if cores.is_empty() { CORES } else { cores.trim().parse().map_err(|_| shape())? };
    let sane = rate.is_finite() && rate > 0.0 && cores > 0;
    sane.then_some(Need { rate, cores }).ok_or_else(shape)
}
