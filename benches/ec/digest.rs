//! The linear digest, by itself and in the pass that encodes.

use std::hint::black_box;

use lustrine::checksum::Checksum;
use lustrine::ec::Digest;
use lustrine::gf::Backend;
use lustrine::pipeline::{Pipeline, RowSums};

use crate::Bench;
use crate::arena::{Arena, Shard};
use crate::encode::{Encoders, arena};
use crate::oracle;
use crate::pipeline::codec;
use crate::race::{Code, Contestant, Ratios, Versus};
use crate::summary::Figure;

/// Codes are all alike to a digest.
pub(crate) const ONE: Figure = ("one code", &[(8, 2)]);
const CRC: Versus = Versus { title: "xCRC32C", rivals: &["crc32c"] };
/// The same pass without digests.
const WITHOUT: Versus = Versus { title: "xWITHOUT", rivals: &["without"] };

/// All data shards of a row, one after the other.
pub(crate) fn digest(bench: &Bench, code: Code, size: usize) -> Ratios {
    let k = code.0;
    let arena = &arena(bench, code, 0, size);
    let contestant = |backend: Backend| {
        check(backend, arena, k);
        Contestant::new(backend.name(), move |set| {
            for shard in arena.split(set, k).0 {
                black_box(Digest::with_backend(backend, shard.as_ref()));
            }
        })
    };
    let mut list = vec![contestant(Backend::best())];
    list.push(Contestant::new("crc32c", move |set| {
        for shard in arena.split(set, k).0 {
            black_box(Checksum::Crc32c.digest(shard.as_ref()));
        }
    }));
    list.extend(Backend::available().skip(1).map(contestant));
    bench.race.run("digest", code, arena, &list, &[CRC])
}

/// What digests add to a pass that has other sums to take, and to one that has none.
pub(crate) fn pass(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let (k, codec) = (code.0, codec(code));
    let race = |what: &str, pipeline: Pipeline<'static>| {
        let mut field = Encoders::new(arena, code);
        let mut add = |name, pipeline: Pipeline<'static>| {
            let mut sums = RowSums::new();
            field.add(name, move |set| {
                let (data, mut parity) = arena.split(set, k);
                pipeline.run(data, &mut parity, &mut sums).unwrap();
                black_box(&sums);
            });
        };
        check_pass(pipeline.clone().digests(), arena, k);
        add("with", pipeline.clone().digests());
        add("without", pipeline);
        bench.race.run(&format!("digest-pass {what}"), code, arena, &field.list, &[WITHOUT])
    };
    race("parity", Pipeline::new(codec));
    race("crc32c", Pipeline::new(codec).checksum(Checksum::Crc32c))
}

/// Long division, of a part, by the polynomial of the documentation.
fn check(backend: Backend, arena: &Arena, k: usize) {
    let head = &arena.split(0, k).0[0].as_ref()[..2000];
    let mut rest = head.to_vec();
    for at in 0..rest.len() - 8 {
        let quotient = rest[at];
        for (behind, c) in [(0, 1), (5, 1), (7, 1), (8, 9)] {
            rest[at + behind] ^= oracle::mul(quotient, c);
        }
    }
    let got = Digest::with_backend(backend, head).to_bytes();
    assert!(rest.ends_with(&got), "{backend} gives a wrong digest");
}

/// The digests of a pass are those of what it was given and of what it wrote.
fn check_pass(pipeline: Pipeline<'_>, arena: &Arena, k: usize) {
    let mut sums = RowSums::new();
    let (data, mut parity) = arena.split(0, k);
    pipeline.run(data, &mut parity, &mut sums).unwrap();
    let of = |shard: &Shard| Digest::of(shard.as_ref());
    assert!(data.iter().chain(&*parity).map(of).eq(sums.digests().iter().copied()));
}
