//! One file for each command, or family of commands.

pub mod bench;
mod bench_advise;
mod bench_checksum;
mod bench_ec;
mod bench_explain;
pub mod cat;
pub mod checksum;
pub mod demo;
pub mod ec_calc;
pub mod layout;
mod layout_check;
mod layout_draw;
mod layout_edit;
mod layout_make;
pub mod names;
pub mod parity;
pub mod plan_loss;
pub mod repair;
pub mod stripe;

use crate::args::Store;
use crate::failure::Failure;
use lustrine::engine::Volume;

/// Opens the store that the arguments name.
fn open(args: &Store) -> Result<Volume, Failure> {
    let without = args.without.clone().unwrap_or_default().0;
    Ok(Volume::open(&args.store, &without)?)
}
