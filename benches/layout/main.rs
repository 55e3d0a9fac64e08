//! Figures of the layout engine: `cargo bench --bench layout [-- --quick] [-- WORD...]`; a WORD
//! keeps the entries of that name.
//!
//! Contestants of an entry take turns in one process; printed are medians over the turns, and the
//! median ratio of the first to each other one. Every result is checked before it is timed.
#![allow(clippy::unwrap_used, missing_docs)]

mod draw;
mod loss;
mod map;
mod parse;
mod turns;

use turns::Turns;

/// Runs the contestants of one subject.
type Entry = fn(&Turns);

fn main() {
    let (mut quick, mut bench) = (false, false);
    let mut words = Vec::new();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--quick" => quick = true,
            // Cargo says so when it benches; `cargo test --benches` does not, and wants it quick.
            "--bench" => bench = true,
            option if option.starts_with("--") => panic!("unknown option {option}"),
            _ => words.push(word),
        }
    }
    let turns = Turns::new(quick || !bench);
    let entries: [(&str, Entry); 4] =
        [("parse", parse::run), ("map", map::run), ("draw", draw::run), ("loss", loss::run)];
    for (name, run) in entries {
        if words.is_empty() || words.iter().any(|word| word == name) {
            run(&turns);
        }
    }
}
