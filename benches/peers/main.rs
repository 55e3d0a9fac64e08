//! The other erasure coders among Rust's crates, in the same race as ours and ISA-L.
//!
//! `cargo bench -p lustrine-peers [-- OPTION...] [-- WORD...]`, options and words as for `ec`, whose
//! files these are but for this folder's. A package of its own, because these crates need a newer
//! compiler than the library, a C compiler, and time to build that its tests should not pay for.
//!
//! rusty_erasure has Lustre's code too and must give the same bytes. reed-solomon-erasure has
//! another matrix over the same field, reed-solomon-simd another field: they are checked with their
//! own parity, and raced because a user may choose them instead.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

#[path = "../ec/arena.rs"]
#[allow(dead_code)]
mod arena;
#[path = "../ec/ceiling.rs"]
#[allow(dead_code)]
mod ceiling;
#[path = "../ec/encode.rs"]
#[allow(dead_code)]
mod encode;
#[path = "../../tests/common/isal.rs"]
mod isal;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
mod peers;
#[path = "../ec/race.rs"]
#[allow(dead_code)]
mod race;
#[path = "../ec/reconstruct.rs"]
#[allow(dead_code)]
mod reconstruct;
#[path = "../ec/summary.rs"]
#[allow(dead_code)]
mod summary;
mod wide;

use isal::Isal;
use race::{Code, Race, Ratios};
use summary::{FIGURES, Figure, Summary};

/// What every operation is given.
struct Bench {
    race: Race,
    isal: Option<Isal>,
}

/// Races on one code and size, and gives the ratios.
type Run = fn(&Bench, Code, usize) -> Ratios;

const CACHED: &[usize] = &[4 << 10, 64 << 10];
const OPERATIONS: [(&str, Run, &[usize], &[Figure]); 5] = [
    ("encode", peers::encode, &[4 << 10, 64 << 10, 1 << 20], FIGURES),
    ("rebuild-1", peers::rebuild_one, CACHED, FIGURES),
    ("rebuild-p", peers::rebuild_most, CACHED, FIGURES),
    ("wide-encode", wide::encode, CACHED, wide::FIGURES),
    ("wide-rebuild", wide::rebuild, CACHED, wide::FIGURES),
];

fn main() {
    let bench = Bench { race: Race::from_arguments(), isal: isal::load() };
    bench.race.print_header(bench.isal.map(|isal| isal.name()));
    for (op, run, sizes, figures) in OPERATIONS {
        for size in sizes {
            let mut summary = Summary::new();
            for code in summary::codes(figures) {
                if bench.race.wants(op, code, *size) {
                    summary.add(code, run(&bench, code, *size));
                }
            }
            summary.print(op, *size, figures);
        }
    }
}
