//! The command line.

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
    Show {
        /// The attribute: a binary file, a file with the hex text of `getfattr -e hex`, hex text
        /// itself, or - for standard input
        ea: String,
    },
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
    /// Make the layout that options of `lfs setstripe` ask for
    Make(LayoutMake),
    /// List everything that is wrong with layouts
    ///
    /// Exit code 1 if Lustre refuses one, 3 if a part of one cannot be used, else 0.
    Check(LayoutCheck),
    /// Change a layout without moving data
    Edit(LayoutEdit),
    /// Join files into one without moving data, and say why where that cannot be
    Join(LayoutJoin),
}

#[derive(Debug, Args)]
pub struct LayoutMake {
    /// Options of `lfs setstripe` as one argument, as '-E 64M -c 4 --ec 4+2 -E -1 -c 8'
    #[arg(allow_hyphen_values = true, required_unless_present_any = ["yaml", "copy"])]
    pub options: Option<String>,
    /// The options are those of `lfs mirror create`
    #[arg(long, requires = "options")]
    pub mirror: bool,
    /// A template, as `lfs getstripe --yaml` prints it, instead of options
    #[arg(long, value_name = "FILE", conflicts_with_all = ["options", "copy"])]
    pub yaml: Option<PathBuf>,
    /// A layout to copy, instead of options
    #[arg(long, value_name = "EA", conflicts_with = "options")]
    pub copy: Option<String>,
    /// The layout of a file on this many OSTs (default: the request that goes to the MDT)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65503))]
    pub osts: Option<u32>,
    /// Size of the file: components that it reaches get objects
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = numbers::size, requires = "osts")]
    pub size: u64,
    /// A pool and its OSTs, as fast=0-5; repeatable
    #[arg(long, value_name = "NAME=LIST", value_parser = pool, requires = "osts")]
    pub pool: Vec<(String, Vec<u32>)>,
    /// The OSTs stand in this many failure domains in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "osts")]
    pub domains: Option<u32>,
    /// The OST that the choice starts at; the others follow in turn
    #[arg(long, value_name = "N", default_value_t = 0, requires = "osts")]
    pub first: u32,
    /// Print the shortest options that ask for it, no layout
    #[arg(long, conflicts_with = "output")]
    pub options_only: bool,
    /// Write the attribute's bytes to a file (default: hex text on standard output)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LayoutCheck {
    /// The attributes, as for `layout show`
    #[arg(required = true, value_name = "EA")]
    pub eas: Vec<String>,
}

#[derive(Debug, Args)]
pub struct LayoutEdit {
    /// The attribute, as for `layout show`
    pub ea: String,
    #[command(subcommand)]
    pub edit: Edit,
    /// Write the attribute's bytes to a file (default: hex text on standard output)
    #[arg(long, short, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Edit {
    /// Add, remove or flag components: options of `lfs setstripe` with --comp-add, --comp-del or
    /// --comp-set as one argument
    Set {
        #[arg(allow_hyphen_values = true)]
        options: String,
    },
    /// Add the mirrors of another file, which must hold the same data
    Extend {
        /// Its attribute, as for `layout show`
        other: String,
    },
    /// Take a mirror out
    Split {
        /// Its id
        mirror: u16,
        /// Its objects will be destroyed (the only way for parity)
        #[arg(long)]
        destroy: bool,
        /// Where its layout goes, as that of a file of its own
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Mark a mirror as outdated
    Stale {
        /// Its id
        mirror: u16,
    },
    /// Mark components as up to date after a resync
    ResyncDone {
        /// Ids of components (default: all that are stale)
        #[arg(value_parser = component_id)]
        ids: Vec<u32>,
    },
}

#[derive(Debug, Args)]
pub struct LayoutJoin {
    /// Parts in order: an attribute and the bytes taken of it, as a.lov:0..64M (the last one may
    /// be open: b.lov:64M..)
    #[arg(required = true, value_name = "EA:A..B", value_parser = part)]
    pub parts: Vec<JoinPart>,
    /// Write the attribute's bytes to a file (default: hex text on standard output)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Some bytes of a file.
#[derive(Clone, Debug)]
pub struct JoinPart {
    pub ea: String,
    pub bytes: numbers::Bytes,
}

fn part(text: &str) -> Result<JoinPart, String> {
    let shape = || format!("'{text}' is no part: expected EA:A..B, as a.lov:0..64M");
    let (ea, bytes) = text.rsplit_once(':').ok_or_else(shape)?;
    Ok(JoinPart { ea: ea.to_owned(), bytes: numbers::range(bytes)? })
}

fn pool(text: &str) -> Result<(String, Vec<u32>), String> {
    let shape = || format!("'{text}' is no pool: expected NAME=LIST, as fast=0-5");
    let (name, list) = text.split_once('=').ok_or_else(shape)?;
    Ok((name.to_owned(), ost_list(list)?.0))
}

/// Decimal or 0x hex.
fn component_id(text: &str) -> Result<u32, String> {
    let id = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    id.map_err(|_| format!("expected a component id below 2^32, got '{text}'"))
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

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Encode, verify and reconstruct with every backend of this machine
    Ec(BenchEc),
    /// Take checksums with every backend of this machine, as the kernel's test at boot does
    Checksum(BenchChecksum),
}

#[derive(Debug, Args)]
pub struct BenchChecksum {
    /// Which, see `lustrine checksum --type`
    #[arg(long = "type", value_name = "LIST", value_delimiter = ',', default_value = "all")]
    pub types: Vec<String>,
    /// Seconds for each figure; the kernel takes 0.25
    #[arg(long, value_name = "S", default_value_t = 0.25)]
    pub seconds: f64,
    /// Only this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Say which checksum to enable for a client and a server with these rates
    #[arg(long, requires_all = ["client", "server"], conflicts_with_all = ["types", "backend"])]
    pub advise: bool,
    /// GB/s that a client has to sum, and its cores, as 12.5 or 12.5/16
    #[arg(long, value_name = "RATE[/CORES]", requires = "advise")]
    pub client: Option<String>,
    /// The same of a server
    #[arg(long, value_name = "RATE[/CORES]", requires = "advise")]
    pub server: Option<String>,
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
