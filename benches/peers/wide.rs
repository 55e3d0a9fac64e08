//! `Codec` or `WideCodec`: which is faster for codes that both have, and what the wide one does
//! beyond them.
//!
//! Both start from the same data and leave parity in the caller's shards. What is made once per
//! code (matrices, work space) is made before; `WideCodec` allocates in each call, since that is
//! what it does, and the crate under it is raced by itself to show the difference.

use lustrine::ec::{Codec, Geometry, WideCodec};
use lustrine::gf::Backend;
use reed_solomon_simd::ReedSolomonEncoder;

use crate::Bench;
use crate::arena::Shard;
use crate::peers::{own_parity, simd_encode};
use crate::race::{Code, Contestant, Ratios, Versus};
use crate::summary::Figure;

pub(crate) const FIGURES: &[Figure] =
    &[("wide codes", &[(8, 2), (20, 8), (64, 15), (128, 15), (240, 15), (300, 20)])];

/// The first contestant of a line is the `Codec` on the best backend, if it has the code.
const VERSUS: [Versus; 2] = [
    Versus { title: "xWIDE", rivals: &["wide"] },
    Versus { title: "xRSS", rivals: &["reed-solomon-simd"] },
];

/// Backends to compare with: the best, and what older machines have.
fn backends() -> impl Iterator<Item = Backend> {
    let old = ["avx2", "ssse3", "neon", "portable"];
    let best = Backend::available().take(1);
    best.chain(Backend::available().skip(1).filter(move |it| old.contains(&it.name())))
}

pub(crate) fn encode(bench: &Bench, (k, p): Code, size: usize) -> Ratios {
    let arena = &bench.race.arena(k + p, size);
    let mut list = Vec::new();
    for backend in backends() {
        let Ok(geometry) = Geometry::new(k, p) else { break };
        let codec = Codec::with_backend(geometry, backend);
        list.push(Contestant::new(backend.name(), move |set| {
            let (data, mut parity) = arena.split(set, k);
            codec.encode(data, &mut parity).unwrap();
        }));
    }
    let wide = WideCodec::new(k, p).unwrap();
    let mut encoder = ReedSolomonEncoder::new(k, p, size).unwrap();
    let right = own_parity(arena, (k, p), |data, parity| wide.encode(data, parity).unwrap());
    let same = own_parity(arena, (k, p), |data, rows| simd_encode(&mut encoder, data, rows));
    assert!(right == same, "WideCodec is not what it wraps");
    list.push(Contestant::new("wide", move |set| {
        let (data, mut parity) = arena.split(set, k);
        wide.encode(data, &mut parity).unwrap();
    }));
    list.push(Contestant::new("reed-solomon-simd", move |set| {
        let (data, mut parity) = arena.split(set, k);
        simd_encode(&mut encoder, data, &mut parity);
    }));
    bench.race.run("wide-encode", (k, p), arena, &list, versus((k, p)))
}

pub(crate) fn rebuild(bench: &Bench, (k, p): Code, size: usize) -> Ratios {
    let (lost, arena) = (p, &bench.race.arena(k + p, size));
    let mut list = Vec::new();
    for backend in backends() {
        let Ok(geometry) = Geometry::new(k, p) else { break };
        let codec = Codec::with_backend(geometry, backend);
        let encode = |data: &[Shard], parity: &mut [Vec<u8>]| codec.encode(data, parity).unwrap();
        let mut shards = Lost::new(own_parity(arena, (k, p), encode), lost);
        list.push(Contestant::new(backend.name(), move |_| {
            codec.reconstruct(&shards.survivors, &mut shards.wanted).unwrap();
        }));
    }
    let wide = WideCodec::new(k, p).unwrap();
    let encode = |data: &[Shard], parity: &mut [Vec<u8>]| wide.encode(data, parity).unwrap();
    let mut shards = Lost::new(own_parity(arena, (k, p), encode), lost);
    wide.reconstruct(&shards.survivors, &mut shards.wanted).unwrap();
    let (data, _) = arena.split(0, k);
    let same = shards.wanted.iter().all(|(i, shard)| shard == data[*i].as_ref());
    assert!(same, "WideCodec gives wrong bytes");
    list.push(Contestant::new("wide", move |_| {
        wide.reconstruct(&shards.survivors, &mut shards.wanted).unwrap();
    }));
    bench.race.run("wide-rebuild", (k, p), arena, &list, versus((k, p)))
}

/// Nothing to compare where only the wide code exists.
fn versus((k, p): Code) -> &'static [Versus<'static>] {
    if Geometry::new(k, p).is_ok() { &VERSUS } else { &[] }
}

/// A set of which the first shards are lost.
struct Lost {
    survivors: Vec<Option<Vec<u8>>>,
    wanted: Vec<(usize, Vec<u8>)>,
}

impl Lost {
    fn new(all: Vec<Vec<u8>>, lost: usize) -> Lost {
        let wanted = (0..lost).map(|i| (i, vec![0; all[i].len()])).collect();
        let present = |(i, shard)| (i >= lost).then_some(shard);
        Lost { survivors: all.into_iter().enumerate().map(present).collect(), wanted }
    }
}
