//! Encode, verify and reconstruct: our backends, ISA-L, a byte table and the memory's own speed
//! side by side.
//!
//! `cargo bench --bench ec [-- --quick] [-- --layout L] [-- WORD...]`; a WORD keeps the lines
//! that have a word beginning so: `encode 8+2 64K`. `--quick` (also when not run by `cargo bench`) does each thing a few times only,
//! for three codes. `--layout stagger,huge` puts shards a few cache lines apart, on pages of 2 MiB.
//! `LUSTRINE_ISAL=FILE` names the ISA-L to race against. The crates that do the same are raced by
//! `benches/peers`.
//!
//! Contestants of a line take turns on the same buffers in one process, each turn some
//! milliseconds, and each result is checked before anything is timed. Printed are medians in GB of
//! data per second (parity is not counted; for a reconstruction too, it is the k shards read), and
//! the medians over turns of the ratios of the first contestant, our best backend, to others. Lines
//! that start with `==` sum up the ratios of an operation. Working sets beyond the caches rotate
//! over 1 GiB.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

mod arena;
mod ceiling;
mod encode;
#[path = "../../tests/common/isal.rs"]
mod isal;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
mod overhead;
mod race;
mod reconstruct;
mod summary;
mod verify;

use isal::Isal;
use race::{Code, Race, Ratios};
use summary::{FIGURES, Figure, SHUFFLE_FIGURES, Summary};

/// What every operation is given.
struct Bench {
    race: Race,
    isal: Option<Isal>,
}

/// Races on one code and size, and gives the ratios.
type Run = fn(&Bench, Code, usize) -> Ratios;

const OPERATIONS: [(&str, Run, &[Figure]); 5] = [
    ("encode", encode::encode, FIGURES),
    ("encode-avx2", encode::encode_avx2, SHUFFLE_FIGURES),
    ("verify", verify::verify, FIGURES),
    ("rebuild-1", reconstruct::one, FIGURES),
    ("rebuild-p", reconstruct::most, FIGURES),
];
const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];

fn main() {
    let bench = Bench { race: Race::from_arguments(), isal: isal::load() };
    bench.race.print_header(bench.isal.map(|isal| isal.name()));
    overhead::overhead(&bench);
    for (op, run, figures) in OPERATIONS {
        for size in SIZES {
            let mut summary = Summary::new();
            for code in summary::codes(figures) {
                if bench.race.wants(op, code, size) {
                    summary.add(code, run(&bench, code, size));
                }
            }
            summary.print(op, size, figures);
        }
    }
}
