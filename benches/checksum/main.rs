//! Our checksums, ISA-L's and those of other crates side by side.
//!
//! `cargo bench --bench checksum [-- --quick] [-- --layout L] [-- WORD...]`; a
//! WORD keeps the lines that have a word beginning so: `crc32c 4K`, `guards`. The rest is as for the
//! bench `ec`, whose race this is: contestants take turns on the same buffers in one process, and
//! each result is checked before anything is timed. `LUSTRINE_ISAL=FILE` names the ISA-L to race
//! against.
//!
//! A size is what one call is given. Of small ones several calls are a run, over 16 KiB: what a call
//! costs counts, what the race itself costs does not. 1024K lies in DRAM: a GiB is gone through.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

// Shared with the bench `ec`, which uses all of it.
#[path = "../ec/arena.rs"]
#[allow(dead_code)]
mod arena;
mod crcs;
mod field;
mod guards;
#[path = "../../tests/common/isal.rs"]
mod isal;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
#[path = "../ec/race.rs"]
#[allow(dead_code)]
mod race;
mod sums;

use isal::Isal;
use race::Race;

/// What every operation is given.
struct Bench {
    race: Race,
    isal: Option<Isal>,
}

/// Races on all sizes.
type Run = fn(&Bench);

/// Each leaves out the lines that the user did not ask for.
const OPERATIONS: &[Run] =
    &[crcs::crc32, crcs::crc32c, crcs::crc64, guards::guards, sums::adler, sums::guards];

fn main() {
    let bench = Bench { race: Race::from_arguments(), isal: isal::load() };
    bench.race.print_header(bench.isal.map(|isal| isal.name()));
    OPERATIONS.iter().for_each(|run| run(&bench));
}
