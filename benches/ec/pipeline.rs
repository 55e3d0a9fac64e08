//! Encoding and the CRC32C of all stripes in one trip through memory, and by other ways.

use std::hint::black_box;

use lustrine::checksum::Checksum;
use lustrine::ec::{Codec, Geometry};
use lustrine::pipeline::{Pipeline, RowSums};

use crate::Bench;
use crate::arena::{Arena, Shard};
use crate::encode::{Encoders, arena, isal_run};
use crate::race::{Code, Ratios, Versus};

const VERSUS: [Versus; 3] = [
    Versus { title: "xISAL2PASS", rivals: &["isal-2pass"] },
    Versus { title: "x2PASS", rivals: &["2pass"] },
    Versus { title: "xENCODE", rivals: &["encode"] },
];
const CONTIGUOUS: Versus = Versus { title: "xCONTIGUOUS", rivals: &["contiguous"] };
/// Bytes of a segment: a page.
const SEGMENT: usize = 4096;

pub(crate) fn pipeline(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let k = code.0;
    let codec = codec(code);
    let mut field = Encoders::new(arena, code);
    field.add("pipeline", contiguous(arena, codec, code));
    if let Some((isal, crc)) = bench.isal.and_then(|isal| Some((isal, isal.crc32c()?))) {
        let tables = isal.tables(k, &isal.matrix(k, code.1)[k * k..]);
        check(arena, &crc);
        field.add("isal-2pass", move |set| {
            let (data, parity) = arena.split(set, k);
            isal_run(&isal, &tables, data, &parity);
            for stripe in data.iter().chain(&*parity) {
                black_box(crc(stripe.as_ref()));
            }
        });
    }
    field.add("2pass", move |set| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode(data, &mut parity).unwrap();
        for stripe in data.iter().chain(&*parity) {
            black_box(Checksum::Crc32c.digest(stripe.as_ref()));
        }
    });
    field.add("encode", move |set| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode(data, &mut parity).unwrap();
    });
    bench.race.run("pipeline", code, arena, &field.list, &VERSUS)
}

/// The same stripes in pages, and in one piece.
pub(crate) fn segments(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let codec = codec(code);
    let mut field = Encoders::new(arena, code);
    // Listed beforehand, as the pages of a request are.
    let stripes = |shards: &[Shard]| -> Vec<Vec<Shard>> {
        let pages = (0..size).step_by(SEGMENT);
        shards.iter().map(|it| pages.clone().map(|at| it.part(at, SEGMENT)).collect()).collect()
    };
    let listed = |set| {
        let (data, parity) = arena.split(set, code.0);
        (stripes(data), stripes(&parity))
    };
    let mut rows: Vec<_> = (0..arena.sets()).map(listed).collect();
    let pipeline = Pipeline::new(codec).checksum(Checksum::Crc32c);
    let mut sums = RowSums::new();
    field.add("segments", move |set| {
        let (data, parity) = &mut rows[set];
        pipeline.run_segments(data, parity, None, &mut sums).unwrap();
    });
    field.add("contiguous", contiguous(arena, codec, code));
    bench.race.run("segments", code, arena, &field.list, &[CONTIGUOUS])
}

/// The pipeline over stripes in one piece, its sums checked.
fn contiguous<'a>(arena: &'a Arena, codec: &'a Codec, (k, _): Code) -> impl FnMut(usize) + use<'a> {
    let pipeline = Pipeline::new(codec).checksum(Checksum::Crc32c);
    let mut sums = RowSums::new();
    let mut run = move |set: usize| {
        let (data, mut parity) = arena.split(set, k);
        pipeline.run(data, &mut parity, &mut sums).unwrap();
        sums.values(Checksum::Crc32c).last()
    };
    let last = run(0);
    let (_, parity) = arena.split(0, k);
    let right = parity.last().map(|stripe| Checksum::Crc32c.digest(stripe.as_ref()));
    assert_eq!(last, right, "the pipeline gives wrong sums");
    move |set| {
        black_box(run(set));
    }
}

/// ISA-L's sum is ours.
fn check(arena: &Arena, crc: impl Fn(&[u8]) -> u32) {
    let bytes = arena.split(0, 1).0[0].as_ref();
    assert_eq!(crc(bytes), Checksum::Crc32c.digest(bytes), "ISA-L gives another sum");
}

/// A codec that pipelines can refer to: a few kilobytes for each line of the bench.
fn codec((k, p): Code) -> &'static Codec {
    Box::leak(Box::new(Codec::new(Geometry::new(k, p).unwrap())))
}
