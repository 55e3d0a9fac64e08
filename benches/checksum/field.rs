//! One line of the race: contestants that each make a value of a piece.

use std::hint::black_box;

use crate::Bench;
use crate::arena::Arena;
use crate::race::{Contestant, Race, Versus};

/// Bytes of one call: the shortest, a page, what stays in the second-level cache, DRAM.
pub(crate) const SIZES: &[usize] = &[512, 4 << 10, 64 << 10, 1 << 20];
/// As many calls as fill this are one run.
const RUN: usize = 16 << 10;

/// The pieces of one line, and how it is called.
pub(crate) struct Pieces<'a> {
    race: &'a Race,
    label: String,
    arena: Arena,
}

impl<'a> Pieces<'a> {
    /// The line of this name and size, if the user asked for it.
    pub(crate) fn new(bench: &'a Bench, name: &str, size: usize) -> Option<Pieces<'a>> {
        let label = match size {
            ..1024 => format!("{name} {size}B"),
            _ => format!("{name} {}K", size >> 10),
        };
        let race = &bench.race;
        let calls = (RUN / size).max(1);
        // The arena keeps what is up to 64 KiB in the caches.
        race.wants_line(&label).then(|| Pieces { race, label, arena: race.arena(calls, size) })
    }

    /// Nobody runs yet. Of each piece `values` values are made.
    pub(crate) fn field<T: Value>(&self, values: usize) -> Field<'_, T> {
        Field { pieces: self, values, right: None, list: Vec::new() }
    }
}

/// A checksum or a guard.
pub(crate) trait Value: Copy + Default + PartialEq + 'static {}
impl<T: Copy + Default + PartialEq + 'static> Value for T {}

/// Contestants of a line: all must agree with the first before they may take part.
pub(crate) struct Field<'a, T> {
    pieces: &'a Pieces<'a>,
    values: usize,
    right: Option<Vec<T>>,
    list: Vec<Contestant<'a>>,
}

impl<'a, T: Value> Field<'a, T> {
    /// One that makes one value of a piece.
    pub(crate) fn add(&mut self, name: &'static str, make: impl Fn(&[u8]) -> T + 'a) {
        self.add_many(name, move |piece, values| values[0] = make(piece));
    }

    pub(crate) fn add_many(&mut self, name: &'static str, make: impl Fn(&[u8], &mut [T]) + 'a) {
        let arena = &self.pieces.arena;
        let mut values = vec![T::default(); self.values];
        let mut all = Vec::new();
        for piece in arena.set(0) {
            make(piece.as_ref(), &mut values);
            all.extend_from_slice(&values);
        }
        let right = self.right.get_or_insert_with(|| all.clone());
        assert!(all == *right, "{name} gives wrong values");
        self.list.push(Contestant::new(name, move |set| {
            for piece in arena.set(set) {
                make(piece.as_ref(), &mut values);
                // Nothing of a slice in vector registers here: ISA-L leaves the upper halves of
                // some in use, and what mixes with that costs 150 ns.
                black_box(values.as_mut_ptr());
            }
            zero_upper();
        }));
    }

    /// Times all, and compares the first with each that is named.
    pub(crate) fn race(&self, versus: &[Versus]) {
        let Pieces { race, label, arena } = self.pieces;
        race.line(label, arena.set_bytes(), arena, &self.list, versus);
    }
}

/// What ISA-L leaves behind must not slow down the next contestant.
fn zero_upper() {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the CPU has it; no value is kept in the upper halves across a call.
        unsafe { std::arch::x86_64::_mm256_zeroupper() };
    }
}

/// The first contestant to each rival.
pub(crate) const RIVALS: &[Versus] = &[
    Versus { title: "xISAL", rivals: &["isal"] },
    Versus { title: "xcrc-fast", rivals: &["crc-fast"] },
    Versus { title: "xcrc32fast", rivals: &["crc32fast"] },
];
