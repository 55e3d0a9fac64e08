//! The command line.

mod bench;
mod layout;
mod plan;

pub use bench::{Bench, BenchChecksum, BenchEc};
pub use layout::{
    Color, Draw, Edit, Layout, LayoutCheck, LayoutEdit, LayoutJoin, LayoutMake, Show,
};
pub use plan::{Ec, EcCalc, Plan, PlanLoss};

use crate::numbers;
use clap::{Args, Parser, Subcommand};
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
    /// Look at layouts (the `trusted.lov` attribute), make, check and change them
    #[command(subcommand)]
    Layout(Layout),
    /// Compute what a parity mirror holds for a file
    Parity(Parity),
    /// Print the checksums of files, as Lustre's wire or storage around it has them
    Checksum(ChecksumFiles),
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

#[derive(Debug, Args)]
pub struct ChecksumFiles {
    /// Which: crc32, adler, crc32c, t10ip512, t10ip4K, t10crc512, t10crc4K, crc32ieee, crc64nvme, or all
    #[arg(long = "type", value_name = "LIST", value_delimiter = ',', default_value = "crc32c")]
    pub types: Vec<String>,
    /// Files; holes are not read. - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
