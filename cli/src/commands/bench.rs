//! `lustrine bench`.

use crate::args::BenchEc;
use crate::bench_ec;
use crate::failure::{Code, Failure};
use crate::ui::Ui;

pub fn ec(args: &BenchEc, ui: &Ui) -> Result<Code, Failure> {
    let _ = (args, ui, bench_ec::run);
    Ok(Code::Clean)
}
