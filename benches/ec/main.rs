//! Encode, verify and reconstruct: our backends, ISA-L and a byte table side by side.
//!
//! `cargo bench --bench ec [-- --quick] [-- WORD...]`; a WORD keeps the lines whose label has it.
//! `--quick` (also when not run by `cargo bench`) does each thing a few times only.
//!
//! Contestants of a line take turns on the same buffers in one process, each turn some
//! milliseconds, and each result is checked before anything is timed. Printed are medians in GB of
//! data per second (parity is not counted; for a reconstruction too, it is the k shards read), and
//! the median over turns of the ratio to ISA-L. Working sets beyond the caches rotate over 1 GiB.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

#[path = "../../tests/common/isal.rs"]
mod isal;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
mod race;

use std::hint::black_box;

use isal::{Isal, Tables};
use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;
use race::{Arena, Contestant, Race, Shard, pointers};

const GEOMETRIES: [(usize, usize); 7] =
    [(4, 2), (8, 2), (10, 2), (8, 3), (10, 4), (16, 3), (20, 8)];
const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says --bench when it benches; `cargo test --benches` does not.
    let quick = !arguments.iter().any(|word| word == "--bench")
        || arguments.iter().any(|word| word == "--quick");
    let words: Vec<_> = arguments.into_iter().filter(|word| !word.starts_with("--")).collect();
    let isal = isal::load();
    let race = Race::new(quick, words);
    race.print_machine();
    for op in [encode as fn(&Race, Option<&Isal>, usize, usize, usize), verify, reconstruct] {
        for size in SIZES {
            for (k, p) in GEOMETRIES {
                op(&race, isal.as_ref(), k, p, size);
            }
        }
    }
}

/// Data shards filled, parity shards right.
fn arena(race: &Race, isal: Option<&Isal>, k: usize, p: usize, size: usize) -> Arena {
    let arena = Arena::new(race, k + p, size);
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    for set in 0..arena.sets() {
        let (data, mut parity) = arena.split(set, k);
        codec.encode(data, &mut parity).unwrap();
    }
    // The schoolbook is slow, so it checks a part; ISA-L all of the first set.
    let (data, parity) = arena.split(0, k);
    let head: Vec<_> = data.iter().map(|shard| &shard.as_ref()[..4096]).collect();
    for (row, expected) in parity.iter().zip(oracle::encode(&head, p)) {
        assert!(row.as_ref()[..4096] == expected, "encode gives wrong bytes");
    }
    if let Some(isal) = isal {
        let mut expected = vec![vec![0; size]; p];
        isal.encode(&isal.tables(k, &isal.matrix(k, p)[k * k..]), data, &mut expected);
        assert!(parity.iter().zip(&expected).all(|(row, expected)| row.as_ref() == expected));
    }
    arena
}

/// Lists our backends as contestants, each checked by `check` after one run of `job`.
fn ours<'a>(
    arena: &'a Arena,
    (k, p): (usize, usize),
    job: impl Fn(&Codec, usize) + Copy + 'a,
    check: impl Fn(&str),
) -> Vec<Contestant<'a>> {
    let mut list = Vec::new();
    for backend in Backend::available() {
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        arena.clear(k);
        job(&codec, 0);
        check(backend.name());
        list.push(Contestant::new(backend.name(), move |set| job(&codec, set)));
    }
    list
}

fn encode(race: &Race, isal: Option<&Isal>, k: usize, p: usize, size: usize) {
    let label = format!("encode {k}+{p}");
    if !race.wants(&label, size) {
        return;
    }
    let arena = &arena(race, isal, k, p, size);
    let right: Vec<Vec<u8>> = arena.split(0, k).1.iter().map(|row| row.as_ref().to_vec()).collect();
    let right = &right;
    let check = move |name: &str| {
        let same = arena.split(0, k).1.iter().zip(right).all(|(row, right)| row.as_ref() == right);
        assert!(same, "{name} gives wrong bytes");
    };
    let job = move |codec: &Codec, set: usize| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode(data, &mut parity).unwrap();
    };
    let mut list = ours(arena, (k, p), job, check);
    if let Some(isal) = isal {
        let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
        arena.clear(k);
        isal_encode(isal, &tables, arena, 0, k);
        check("isal");
        list.push(Contestant::new("isal", move |set| isal_encode(isal, &tables, arena, set, k)));
    }
    let table = byte_table();
    let slow = move |set: usize| byte_table_encode(&table, arena, set, k);
    arena.clear(k);
    slow(0);
    check("bytetable");
    list.push(Contestant::new("bytetable", slow));
    race.run(&label, k * size, arena, list);
}

fn verify(race: &Race, isal: Option<&Isal>, k: usize, p: usize, size: usize) {
    let label = format!("verify {k}+{p}");
    if !race.wants(&label, size) {
        return;
    }
    let arena = &arena(race, isal, k, p, size);
    let job = move |codec: &Codec, set: usize| {
        let (data, parity) = arena.split(set, k);
        assert!(codec.verify(data, &parity).unwrap());
    };
    let mut list = Vec::new();
    for backend in Backend::available() {
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        let (data, mut parity) = arena.split(0, k);
        parity[p - 1].as_mut()[size - 1] ^= 1;
        assert!(!codec.verify(data, &parity).unwrap(), "{backend} misses a wrong bit");
        parity[p - 1].as_mut()[size - 1] ^= 1;
        list.push(Contestant::new(backend.name(), move |set| job(&codec, set)));
    }
    // What one does without a verify: encode into scratch, and compare.
    let compare = move |scratch: &[Vec<u8>], set: usize| {
        assert!(
            arena.split(set, k).1.iter().zip(scratch).all(|(row, fresh)| row.as_ref() == fresh)
        );
    };
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    let mut scratch = vec![vec![0; size]; p];
    list.push(Contestant::new("best+memcmp", move |set| {
        codec.encode(arena.split(set, k).0, &mut scratch).unwrap();
        compare(&scratch, set);
    }));
    if let Some(isal) = isal {
        let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
        let mut scratch = vec![vec![0; size]; p];
        list.push(Contestant::new("isal", move |set| {
            isal.encode(&tables, arena.split(set, k).0, &mut scratch);
            compare(&scratch, set);
        }));
    }
    race.run(&label, k * size, arena, list);
}

fn reconstruct(race: &Race, isal: Option<&Isal>, k: usize, p: usize, size: usize) {
    for lost in [1, p] {
        let label = format!("rebuild {lost} of {k}+{p}");
        if !race.wants(&label, size) {
            continue;
        }
        // Shards 0.. are lost, and written where the last sources' spares would be: an arena with
        // `lost` shards more.
        let arena = &Arena::new(race, k + p + lost, size);
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        for set in 0..arena.sets() {
            let (data, mut rest) = arena.split(set, k);
            codec.encode(data, &mut rest[..p]).unwrap();
        }
        let check = move |name: &str| {
            let (data, rest) = arena.split(0, k);
            let same = data[..lost]
                .iter()
                .zip(&rest[p..])
                .all(|(right, got)| right.as_ref() == got.as_ref());
            assert!(same, "{name} gives wrong bytes");
        };
        let job = move |codec: &Codec, set: usize| {
            let (data, mut rest) = arena.split(set, k);
            let (parity, spare) = rest.split_at_mut(p);
            let mut survivors = [None; 32];
            let present = data.iter().chain(&*parity).enumerate().skip(lost);
            present.for_each(|(i, shard)| survivors[i] = Some(*shard));
            let mut wanted = [(0, parity[0]); 8];
            for (i, (slot, shard)) in wanted.iter_mut().zip(spare).enumerate() {
                *slot = (i, *shard);
            }
            codec.reconstruct(&survivors[..k + p], &mut wanted[..lost]).unwrap();
        };
        let mut list = Vec::new();
        for backend in Backend::available() {
            let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
            arena.clear(k + p);
            job(&codec, 0);
            check(backend.name());
            list.push(Contestant::new(backend.name(), move |set| job(&codec, set)));
        }
        if let Some(isal) = isal {
            // The matrix is inverted and expanded beforehand, as our cache does.
            let used: Vec<_> = (lost..k + lost).collect();
            let gone: Vec<_> = (0..lost).collect();
            let tables = isal.tables(k, &isal.decode_rows(k, p, &used, &gone));
            let run = move |set: usize| {
                // Data and parity lie one after the other, so the k after the lost are the first
                // k survivors.
                let (shards, spare) = arena.split(set, k + p);
                isal_run(isal, &tables, &shards[lost..][..k], &spare);
            };
            arena.clear(k + p);
            run(0);
            check("isal");
            list.push(Contestant::new("isal", run));
        }
        race.run(&label, k * size, arena, list);
    }
}

fn isal_encode(isal: &Isal, tables: &Tables, arena: &Arena, set: usize, k: usize) {
    let (data, parity) = arena.split(set, k);
    isal_run(isal, tables, data, &parity);
}

fn isal_run(isal: &Isal, tables: &Tables, sources: &[Shard], outputs: &[Shard]) {
    let (from, to) = (pointers(sources).map(<*mut u8>::cast_const), pointers(outputs));
    let len = sources[0].as_ref().len();
    // SAFETY: all shards of an arena are equally long and apart.
    unsafe { isal.encode_raw(tables, &from[..sources.len()], &to[..outputs.len()], len) };
}

/// All products of two elements: the 64 KiB table of a plain C encoder.
fn byte_table() -> Vec<[u8; 256]> {
    (0..=255).map(|a| std::array::from_fn(|b| oracle::mul(a, b as u8))).collect()
}

/// What Lustre's base code does: for each output, for each byte, a look-up per source.
fn byte_table_encode(table: &[[u8; 256]], arena: &Arena, set: usize, k: usize) {
    let (data, mut parity) = arena.split(set, k);
    let data: Vec<_> = data.iter().map(AsRef::as_ref).collect();
    for (i, row) in parity.iter_mut().map(AsMut::as_mut).enumerate() {
        let coefs: Vec<_> = (0..k).map(|j| usize::from(oracle::coefficient(k, i, j))).collect();
        for (at, byte) in row.iter_mut().enumerate() {
            let terms = coefs.iter().zip(&data);
            *byte = terms.fold(0, |sum, (c, shard)| sum ^ table[*c][usize::from(shard[at])]);
        }
        black_box(row);
    }
}
