//! Encoding and the CRC32C of all stripes in one trip through memory, and by other ways.

use std::hint::black_box;

use lustrine::checksum::Checksum;
use lustrine::ec::{Codec, Geometry};
use lustrine::pipeline::{Pipeline, RowSums};

use crate::Bench;
use crate::arena::{Arena, Few, Shard};
use crate::encode::{Encoders, arena, isal_run};
use crate::race::{Code, Contestant, Ratios, Versus};

const VERSUS: [Versus; 3] = [
    Versus { title: "xISAL2PASS", rivals: &["isal-2pass"] },
    Versus { title: "x2PASS", rivals: &["2pass"] },
    Versus { title: "xENCODE", rivals: &["encode"] },
];
const CONTIGUOUS: Versus = Versus { title: "xCONTIGUOUS", rivals: &["contiguous"] };
/// Bytes of a segment: a page.
const SEGMENT: usize = 4096;
/// How far the C library's allocator puts large buffers behind a page.
const MALLOC: usize = 16;

pub(crate) fn pipeline(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    // Parity for one contestant, and before it a shard for the first of them to reach into.
    let beside = &Arena::with_sets(bench.race.layout, code.1 + 1, size, arena.sets());
    let k = code.0;
    let codec = codec(code);
    let mut field = Encoders::new(arena, code);
    field.add("pipeline", contiguous(arena, codec, k, move |set| arena.split(set, k).1));
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
    // Parity that is not on cache lines: where it is streamed, it goes through scratch.
    let unaligned = move |set| {
        let (_, mut parity) = beside.split(set, 1);
        parity.iter_mut().for_each(|shard| shard.0 = shard.0.wrapping_sub(SEGMENT - MALLOC));
        parity
    };
    field.add_to(unaligned(0), "unaligned", contiguous(arena, codec, k, unaligned));
    bench.race.run("pipeline", code, arena, &field.list, &VERSUS)
}

/// Stripes in pages that lie in any order, and in one piece.
pub(crate) fn segments(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let (k, codec) = (code.0, codec(code));
    let mut field = Encoders::new(arena, code);
    // Listed beforehand, as the pages of a request are.
    let mut random = Random(1);
    let mut stripes = |shards: &[Shard]| -> Vec<Vec<Shard>> {
        let pages = |shard: &Shard| {
            let mut pages: Vec<_> =
                (0..size).step_by(SEGMENT).map(|at| shard.part(at, SEGMENT)).collect();
            random.shuffle(&mut pages);
            pages
        };
        shards.iter().map(pages).collect()
    };
    let listed = |set| {
        let (data, parity) = arena.split(set, k);
        (stripes(data), stripes(&parity))
    };
    let mut rows: Vec<_> = (0..arena.sets()).map(listed).collect();
    let pipeline = Pipeline::new(codec).checksum(Checksum::Crc32c);
    let mut sums = RowSums::new();
    let (first_data, first_parity) = rows[0].clone();
    let mut run = move |set: usize| {
        let (data, parity) = &mut rows[set];
        pipeline.run_segments(data, parity, None, &mut sums).unwrap();
        sums.values(Checksum::Crc32c).last()
    };
    // Columns are not those of stripes in one piece, so the parity is another, too.
    let whole = |stripes: &[Vec<Shard>]| -> Vec<Vec<u8>> {
        let bytes =
            |pages: &Vec<Shard>| pages.iter().map(AsRef::as_ref).collect::<Vec<_>>().concat();
        stripes.iter().map(bytes).collect()
    };
    let mut right = vec![vec![0; size]; code.1];
    codec.encode(&whole(&first_data), &mut right).unwrap();
    let last = run(0);
    assert!(whole(&first_parity) == right, "segments give wrong bytes");
    assert_eq!(last, digest(right.last()), "segments give wrong sums");
    field.list.push(Contestant::new("segments", move |set| {
        black_box(run(set));
    }));
    field.add("contiguous", contiguous(arena, codec, k, move |set| arena.split(set, k).1));
    bench.race.run("segments", code, arena, &field.list, &[CONTIGUOUS])
}

/// The pipeline over stripes in one piece, with parity where the caller says; its sums checked.
fn contiguous<'a, F: Fn(usize) -> Few + 'a>(
    arena: &'a Arena,
    codec: &'a Codec,
    k: usize,
    parity: F,
) -> impl FnMut(usize) + use<'a, F> {
    let pipeline = Pipeline::new(codec).checksum(Checksum::Crc32c);
    let mut sums = RowSums::new();
    let mut run = move |set: usize| {
        let mut parity = parity(set);
        pipeline.run(arena.split(set, k).0, &mut parity, &mut sums).unwrap();
        (parity, sums.values(Checksum::Crc32c).last())
    };
    let (parity, last) = run(0);
    assert_eq!(last, digest(parity.last()), "the pipeline gives wrong sums");
    move |set| {
        black_box(run(set).1);
    }
}

fn digest(stripe: Option<&impl AsRef<[u8]>>) -> Option<u64> {
    stripe.map(|stripe| Checksum::Crc32c.digest(stripe.as_ref()))
}

/// The same numbers in each run (a linear congruence).
struct Random(u64);

impl Random {
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            items.swap(last, (self.0 >> 33) as usize % (last + 1));
        }
    }
}

/// ISA-L's sum is ours.
fn check(arena: &Arena, crc: impl Fn(&[u8]) -> u32) {
    let bytes = arena.split(0, 1).0[0].as_ref();
    assert_eq!(u64::from(crc(bytes)), Checksum::Crc32c.digest(bytes), "ISA-L gives another sum");
}

/// A codec that pipelines can refer to: a few kilobytes for each line of the bench.
pub(crate) fn codec((k, p): Code) -> &'static Codec {
    Box::leak(Box::new(Codec::new(Geometry::new(k, p).unwrap())))
}
