//! `lustrine layout`.

use super::ost_list;
use crate::numbers;
use clap::{Args, Subcommand};
use lustrine::layout::Fid;
use std::path::PathBuf;

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
