//! `lustrine plan` and `lustrine ec`.

use super::{OstList, ost_list};
use crate::numbers;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Plan {
    /// What the loss of OSTs does to files, by their layouts: which are safe, degraded, critical
    /// (one more OST and bytes are gone) or lost, and what their repair moves
    Loss(PlanLoss),
}

#[derive(Debug, Args)]
pub struct PlanLoss {
    /// The OSTs that are lost, as 3,7 or 2-4
    #[arg(long, value_name = "LIST", value_parser = ost_list)]
    pub ost: OstList,
    /// Layout attributes, as for `layout show`, or folders of files that hold one each
    pub eas: Vec<PathBuf>,
    /// A file (- is standard input) with a line for each layout: the attribute in hex, and if they
    /// are known the file's size in bytes and its name, with white space between them
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// Size of the files, where the list does not say it; without it no amounts of bytes are known
    #[arg(long, value_name = "SIZE", value_parser = numbers::size)]
    pub size: Option<u64>,
    /// Bytes that each OST moves in a second, reads and writes together
    #[arg(long, value_name = "SIZE", default_value = "500M", value_parser = numbers::size)]
    pub rate: u64,
    /// OSTs of the file system, for the time of a repair (default: those that it reads from)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub osts: Option<u32>,
    /// Name this many files, the most urgent ones
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100000))]
    pub most: u32,
}

#[derive(Debug, Subcommand)]
pub enum Ec {
    /// What a code costs and what it survives
    Calc(EcCalc),
}

#[derive(Debug, Args)]
pub struct EcCalc {
    /// The code, as 8+2
    #[arg(long, value_name = "K+P", value_parser = code)]
    pub ec: (u32, u32),
    /// Data stripes of a file
    #[arg(long, value_name = "N")]
    pub stripes: u32,
    /// OSTs of the file system
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub osts: u32,
    /// Bytes of a stripe unit
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = numbers::size)]
    pub stripe_size: u64,
    /// Failure domains (servers, enclosures): OST i is in domain i modulo N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub domains: Option<u32>,
    /// Hours after which an OST fails, on the average
    #[arg(long, value_name = "HOURS", default_value_t = 100_000.0)]
    pub mttf: f64,
    /// Hours that the rebuild of an OST takes
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    pub mttr: f64,
}

/// `8+2`.
fn code(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('+').or_else(|| text.split_once(':'));
    let numbers = parts.and_then(|(k, p)| Some((k.parse().ok()?, p.parse().ok()?)));
    numbers.ok_or_else(|| format!("expected a code, as 8+2, got '{text}'"))
}
