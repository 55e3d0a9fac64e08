//! Our backends, ISA-L, a byte table and the memory's own speed side by side.
//!
//! `cargo bench --bench ec [--all-features] [-- --quick] [-- --layout L] [-- WORD...]`; a WORD
//! keeps the lines that have a word beginning so: `encode 8+2 64K`, `plan gfni256`. `--quick` (also
//! when not run by `cargo bench`) does each thing a few times only, for three codes. `--layout
//! stagger,huge` puts shards a few cache lines apart, on pages of 2 MiB. `LUSTRINE_ISAL=FILE` names
//! the ISA-L to race against. The crates that do the same are raced by `benches/peers`. Without the
//! features `checksum` and `rayon` what needs them is left out.
//!
//! Contestants of a line take turns on the same buffers in one process, each turn some
//! milliseconds, and each result is checked before anything is timed. Printed are medians in GB of
//! data per second (parity is not counted; for a reconstruction too, it is the k shards read, for an
//! update the one that changes), and the medians over turns of the ratios of the first contestant to
//! others. Time is what the thread had a CPU for, but for `threads`: there it is the wall's. Lines
//! that start with `==` sum up the ratios of an operation, and the summary at the end those that
//! targets are set for. Working sets beyond the caches rotate over 1 GiB.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

mod arena;
mod ceiling;
mod digest;
mod encode;
#[path = "../../tests/common/isal.rs"]
mod isal;
mod locate;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
mod overhead;
mod pipeline;
mod plan;
mod race;
mod reconstruct;
mod summary;
#[cfg(feature = "rayon")]
mod threads;
mod totals;
mod update;
mod verify;

use isal::Isal;
use race::{Code, Race, Ratios};
use summary::{FIGURES, Figure, SEVEN, SHUFFLE_FIGURES, Summary};
use totals::Totals;

/// What every operation is given.
struct Bench {
    race: Race,
    isal: Option<Isal>,
}

/// Races on one code and size, and gives the ratios.
type Run = fn(&Bench, Code, usize) -> Ratios;

const SIZES: &[usize] = &[4 << 10, 64 << 10, 1 << 20];
const OPERATIONS: &[(&str, Run, &[usize], &[Figure])] = &[
    ("encode", encode::encode, SIZES, FIGURES),
    ("encode-avx2", encode::encode_avx2, SIZES, SHUFFLE_FIGURES),
    ("verify", verify::verify, SIZES, FIGURES),
    ("rebuild-1", reconstruct::one, SIZES, FIGURES),
    ("rebuild-p", reconstruct::most, SIZES, FIGURES),
    ("update", update::update, SIZES, FIGURES),
    ("update-many", update::many, SIZES, FIGURES),
    ("locate", locate::locate, SIZES, &[SEVEN]),
    ("pipeline", pipeline::pipeline, &[64 << 10, 1 << 20], &[SEVEN]),
    ("segments", pipeline::segments, &[64 << 10, 1 << 20], &[SEVEN]),
    ("digest", digest::digest, SIZES, &[digest::ONE]),
    ("digest-pass", digest::pass, &[64 << 10, 1 << 20], &[SEVEN]),
    #[cfg(feature = "rayon")]
    ("threads", threads::cached, &[64 << 10, 256 << 10, 1 << 20], &[SEVEN]),
    #[cfg(feature = "rayon")]
    ("threads-dram", threads::dram, &[1 << 20], &[SEVEN]),
];

fn main() {
    let bench = Bench { race: Race::from_arguments(), isal: isal::load() };
    bench.race.print_header(bench.isal.map(|isal| isal.name()));
    let mut totals = Totals::default();
    overhead::overhead(&bench, &mut totals);
    for (op, run, sizes, figures) in OPERATIONS {
        bench.operation(op, sizes, figures, &mut totals, run);
    }
    plan::plan(&bench, &mut totals);
    totals.print(bench.race.quick);
}

impl Bench {
    /// Races on all codes of the figures that the user asked for, and sums up.
    fn operation(
        &self,
        op: &str,
        sizes: &[usize],
        figures: &[Figure],
        totals: &mut Totals,
        run: impl Fn(&Bench, Code, usize) -> Ratios,
    ) {
        for size in sizes {
            let mut summary = Summary::new();
            for code in summary::codes(figures) {
                if self.race.wants(op, code, *size) {
                    summary.add(code, run(self, code, *size));
                }
            }
            summary.print(op, *size, figures);
            totals.add(op, *size, &summary);
        }
    }
}
