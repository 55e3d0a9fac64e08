//! The `lustrine` command: parses, plans, runs, shows progress. The work is the library's.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "in a program, pub says: used outside its module")]

mod args;
mod commands;
mod ea;
mod failure;
mod numbers;
mod ui;

use args::{Bench, Cli, Command, Ec, Plan};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;
use ui::Ui;

/// Each thread holds a step of some 1 MiB: with this many, memory stays below 256 MiB.
const MAX_THREADS: usize = 128;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui::new(cli.json, cli.quiet);
    match set_threads(cli.threads).and_then(|()| run(&cli.command, &ui)) {
        Ok(_) if ui::lost_output() => {
            ui.note("standard output cannot be written: results are lost");
            failure::Code::Input.into()
        }
        Ok(code) => code.into(),
        Err(failure) => {
            ui.fail(&failure);
            failure.code().into()
        }
    }
}

fn run(command: &Command, ui: &Ui) -> Result<failure::Code, Failure> {
    match command {
        Command::Stripe(args) => commands::stripe::run(args, ui),
        Command::Cat(args) => commands::cat::run(args, ui),
        Command::Resync(args) => commands::repair::resync(args, ui),
        Command::Verify(args) => commands::repair::verify(args, ui),
        Command::Rebuild(args) => commands::repair::rebuild(args, ui),
        Command::Ls(args) => commands::names::ls(args, ui),
        Command::Rm(args) => commands::names::rm(args, ui),
        Command::Layout(args) => commands::layout::run(args, ui),
        Command::Parity(args) => commands::parity::run(args, ui),
        Command::Checksum(args) => commands::checksum::run(args, ui),
        Command::Plan(Plan::Loss(args)) => commands::plan_loss::run(args, ui),
        Command::Ec(Ec::Calc(args)) => commands::ec_calc::run(args, ui),
        Command::Bench(Bench::Ec(args)) => commands::bench::ec(args, ui),
        Command::Bench(Bench::Checksum(args)) => commands::bench::checksum(args, ui),
        Command::Demo(args) => commands::demo::run(args, ui),
    }
}

fn set_threads(threads: Option<u16>) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.map_or(cores.min(MAX_THREADS), usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(Failure::input)
}
