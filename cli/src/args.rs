//! The command line.

use crate::numbers;
use clap::{Args, Parser, Subcommand};
use lustrine::layout::Fid;
use std::path::PathBuf;

/// Erasure coding and layouts of the Lustre parallel file system.
///
/// Exit codes: 0 clean; 1 bad input or I/O error; 2 usage; 3 damage found that can be repaired;
/// 4 data that cannot be recovered.
#[derive(Debug, Parser)]
#[command(name = "lustrine", version, max_term_width = 100)]
pub struct Cli {
    /// Print one JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bars
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads to work with, 1..=128 (default: one for each core)
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=128))]
    pub threads: Option<u16>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stripe a file over OST folders by a Lustre layout, parity included
    Stripe(Stripe),
    /// Read a striped file back, through parity where objects are lost
    Cat(Cat),
    /// Compute the parity of a striped file anew
    Resync(Resync),
    /// Compare the parity of a striped file with its data
    Verify(Verify),
    /// Write the lost objects of a striped file anew on other OSTs
    Rebuild(Rebuild),
    /// List the striped files of a store
    Ls(Ls),
    /// Remove a striped file
    Rm(Rm),
    /// Look at layouts (the `trusted.lov` attribute)
    #[command(subcommand)]
    Layout(Layout),
    /// Compute what a parity mirror holds for a file
    Parity(Parity),
    /// What there would be to do, without doing it
    #[command(subcommand)]
    Plan(Plan),
    /// Calculate with erasure codes
    #[command(subcommand)]
    Ec(Ec),
    /// Measure this machine
    #[command(subcommand)]
    Bench(Bench),
    /// The whole story on one file: stripe, lose two OSTs, read, rebuild, verify
    Demo(Demo),
}

/// A store and the OSTs of it that are away.
#[derive(Debug, Args)]
pub struct Store {
    /// Folder that holds the OST folders
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// OST indices to treat as lost, as 3,7 or 2-4
    #[arg(long, value_name = "LIST", value_parser = ost_list)]
    pub without: Option<OstList>,
}

/// OST indices.
#[derive(Clone, Debug, Default)]
pub struct OstList(pub Vec<u32>);

#[derive(Debug, Args)]
pub struct Stripe {
    /// The file to stripe
    pub file: PathBuf,
    /// Options of `lfs setstripe`, as '-E 64M -c 4 --ec 4+2 -E -1 -c 8 --ec 8+2'
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub layout: String,
    /// Folder that holds the OST folders; made if it is missing or empty
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Name in the store (default: the file's own)
    #[arg(long)]
    pub name: Option<String>,
    /// OSTs of a new store [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub osts: Option<u32>,
    /// Do not wait until the objects are on the disk
    #[arg(long)]
    pub no_sync: bool,
}

#[derive(Debug, Args)]
pub struct Cat {
    /// Name in the store
    pub name: String,
    #[command(flatten)]
    pub store: Store,
    /// Write to a file, which appears when it is complete (default: standard output)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Bytes to read, as 0..64M (default: all)
    #[arg(long, value_name = "A..B", value_parser = numbers::range)]
    pub range: Option<numbers::Bytes>,
    /// Check healthy data against its parity too, and say what was proved
    #[arg(long)]
    pub report: bool,
    /// With -o: keep what can be had of a damaged file; lost ranges are left as holes
    #[arg(long, requires = "output")]
    pub partial: bool,
}

#[derive(Debug, Args)]
pub struct Resync {
    /// Name in the store
    pub name: String,
    #[command(flatten)]
    pub store: Store,
    /// Do not wait until the objects are on the disk
    #[arg(long)]
    pub no_sync: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Name in the store
    pub name: String,
    #[command(flatten)]
    pub store: Store,
}

#[derive(Debug, Args)]
pub struct Rebuild {
    /// Name in the store
    pub name: String,
    #[command(flatten)]
    pub store: Store,
    /// OSTs to rebuild onto (default: any that hold no other member of the RAID set)
    #[arg(long, value_name = "LIST", value_parser = ost_list)]
    pub onto: Option<OstList>,
    /// Allow two members of a RAID set on one OST if there is no other way
    #[arg(long)]
    pub share: bool,
    /// Do not wait until the objects are on the disk
    #[arg(long)]
    pub no_sync: bool,
}

#[derive(Debug, Args)]
pub struct Ls {
    #[command(flatten)]
    pub store: Store,
}

#[derive(Debug, Args)]
pub struct Rm {
    /// Name in the store
    pub name: String,
    #[command(flatten)]
    pub store: Store,
}

#[derive(Debug, Subcommand)]
pub enum Layout {
    /// Print a layout as `lfs getstripe -v` does
    Show(Show),
    /// Draw a layout: which OSTs hold which bytes
    Draw(Draw),
    /// Print which object bytes hold a range of the file
    Map {
        /// The attribute, as for `layout show`
        ea: String,
        /// Bytes of the file, as 0..64M
        #[arg(long, value_name = "A..B", value_parser = numbers::range)]
        range: numbers::Bytes,
        /// Mirror id (default: the first one)
        #[arg(long, value_name = "N")]
        mirror: Option<u16>,
    },
}

#[derive(Debug, Args)]
pub struct Show {
    /// The attribute: a binary file, a file with the hex text of `getfattr -e hex` or the YAML of
    /// `lfs getstripe -y`, hex text itself, or - for standard input
    pub ea: String,
    /// As `lfs getstripe` without -v
    #[arg(long)]
    pub brief: bool,
    /// As `lfs getstripe -y`
    #[arg(long, short, conflicts_with = "brief")]
    pub yaml: bool,
    /// FID of the file, as [0x200000401:0x5:0x0]: the attribute is a client's, print the MDT's form
    #[arg(long, value_name = "FID", value_parser = fid)]
    pub fid: Option<Fid>,
}

#[derive(Debug, Args)]
pub struct Draw {
    /// The attribute, as for `layout show`
    pub ea: String,
    /// Write SVG to a file (- is standard output) instead of drawing with characters
    #[arg(long, value_name = "FILE", conflicts_with_all = ["width", "all", "color"])]
    pub svg: Option<PathBuf>,
    /// Characters in a line [default: the terminal's COLUMNS, or 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(60..=1000))]
    pub width: Option<u16>,
    /// Mark where this byte of the file lives, as 150M
    #[arg(long, value_name = "X", value_parser = numbers::size)]
    pub byte: Option<u64>,
    /// All stripes, however many there are
    #[arg(long)]
    pub all: bool,
    /// Colours for OSTs
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

/// `[0x200000401:0x5:0x0]`, with or without brackets.
fn fid(text: &str) -> Result<Fid, String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let number = |word: &str| match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    };
    let parts: Option<Vec<u64>> = inner.split(':').map(number).collect();
    let expected = || format!("expected a FID, as [0x200000401:0x5:0x0], got '{text}'");
    let [seq, oid, ver] = parts.ok_or_else(expected)?[..] else { return Err(expected()) };
    let word = |value| u32::try_from(value).map_err(|_| expected());
    Ok(Fid { seq, oid: word(oid)?, ver: word(ver)? })
}

#[derive(Debug, Args)]
pub struct Parity {
    /// The layout attribute, as for `layout show`
    pub ea: String,
    /// The file whose parity is wanted
    pub file: PathBuf,
    /// Id of the parity mirror (default: the first one)
    #[arg(long, value_name = "N")]
    pub mirror: Option<u16>,
    /// Where the parity goes; appears when it is complete
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// A file of your own (default: one of some 256 MiB is made)
    pub file: Option<PathBuf>,
    /// Options of `lfs setstripe`
    #[arg(
        long,
        value_name = "OPTIONS",
        allow_hyphen_values = true,
        default_value = "-E 64M -S 1M -c 4 --ec 4+2 -E -1 -S 1M -c 8 --ec 8+2"
    )]
    pub layout: String,
    /// OSTs of the store
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub osts: u32,
    /// Where to put the store; kept afterwards (default: a temporary folder, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `3,7` or `2-4,9`; decimal or 0x hex.
pub fn ost_list(text: &str) -> Result<OstList, String> {
    let number = |t: &str| -> Result<u32, String> {
        let t = t.trim();
        let parsed = match t.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => t.parse(),
        };
        parsed
            .ok()
            .filter(|n| *n <= 0xffdf)
            .ok_or_else(|| format!("expected an OST index of 0..=65503, got '{t}'"))
    };
    let mut list = Vec::new();
    for part in text.split(',').filter(|p| !p.trim().is_empty()) {
        match part.split_once('-') {
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from > to {
                    return Err(format!("the range {part} is reversed"));
                }
                list.extend(from..=to);
            }
            None => list.push(number(part)?),
        }
    }
    list.sort_unstable();
    list.dedup();
    Ok(OstList(list))
}

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
    /// are known the file's size in bytes and its name
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

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Encode, verify and reconstruct with every backend of this machine
    Ec(BenchEc),
}

#[derive(Debug, Args)]
pub struct BenchEc {
    /// Codes to measure [default: 4+2,8+2,10+4, and larger ones for advice]
    #[arg(long, value_name = "LIST")]
    pub geometry: Option<String>,
    /// Bytes of a shard, as 64K
    #[arg(long, value_name = "SIZE", default_value = "64K")]
    pub size: String,
    /// Seconds for each figure [default: 0.5, for advice 0.05, to explain 0.2]
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// Only this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Say which code and which backend suit this machine; wide codes are not Lustre's
    #[arg(long, conflicts_with = "backend")]
    pub advise: bool,
    /// Show how the parity of these codes is computed (on the best backend or the one given), and
    /// measure whether another way is faster
    #[arg(long, value_name = "LIST", conflicts_with_all = ["advise", "geometry", "size"])]
    pub explain: Option<String>,
}
