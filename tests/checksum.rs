//! Checksums: published values, those of Lustre's facts, and the definitions bit by bit, on every
//! backend. What follows without bytes is compared with what the bytes give.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)]

#[path = "common/sums.rs"]
mod sums;

use lustrine::Error;
use lustrine::checksum::{Backend, Checksum, Fragment, Manifest, State};
use proptest::prelude::*;

/// Sum and guards of fragments of pages: where in its page each begins, and its bytes.
fn walk(checksum: Checksum, fragments: &[(usize, &[u8])]) -> (u64, Vec<u16>) {
    let mut all = Backend::available().map(|backend| walk_on(backend, checksum, fragments));
    let first = all.next().unwrap();
    all.for_each(|other| assert_eq!(first, other, "{checksum}: backends differ"));
    first
}

fn walk_on(backend: Backend, checksum: Checksum, fragments: &[(usize, &[u8])]) -> (u64, Vec<u16>) {
    let (mut state, mut guards) = (State::with_backend(checksum, 0, backend), Vec::new());
    for (offset, bytes) in fragments {
        state.cut(*offset, |guard| guards.push(guard));
        state.update_guards(bytes, |some| guards.extend_from_slice(some));
    }
    state.cut(0, |guard| guards.push(guard));
    (state.finish(), guards)
}

/// The page of the facts' examples.
fn page() -> Vec<u8> {
    (0..4096).map(|i| (7 * i + 3) as u8).collect()
}

/// CI says which backend a machine must have: a detection that fails would go unseen otherwise.
#[test]
fn the_expected_checksum_backend_is_the_best() {
    if let Ok(name) = std::env::var("LUSTRINE_EXPECT_CHECKSUM") {
        assert_eq!(Backend::best().name(), name);
    }
    assert_eq!(Backend::available().next(), Some(Backend::best()));
    assert_eq!(Backend::available().last().unwrap().name(), "portable");
}

#[test]
fn published_check_values() {
    let digits = b"123456789";
    for (checksum, of_digits, of_nothing) in [
        (Checksum::Crc32, 0x340b_c6d9, 0xffff_ffff),
        (Checksum::Crc32c, 0xe306_9283, 0),
        (Checksum::Adler32, 0x091e_01de, 1),
        (Checksum::Crc32Ieee, 0xcbf4_3926, 0),
        (Checksum::Crc64Nvme, 0xae8b_1486_0a79_9888, 0),
    ] {
        for backend in Backend::available() {
            assert_eq!(checksum.digest_on(backend, digits), of_digits, "{checksum} {backend}");
            assert_eq!(checksum.digest_on(backend, b""), of_nothing, "{checksum} {backend}");
        }
    }
    for (checksum, guard) in [
        (Checksum::T10Crc512, 0xd0db),
        (Checksum::T10Crc4k, 0xd0db),
        (Checksum::T10Ip512, 0xf62a),
        (Checksum::T10Ip4k, 0xf62a),
    ] {
        assert_eq!(walk(checksum, &[(0, digits)]).1, [guard], "{checksum}");
        assert_eq!(checksum.digest(b""), 1, "{checksum}: the sum of no guards");
    }
}

#[test]
fn vectors_of_the_facts() {
    let plain = [Checksum::Crc32, Checksum::Crc32c, Checksum::Adler32];
    for (bytes, expected) in [
        (Vec::from([0; 4096]), [0x38e3_ffee, 0x98f9_4189, 0x1000_0001]),
        (Vec::from([0xad; 4096]), [0x3689_f185, 0x41a9_5245, 0x8a16_d097]),
        (page(), [0xa1b1_e66a, 0xed96_b643, 0x9a15_f86a]),
    ] {
        for backend in Backend::available() {
            let found = plain.map(|checksum| checksum.digest_on(backend, &bytes));
            assert_eq!(found, expected, "{backend}");
        }
    }

    let (page, zeros) = (page(), Vec::from([0; 4096]));
    let fragments: [(usize, &[u8]); 4] =
        [(0, &page), (0, &zeros), (100, &page[100..1100]), (100, &page[..1000])];
    type Expected = (&'static [u16], u64);
    let vectors: [(Checksum, [Expected; 4]); 4] = [
        (
            Checksum::T10Crc512,
            [
                (&[0xf958; 8], 0x5c18_0a89),
                (&[0; 8], 0x0010_0001),
                (&[0xbfab, 0xf958, 0xc889], 0x0edc_040d),
                (&[0xf0ea, 0x8d64, 0xdaef], 0x103b_0495),
            ],
        ),
        (
            Checksum::T10Crc4k,
            [
                (&[0x3ce1], 0x015b_011e),
                (&[0], 0x0002_0001),
                (&[0xd11f], 0x01c3_00f1),
                (&[0x674a], 0x011a_00b2),
            ],
        ),
        (
            Checksum::T10Ip512,
            [
                (&[0x807f; 8], 0x43d0_07f9),
                (&[0xffff; 8], 0x8788_0ff1),
                (&[0x2b89, 0x807f, 0x09ff], 0x0843_02bc),
                (&[0x76d4, 0x807f, 0xf1e6], 0x0d33_0421),
            ],
        ),
        (
            Checksum::T10Ip4k,
            [
                (&[0x03fc], 0x0104_0100),
                (&[0xffff], 0x02ff_01ff),
                (&[0xb607], 0x0175_00be),
                (&[0xe93a], 0x020e_0124),
            ],
        ),
    ];
    for (checksum, expected) in vectors {
        for (fragment, (guards, top)) in fragments.iter().zip(expected) {
            assert_eq!(walk(checksum, &[*fragment]), (top, guards.to_vec()), "{checksum}");
        }
    }
    // Where in the page it begins matters, and `at` says the same as `cut`.
    let mut state = State::at(Checksum::T10Crc512, 100);
    state.update(&page[100..1100]);
    assert_eq!(state.finish(), 0x0edc_040d);
    assert_eq!(walk(Checksum::T10Crc512, &[(0, &page[..1000])]).1.len(), 2);
}

#[test]
fn names_are_lustres() {
    for checksum in Checksum::ALL {
        assert_eq!(Checksum::from_name(checksum.name()), Ok(checksum));
    }
    assert_eq!(Checksum::NAMES.len(), Checksum::ALL.len());
    assert_eq!(Checksum::from_name("T10IP4k"), Ok(Checksum::T10Ip4k));
    for name in ["", "adler32", "crc", "t10ip4"] {
        assert_eq!(
            Checksum::from_name(name),
            Err(Error::ChecksumUnknown { names: Checksum::NAMES })
        );
    }
    assert!(Backend::from_name("abacus").unwrap_err().to_string().ends_with("avx512, pmull"));
}

/// The field of `o_flags` is a number, not a set of bits.
#[test]
fn wire_flags_are_lustres() {
    for (checksum, flags) in Checksum::ALL.into_iter().zip(
        [0x1000, 0x2000, 0x4000, 0x5000, 0x6000, 0x7000, 0x8000]
            .map(Some)
            .into_iter()
            .chain([None; 2]),
    ) {
        assert_eq!(checksum.wire_flags(), flags);
        if let Some(flags) = flags {
            assert_eq!(Checksum::from_wire_flags(flags | 0x40_0fff), checksum);
        }
    }
    for flags in [0, 0x3000, 0x9000, 0xf000, 0x1_0000] {
        assert_eq!(Checksum::from_wire_flags(flags), Checksum::Adler32);
    }
}

/// Around each place where kernels change their ways.
#[test]
fn every_length_and_alignment() {
    let bytes = sums::noise(70_000);
    let long = [1023, 1024, 1025, 4095, 4096, 4097, 5120, 8191, 8192, 33_000];
    for checksum in Checksum::ALL {
        for at in (0..65).step_by(if cfg!(debug_assertions) { 13 } else { 1 }) {
            for len in (0..600).step_by(1 + at % 3).chain(long) {
                let bytes = &bytes[at..at + len];
                let expected = sums::naive(checksum, bytes);
                assert_eq!(walk(checksum, &[(0, bytes)]), expected, "{checksum}: {len} at {at}");
            }
        }
    }
}

/// Sums fold carries: all ones, and buffers that are long.
#[test]
fn sums_of_large_words() {
    for byte in [0xff, 0xfe, 0x80] {
        let bytes = Vec::from([byte; 600_001]);
        for checksum in Checksum::ALL {
            assert_eq!(walk(checksum, &[(0, &bytes)]), sums::naive(checksum, &bytes), "{checksum}");
        }
    }
}

/// Lengths that no buffer has: zeros are a ring that can be walked in steps.
#[test]
fn zeros_of_any_length() {
    for checksum in Checksum::ALL {
        for len in [0, 1, 511, 512, 513, 4095, 4096, 5000, 100_000] {
            assert_eq!(checksum.zeros(len), checksum.digest(&vec![0; len as usize]), "{checksum}");
        }
        for len in [1 << 32, (1 << 40) + 4096, (1 << 63) - 4096, u64::MAX / 4096 * 4096] {
            let half = len / 8192 * 4096;
            let whole =
                checksum.combine(checksum.zeros(half), checksum.zeros(len - half), len - half);
            assert_eq!(whole, checksum.zeros(len), "{checksum}: {len}");
            let mut state = State::new(checksum);
            [half, 0, len - half - 1, 1].into_iter().for_each(|len| state.update_zeros(len));
            assert_eq!(state.finish(), whole, "{checksum}: {len}");
            assert_eq!(
                checksum.extract(checksum.zeros(half), whole, len - half),
                checksum.zeros(len - half)
            );
        }
    }
}

/// The example of the facts, page after page, and a bulk that ends within a page.
#[test]
fn bulks_are_walked_as_lustre_walks_them() {
    let page = page();
    let pages = |offset: u64| {
        [(offset, &page[offset as usize..]), (4096, &page[..]), (8192, &page)]
            .map(|(offset, bytes)| Fragment { offset, bytes })
    };
    for checksum in Checksum::ALL {
        for nob in [0, 1, 3996, 3997, 8092, 12_188, u64::MAX] {
            let mut left = nob;
            let mut cut = Vec::new();
            for Fragment { offset, bytes } in pages(100) {
                let count = left.min(bytes.len() as u64);
                cut.push(((offset % 4096) as usize, &bytes[..count as usize]));
                left -= count;
            }
            let (sum, guards) = walk(checksum, &cut);
            assert_eq!(checksum.bulk(nob, pages(100)), sum, "{checksum}: {nob}");
            let mut room = vec![0; guards.len() + 1];
            let found = checksum.bulk_guards(nob, pages(100), &mut room);
            assert_eq!(found, Ok((sum, guards.len())), "{checksum}: {nob}");
            assert_eq!(room[..guards.len()], guards);
            assert_eq!(checksum.check_guards(nob, pages(100), &guards), Ok(()));
            let counted = |(offset, bytes): &(usize, &[u8])| {
                Fragment { offset: *offset as u64, bytes }.guards(checksum)
            };
            assert_eq!(cut.iter().map(counted).sum::<u64>(), guards.len() as u64);
            if let Some(short) = guards.len().checked_sub(1) {
                let (expected, got) = (guards.len() as u64, short as u64);
                let error = Err(Error::GuardCount { expected, got });
                assert_eq!(
                    checksum.bulk_guards(nob, pages(100), &mut room[..short]),
                    error.map(|()| (0, 0))
                );
                assert_eq!(checksum.check_guards(nob, pages(100), &guards[..short]), error);
            }
            let (expected, got) = (guards.len() as u64, guards.len() as u64 + 1);
            let error = Err(Error::GuardCount { expected, got });
            assert_eq!(checksum.check_guards(nob, pages(100), &room), error);
        }
    }
}

/// Guards by themselves, on each backend, into exactly as many places.
#[test]
fn guards_are_written_or_refused() {
    let bytes = sums::noise(40_000);
    for checksum in Checksum::ALL {
        for len in [0, 1, 511, 512, 513, 2048, 4096, 33_000, 36_864] {
            let right = sums::naive(checksum, &bytes[3..3 + len]).1;
            for backend in Backend::available() {
                let mut guards = vec![1; right.len()];
                checksum.guards_on(backend, &bytes[3..3 + len], &mut guards).unwrap();
                assert_eq!(guards, right, "{checksum} {backend} {len}");
                let mut more = vec![1; right.len() + 1];
                let (expected, got) = (right.len() as u64, right.len() as u64 + 1);
                let error = checksum.guards_on(backend, &bytes[3..3 + len], &mut more);
                assert_eq!(error, Err(Error::GuardCount { expected, got }));
                assert!(more.iter().all(|guard| *guard == 1));
            }
        }
    }
}

/// Of two damaged sectors the first is named, by the byte where it begins.
#[test]
fn the_first_bad_sector_is_named() {
    let page = page();
    let mut damaged = page.clone();
    damaged[2000] ^= 1;
    damaged[3000] ^= 1;
    let checksum = Checksum::T10Crc512;
    let pages = |second| {
        [(100, &page[100..]), (0, second)].map(|(offset, bytes)| Fragment { offset, bytes })
    };
    let mut guards = [0; 16];
    assert_eq!(checksum.bulk_guards(u64::MAX, pages(&page), &mut guards).unwrap().1, 16);
    let got = sums::guard(checksum, &damaged[1536..2048]);
    let (guard, at, expected) = (8 + 3, 3996 + 1536, guards[11]);
    let error = Error::GuardMismatch { guard, at, got, expected };
    assert_eq!(checksum.check_guards(u64::MAX, pages(&damaged), &guards), Err(error));
    assert!(error.to_string().contains("5532 bytes into the bulk"), "{error}");
    // Of the first page, whose first sector is a part of one.
    let first = [Fragment { offset: 100, bytes: &damaged[100..] }];
    let error = checksum.check_guards(u64::MAX, first, &guards[..8]);
    assert!(matches!(error, Err(Error::GuardMismatch { guard: 3, at: 1436, .. })), "{error:?}");
}

#[test]
fn parts_that_cannot_be_joined_are_refused() {
    for checksum in Checksum::ALL {
        let mut file = Manifest::new(checksum);
        file.part(4096, 5000, 1).unwrap();
        let (part, end) = (1, 9096);
        assert_eq!(file.part(9095, 1, 1), Err(Error::PartOverlap { part, at: 9095, end }));
        assert_eq!(file.finish(9095), Err(Error::FileTooShort { len: 9095, end }));
        let at = u64::MAX - 4095;
        assert_eq!(file.part(at, 4096, 1), Err(Error::PartTooLong { part, at, len: 4096 }));
        assert!(file.finish(9096).is_ok());
        // The sector in which the part ends goes on.
        let next = file.clone().part(16384, 1, 1);
        let unaligned = |part, at| {
            let sector = checksum.sector().unwrap() as u64;
            Err(Error::PartUnaligned { part, at, sector })
        };
        match checksum {
            Checksum::T10Crc512 | Checksum::T10Crc4k => {
                assert_eq!(next, unaligned(0, 9096));
                assert_eq!(file.finish(9097).map(|_| ()), unaligned(0, 9096));
            }
            _ => assert_eq!(next, Ok(())),
        }
        let next = file.part(9097, 1, 1);
        match checksum.sector() {
            Some(_) => assert_eq!(next, unaligned(1, 9097)),
            None => assert_eq!(next, Ok(())),
        }
        // An empty part is nothing, wherever it is behind the end.
        assert_eq!(file.part(20_001, 0, 7), Ok(()));
        let next = file.part(32_768, 1, 7);
        match checksum {
            Checksum::T10Crc512 | Checksum::T10Crc4k => assert_eq!(next, unaligned(0, 9096)),
            _ => assert_eq!(next, Ok(())),
        }
    }
}

proptest! {
    #[test]
    fn pieces_are_the_whole(
        bytes in prop::collection::vec(any::<u8>(), 0..10_000),
        cuts in prop::collection::vec(0..10_000_usize, 0..12),
        which in 0..Checksum::ALL.len(),
    ) {
        let checksum = Checksum::ALL[which];
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let (mut state, mut guards, mut from) = (State::new(checksum), Vec::new(), 0);
        for to in cuts.into_iter().chain([bytes.len()]) {
            state.update_guards(&bytes[from..to], |some| guards.extend_from_slice(some));
            from = to;
        }
        state.cut(0, |guard| guards.push(guard));
        let (sum, expected) = sums::naive(checksum, &bytes);
        prop_assert_eq!(state.finish(), sum);
        prop_assert_eq!(guards, expected);
    }

    /// Fragments of pages, cut as Lustre cuts them: at the sectors of the page.
    #[test]
    fn fragments_are_cut_in_their_pages(
        fragments in prop::collection::vec((0..4096_usize, 1..4096_usize), 0..5),
        which in 3..7_usize,
    ) {
        let checksum = Checksum::ALL[which];
        let sector = checksum.sector().unwrap();
        let page = sums::noise(4096);
        let fragments: Vec<_> = fragments
            .into_iter()
            .map(|(at, len)| (at, &page[at..page.len().min(at + len)]))
            .collect();
        let mut expected = Vec::new();
        for (at, bytes) in &fragments {
            let mut at = *at;
            let mut bytes = *bytes;
            while !bytes.is_empty() {
                let (part, rest) = bytes.split_at(bytes.len().min(sector - at % sector));
                expected.push(sums::guard(checksum, part));
                (at, bytes) = (at + part.len(), rest);
            }
        }
        let (top, guards) = walk(checksum, &fragments);
        prop_assert_eq!(top, sums::top(&expected));
        prop_assert_eq!(guards, expected);
    }

    /// What two parts give together and apart.
    #[test]
    fn parts_are_joined_and_cut(
        a in prop::collection::vec(any::<u8>(), 0..6000),
        b in prop::collection::vec(any::<u8>(), 0..6000),
        zeros in 0..6000_usize,
        which in 0..Checksum::ALL.len(),
    ) {
        let checksum = Checksum::ALL[which];
        // Of T10 the first part ends with a sector.
        let sector = checksum.sector().unwrap_or(1);
        let a = &a[..a.len() / sector * sector];
        let [sum_a, sum_b] = [a, &b[..]].map(|part| checksum.digest(part));
        let whole = checksum.digest(&[a, &b].concat());
        let len = b.len() as u64;
        prop_assert_eq!(checksum.combine(sum_a, sum_b, len), whole);
        prop_assert_eq!(checksum.extract(sum_a, whole, len), sum_b);
        let zeroed = checksum.digest(&[a, &vec![0; zeros]].concat());
        prop_assert_eq!(checksum.shift(sum_a, zeros as u64), zeroed);
        let mut state = State::new(checksum);
        state.update(&b);
        state.update_zeros(zeros as u64);
        state.update(a);
        prop_assert_eq!(state.finish(), checksum.digest(&[&b[..], &vec![0; zeros], a].concat()));
    }

    /// A file of parts and holes, as the bytes have it.
    #[test]
    fn a_manifest_is_the_file(
        parts in prop::collection::vec((0..3_usize, 1..9000_usize, any::<u8>()), 0..6),
        tail in 0..10_000_usize,
        which in 0..Checksum::ALL.len(),
    ) {
        let checksum = Checksum::ALL[which];
        let sector = checksum.sector().unwrap_or(1);
        let (mut file, mut bytes) = (Manifest::new(checksum), Vec::new());
        let whole = matches!(checksum, Checksum::T10Crc512 | Checksum::T10Crc4k);
        for (hole, len, seed) in parts {
            let at = (bytes.len() + hole * 777).next_multiple_of(sector);
            // A CRC cannot go on within a sector.
            let len = if whole { len.next_multiple_of(sector) } else { len };
            let part: Vec<u8> = sums::noise(len + 255)[usize::from(seed)..][..len].to_vec();
            file.part(at as u64, len as u64, checksum.digest(&part)).unwrap();
            bytes.resize(at, 0);
            bytes.extend(part);
        }
        prop_assert_eq!(file.finish(bytes.len() as u64), Ok(checksum.digest(&bytes)));
        bytes.resize(bytes.len() + tail, 0);
        prop_assert_eq!(file.finish(bytes.len() as u64), Ok(checksum.digest(&bytes)));
    }
}
