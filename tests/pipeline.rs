//! The pipeline against the codec, the schoolbook and checksums taken bit by bit, on every backend,
//! in the caches and round them.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)]

#[cfg(unix)]
#[path = "common/guarded.rs"]
mod guarded;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/polynomial.rs"]
mod polynomial;
#[path = "common/sums.rs"]
mod sums;

use std::cell::Cell;

use lustrine::checksum::Checksum;
use lustrine::ec::{Codec, Digest, Geometry};
use lustrine::gf::Backend;
use lustrine::pipeline::{Pipeline, RowSums};
use lustrine::{Error, ShardList};
use proptest::prelude::*;

/// Bytes around each segment that must stay as they are.
const MARGIN: usize = 70;

/// A row, and all that a pipeline should say of it.
struct Row {
    data: Vec<Vec<u8>>,
    parity: Vec<Vec<u8>>,
    block: usize,
    /// For each checksum, for each stripe.
    sums: Vec<Vec<(u64, Vec<u16>)>>,
    digests: Vec<Digest>,
}

impl Row {
    fn new(data: Vec<Vec<u8>>, p: usize, block: usize) -> Row {
        let parity = oracle::encode(&data, p);
        let of = |checksum| {
            data.iter().chain(&parity).map(|stripe| sums::naive(checksum, stripe)).collect()
        };
        let sums = Checksum::ALL.into_iter().map(of).collect();
        let stripes = data.iter().chain(&parity);
        let digests =
            stripes.map(|stripe| Digest::from_bytes(polynomial::digest(stripe))).collect();
        Row { data, parity, block, sums, digests }
    }

    /// Noise in which some blocks are zero.
    fn noise(k: usize, p: usize, len: usize, block: usize) -> Row {
        let mut data = oracle::noisy_shards(k, len, (k * p + len) as u64);
        for (index, stripe) in data.iter_mut().enumerate() {
            for (at, bytes) in stripe.chunks_mut(block.max(1)).enumerate() {
                match (index + at) % 4 {
                    0 => bytes.fill(0),
                    // Zero but for one byte somewhere.
                    1 => {
                        bytes.fill(0);
                        let at = (at * 7919 + index) % bytes.len();
                        bytes[at] = 1;
                    }
                    _ => (),
                }
            }
        }
        Row::new(data, p, block)
    }

    fn codec(&self, backend: Backend) -> Codec {
        Codec::with_backend(Geometry::new(self.data.len(), self.parity.len()).unwrap(), backend)
    }

    /// A pipeline that looks for everything; in the caches or round them.
    fn pipeline<'c>(&self, codec: &'c Codec, stream: bool) -> Pipeline<'c> {
        let pipeline = Pipeline::new(codec).zero_blocks(self.block).digests();
        let pipeline = Checksum::ALL.into_iter().fold(pipeline, Pipeline::checksum);
        pipeline.stream_from(if stream { 0 } else { usize::MAX })
    }

    fn check(&self, sums: &RowSums, what: &str) {
        let total = self.data.len() + self.parity.len();
        assert_eq!((sums.stripes(), sums.stripe_len()), (total, self.data[0].len()), "{what}");
        for (checksum, expected) in Checksum::ALL.into_iter().zip(&self.sums) {
            for (stripe, (value, guards)) in expected.iter().enumerate() {
                let found = sums.value(checksum, stripe);
                assert_eq!(found, Some(*value), "{what}: {checksum} of stripe {stripe}");
                assert_eq!(sums.guards(checksum, stripe), guards, "{what}: {checksum}, {stripe}");
            }
            let values: Vec<_> = expected.iter().map(|(value, _)| *value).collect();
            assert!(sums.values(checksum).eq(values), "{what}");
            assert_eq!(sums.value(checksum, total), None);
            assert_eq!(sums.guards(checksum, total), []);
        }
        assert_eq!(sums.digests(), self.digests, "{what}: digests");
        assert_eq!((sums.digest(0), sums.digest(total)), (self.digests.first().copied(), None));
        for (stripe, bytes) in self.data.iter().enumerate() {
            if self.block == 0 {
                assert_eq!((sums.blocks(), sums.zero_map(stripe).len()), (0, 0));
                continue;
            }
            let blocks = bytes.chunks(self.block).map(|block| block.iter().all(|byte| *byte == 0));
            let blocks: Vec<_> = blocks.collect();
            assert_eq!(sums.blocks(), blocks.len());
            for (at, zero) in blocks.iter().enumerate() {
                assert_eq!(sums.is_zero(stripe, at), *zero, "{what}: block {at} of {stripe}");
            }
            let set: usize = sums.zero_map(stripe).iter().map(|w| w.count_ones() as usize).sum();
            assert_eq!(set, blocks.iter().filter(|zero| **zero).count(), "{what}");
            assert!(!sums.is_zero(stripe, blocks.len()));
        }
        assert_eq!(sums.zero_map(self.data.len()), []);
    }
}

/// A stripe in segments, each in a buffer of its own with a margin.
struct Scatter {
    parts: Vec<(Vec<u8>, usize, usize)>,
}

impl Scatter {
    /// Segments that end at `cuts` (any numbers), the n-th being `n * skew` from an aligned address.
    fn new(bytes: &[u8], cuts: &[usize], skew: usize) -> Scatter {
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        let mut from = 0;
        let mut part = |(n, to): (usize, usize)| {
            let bytes = &bytes[from..to];
            from = to;
            let mut buffer = vec![0xa5; bytes.len() + 2 * MARGIN + 64];
            let start = buffer.as_ptr().align_offset(64).min(63) + (n * skew) % 64;
            buffer[start..start + bytes.len()].copy_from_slice(bytes);
            (buffer, start, bytes.len())
        };
        Scatter { parts: ends.into_iter().enumerate().map(&mut part).collect() }
    }

    fn blank(len: usize, cuts: &[usize], skew: usize) -> Scatter {
        Scatter::new(&vec![0xee; len], cuts, skew)
    }

    fn read(&self) -> Vec<&[u8]> {
        self.parts.iter().map(|(buffer, start, len)| &buffer[*start..start + len]).collect()
    }

    fn write(&mut self) -> Vec<&mut [u8]> {
        let parts = self.parts.iter_mut();
        parts.map(|(buffer, start, len)| &mut buffer[*start..*start + *len]).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        self.read().concat()
    }

    /// True if only the segments were written.
    fn is_whole(&self) -> bool {
        self.parts.iter().all(|(buffer, start, len)| {
            let outside = buffer[..*start].iter().chain(&buffer[start + len..]);
            outside.into_iter().all(|byte| *byte == 0xa5)
        })
    }
}

/// Runs a row cut as `cuts` says on every backend. Stripe n takes its cuts from the n-th on.
fn check_scattered(row: &Row, cuts: &[Vec<usize>], skew: usize, sums: &mut RowSums) {
    let (k, len) = (row.data.len(), row.data[0].len());
    let cuts = |n: usize| cuts.get(n % cuts.len().max(1)).map_or(&[][..], Vec::as_slice);
    let data: Vec<_> =
        row.data.iter().enumerate().map(|(n, bytes)| Scatter::new(bytes, cuts(n), skew)).collect();
    let segments: Vec<_> = data.iter().map(Scatter::read).collect();
    for backend in Backend::available() {
        let codec = row.codec(backend);
        for (stream, copied) in [(false, false), (false, true), (true, false), (true, true)] {
            let what = format!("{backend}, {k} stripes of {len}, streamed {stream}");
            let blank = |n| Scatter::blank(len, cuts(n), skew + 1);
            let mut parity: Vec<_> = (k..k + row.parity.len()).map(blank).collect();
            let mut copies: Vec<_> = (0..k).map(|n| blank(n + 1)).collect();
            let mut outputs: Vec<_> = parity.iter_mut().map(Scatter::write).collect();
            let mut targets: Vec<_> = copies.iter_mut().map(Scatter::write).collect();
            let copy = copied.then_some(&mut targets[..]);
            let pipeline = row.pipeline(&codec, stream);
            pipeline.run_segments(&segments, &mut outputs, copy, sums).unwrap();

            assert!(parity.iter().map(Scatter::bytes).eq(row.parity.clone()), "{what}: parity");
            row.check(sums, &what);
            if copied {
                assert!(copies.iter().map(Scatter::bytes).eq(row.data.clone()), "{what}: copies");
            } else {
                let untouched = |copy: &Scatter| copy.bytes().iter().all(|byte| *byte == 0xee);
                assert!(copies.iter().all(untouched), "{what}");
            }
            assert!(parity.iter().chain(&copies).all(Scatter::is_whole), "{what}: outside");
        }
    }
}

/// Runs a row of stripes in one piece each.
fn check_whole(row: &Row, sums: &mut RowSums) {
    let len = row.data[0].len();
    for backend in Backend::available() {
        let codec = row.codec(backend);
        for stream in [false, true] {
            let what = format!("{backend}, {} stripes of {len}, {stream}", row.data.len());
            let pipeline = row.pipeline(&codec, stream);
            let mut parity = vec![vec![0xee; len]; row.parity.len()];
            pipeline.run(&row.data, &mut parity, sums).unwrap();
            assert!(parity == row.parity, "{what}");
            row.check(sums, &what);
            let mut parity = vec![vec![0xee; len]; row.parity.len()];
            let mut copy = vec![vec![0xee; len]; row.data.len()];
            pipeline.run_and_copy(&row.data, &mut parity, &mut copy, sums).unwrap();
            assert!(parity == row.parity && copy == row.data, "{what}");
            row.check(sums, &what);
        }
    }
}

/// Around tiles, sectors, cache lines and nothing at all.
#[test]
fn lengths_of_all_kinds() {
    let mut sums = RowSums::new();
    for len in [0, 1, 63, 64, 511, 512, 513, 4095, 4096, 4097, 8191, 8192, 12_345] {
        for (k, p, block) in [(2, 1, 512), (5, 3, 4096), (4, 2, 0)] {
            check_whole(&Row::noise(k, p, len, block), &mut sums);
        }
    }
    for block in [1, 3, 64, 100, 1000, 5000, 100_000] {
        check_whole(&Row::noise(3, 2, 9000, block), &mut sums);
    }
}

/// The copy, the widest codes, and both sides of where lists grow.
#[test]
fn geometries_of_all_kinds() {
    let mut sums = RowSums::new();
    for (k, p) in [(1, 1), (2, 15), (31, 2), (32, 2), (33, 2), (64, 1), (241, 15), (255, 1)] {
        let row = Row::noise(k, p, 700, 512);
        check_whole(&row, &mut sums);
        check_scattered(&row, &[vec![100, 200], vec![], vec![333, 333, 600]], 9, &mut sums);
    }
}

/// Long enough to be streamed without being told, and in cached tiles that are not the whole row.
#[test]
fn a_large_row() {
    let row = Row::noise(4, 2, 700_000, 65_536);
    let codec = row.codec(Backend::best());
    let mut sums = RowSums::new();
    let pipeline = Pipeline::new(&codec).checksum(Checksum::Crc32c).zero_blocks(row.block);
    for pipeline in [pipeline.clone(), pipeline.clone().stream_from(usize::MAX)] {
        let mut parity = vec![vec![0; 700_000]; 2];
        pipeline.run(&row.data, &mut parity, &mut sums).unwrap();
        assert!(parity == row.parity);
        for stripe in 0..6 {
            assert_eq!(sums.value(Checksum::Crc32c, stripe), Some(row.sums[2][stripe].0));
        }
        assert_eq!(sums.value(Checksum::Crc32, 0), None, "nobody asked");
        assert_eq!((sums.digest(0), sums.digests()), (None, &[][..]), "nobody asked");
        assert_eq!(
            (sums.values(Checksum::Crc32).count(), sums.guards(Checksum::T10Ip512, 0)),
            (0, &[][..])
        );
        let zero = |n: usize| row.data[0].chunks(row.block).nth(n).unwrap().iter().all(|b| *b == 0);
        assert!((0..sums.blocks()).all(|n| sums.is_zero(0, n) == zero(n)));
    }
}

/// Pages, in step and out of step; folios; crumbs.
#[test]
fn segments_of_all_kinds() {
    let mut sums = RowSums::new();
    let row = Row::noise(4, 2, 20_000, 4096);
    let every = |size: usize, phase: usize| {
        (0..).map(move |n| phase + n * size).take_while(|at| *at < 20_000)
    };
    for size in [4096, 8192, 512, 100] {
        check_scattered(&row, &[every(size, size).collect()], 0, &mut sums);
        check_scattered(&row, &[every(size, 77).collect()], 0, &mut sums);
        let mixed: Vec<Vec<_>> = (0..7).map(|n| every(size, n * size / 7).collect()).collect();
        check_scattered(&row, &mixed, 1, &mut sums);
    }
    let small = Row::noise(3, 2, 150, 512);
    check_scattered(&small, &[(0..150).collect(), vec![]], 3, &mut sums);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_segments(
        (k, p) in prop::sample::select(vec![(1, 1), (2, 1), (3, 2), (6, 3), (4, 2)]),
        len in prop_oneof![0..200_usize, 0..13_000_usize],
        block in prop::sample::select(vec![0_usize, 512, 4096, 777]),
        cuts in prop::collection::vec(prop::collection::vec(any::<usize>(), 0..12), 0..9),
        skew in 0..64_usize,
    ) {
        let row = Row::noise(k, p, len, block);
        check_scattered(&row, &cuts, skew, &mut RowSums::new());
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_is_written() {
    let codec = Codec::new(Geometry::new(3, 2).unwrap());
    let data = oracle::noisy_shards(3, 10, 1);
    let fresh = |n: usize| vec![vec![0xee; 10]; n];
    let mut sums = RowSums::new();
    let count = |list, expected, got| Err(Error::ShardCount { list, expected, got });
    let size = |list, index, expected, got| Err(Error::ShardSize { list, index, expected, got });
    for pipeline in [Pipeline::new(&codec), Pipeline::new(&codec).stream_from(0)] {
        let pipeline = pipeline.checksum(Checksum::Adler32);
        pipeline.run(&data, &mut fresh(2), &mut sums).unwrap();
        let known: Vec<_> = sums.values(Checksum::Adler32).collect();
        let (mut parity, mut copy) = (fresh(2), fresh(3));

        let got = pipeline.run(&data[..2], &mut parity, &mut sums);
        assert_eq!(got, count(ShardList::Data, 3, 2));
        let got = pipeline.run(&data, &mut parity[..1], &mut sums);
        assert_eq!(got, count(ShardList::Parity, 2, 1));
        let got = pipeline.run_and_copy(&data, &mut parity, &mut copy[..2], &mut sums);
        assert_eq!(got, count(ShardList::Copy, 3, 2));
        copy[1].push(0xee);
        let got = pipeline.run_and_copy(&data, &mut parity, &mut copy, &mut sums);
        assert_eq!(got, size(ShardList::Copy, 1, 10, 11));
        copy[1].pop();

        // What counts is the length of the whole stripe.
        let mut segments: Vec<Vec<&[u8]>> =
            data.iter().map(|stripe| vec![&stripe[..4], &[], &stripe[4..]]).collect();
        segments[2][0] = &data[2][..3];
        let mut outputs: Vec<Vec<&mut [u8]>> =
            parity.iter_mut().map(|stripe| vec![&mut stripe[..]]).collect();
        let got = pipeline.run_segments(&segments, &mut outputs, None, &mut sums);
        assert_eq!(got, size(ShardList::Data, 2, 10, 9));
        segments[2][0] = &data[2][..4];
        outputs[1].push(&mut []);
        outputs[0].clear();
        let got = pipeline.run_segments(&segments, &mut outputs, None, &mut sums);
        assert_eq!(got, size(ShardList::Parity, 0, 10, 0));

        assert_eq!((&parity, &copy), (&fresh(2), &fresh(3)));
        assert!(sums.values(Checksum::Adler32).eq(known), "the row before is still known");
    }
    let text = Error::ShardSize { list: ShardList::Copy, index: 1, expected: 10, got: 11 };
    assert_eq!(text.to_string(), "copied shard 1 is 11 bytes long, the others of this call 10");
}

/// `AsRef` may give another slice each time. That is refused or computed, but never a panic.
#[test]
fn segments_that_change_their_size() {
    struct Fickle<'a>(&'a [u8], &'a Cell<usize>, usize);
    impl AsRef<[u8]> for Fickle<'_> {
        fn as_ref(&self) -> &[u8] {
            self.1.set(self.1.get() + 1);
            if self.1.get() > self.2 { &self.0[..self.0.len() / 3] } else { self.0 }
        }
    }
    struct FickleOutput<'a>(Vec<u8>, &'a Cell<usize>, usize);
    impl AsMut<[u8]> for FickleOutput<'_> {
        fn as_mut(&mut self) -> &mut [u8] {
            self.1.set(self.1.get() + 1);
            if self.1.get() > self.2 { &mut self.0[..100] } else { &mut self.0 }
        }
    }
    let codec = Codec::new(Geometry::new(2, 1).unwrap());
    let mut sums = RowSums::new();
    let mut refused = 0;
    for (asked, len) in (0..60).flat_map(|asked| [(asked, 9000), (asked, 8192)]) {
        let data = oracle::noisy_shards(2, len, 1);
        let right = oracle::encode(&data, 1);
        for stream in [0, usize::MAX] {
            let pipeline = Pipeline::new(&codec).checksum(Checksum::T10Crc512).stream_from(stream);
            let count = Cell::new(0);
            let stripes: Vec<_> = data.iter().map(|bytes| Fickle(bytes, &count, asked)).collect();
            refused += usize::from(pipeline.run(&stripes, &mut [vec![0; len]], &mut sums).is_err());
            let count = Cell::new(0);
            let mut outputs = [FickleOutput(vec![0; len], &count, asked)];
            match pipeline.run(&data, &mut outputs, &mut sums) {
                Ok(()) => assert!(outputs[0].0 == right[0], "{len} bytes, {asked} times asked"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 20, "{refused}");
    // And the sums are good for the next row.
    let row = Row::noise(2, 1, 9000, 512);
    let mut parity = vec![vec![0; 9000]];
    row.pipeline(&codec, false).run(&row.data, &mut parity, &mut sums).unwrap();
    row.check(&sums, "after refusals");
}

#[test]
fn a_pipeline_is_shared_by_threads() {
    let row = Row::noise(4, 2, 5000, 512);
    let codec = row.codec(Backend::best());
    let pipeline = row.pipeline(&codec, false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut sums, mut parity) = (RowSums::new(), vec![vec![0; 5000]; 2]);
                pipeline.run(&row.data, &mut parity, &mut sums).unwrap();
                row.check(&sums, "of a thread");
            });
        }
    });
}

/// Each segment between pages that may not be touched.
#[cfg(unix)]
mod guard {
    use super::guarded::Guarded;
    use super::*;

    /// Cuts a stripe into segments, each against a page that kills whoever touches it.
    fn cut<'a>(pages: &'a mut [Guarded], sizes: &[usize], end: bool) -> Vec<&'a mut [u8]> {
        pages.iter_mut().zip(sizes).map(|(page, size)| page.place(*size, end)).collect()
    }

    #[test]
    fn no_byte_outside_of_a_segment_is_touched() {
        const SEGMENTS: usize = 5;
        let (k, p) = (3, 2);
        let mut pages: Vec<Vec<_>> =
            (0..2 * k + p).map(|_| (0..SEGMENTS).map(|_| Guarded::new()).collect()).collect();
        let mut sums = RowSums::new();
        // One list of sizes for each stripe, in turns; all have the same sum.
        for sizes in [
            [[4096, 4096, 0, 4096, 100], [4096, 4096, 4096, 100, 0], [12_388, 0, 0, 0, 0]],
            [[1, 62, 1000, 65, 3], [1131, 0, 0, 0, 0], [500, 1, 1, 1, 628]],
            [[1000, 4096, 4096, 4096, 900], [3000, 4096, 4096, 2996, 0], [7094, 0, 0, 7094, 0]],
            [[513, 700, 800, 900, 2000], [2000, 513, 700, 800, 900], [4913, 0, 0, 0, 0]],
            [[0, 0, 0, 0, 60_000], [60_000, 0, 0, 0, 0], [30_000, 1, 0, 9_999, 20_000]],
            [[0; 5], [0; 5], [0; 5]],
        ] {
            let len: usize = sizes[0].iter().sum();
            let row = Row::noise(k, p, len, 512);
            for end in [false, true] {
                let (data, outputs) = pages.split_at_mut(k);
                for (n, (pages, bytes)) in data.iter_mut().zip(&row.data).enumerate() {
                    let mut bytes = &bytes[..];
                    for segment in cut(pages, &sizes[n % 3], end) {
                        let (front, rest) = bytes.split_at(segment.len());
                        segment.copy_from_slice(front);
                        bytes = rest;
                    }
                }
                let data: Vec<_> = data
                    .iter_mut()
                    .enumerate()
                    .map(|(n, pages)| cut(pages, &sizes[n % 3], end))
                    .collect();
                for backend in Backend::available() {
                    let codec = row.codec(backend);
                    for stream in [false, true] {
                        let mut outputs: Vec<_> = outputs
                            .iter_mut()
                            .enumerate()
                            .map(|(n, pages)| cut(pages, &sizes[(n + 1) % 3], !end))
                            .collect();
                        let (parity, copy) = outputs.split_at_mut(p);
                        let pipeline = row.pipeline(&codec, stream);
                        pipeline.run_segments(&data, parity, Some(copy), &mut sums).unwrap();
                        let what = format!("{backend}, {len} bytes at the end {end}, {stream}");
                        row.check(&sums, &what);
                        assert!(parity.iter().map(|stripe| stripe.concat()).eq(row.parity.clone()));
                        assert!(copy.iter().map(|stripe| stripe.concat()).eq(row.data.clone()));
                    }
                }
            }
        }
    }
}
