//! Published values, those of Lustre's facts, and the definitions bit by bit.
#![allow(clippy::unwrap_used)]

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[path = "../../tests/common/sums.rs"]
pub(super) mod sums;

/// Sum and guards of fragments of pages: where in its page each begins, and its bytes.
fn walk(checksum: Checksum, fragments: &[(usize, &[u8])]) -> (u32, Vec<u16>) {
    let (mut state, mut guards) = (State::new(checksum), Vec::new());
    for (offset, bytes) in fragments {
        state.cut(*offset, |guard| guards.push(guard));
        state.update_guards(bytes, |guard| guards.push(guard));
    }
    state.cut(0, |guard| guards.push(guard));
    (state.finish(), guards)
}

/// The page of the facts' examples.
fn page() -> Vec<u8> {
    (0..4096).map(|i| (7 * i + 3) as u8).collect()
}

#[test]
fn published_check_values() {
    let digits = b"123456789";
    for (checksum, of_digits, of_nothing) in [
        (Checksum::Crc32, 0x340b_c6d9, 0xffff_ffff),
        (Checksum::Crc32c, 0xe306_9283, 0),
        (Checksum::Adler32, 0x091e_01de, 1),
    ] {
        assert_eq!(checksum.digest(digits), of_digits, "{checksum}");
        assert_eq!(checksum.digest(b""), of_nothing, "{checksum}");
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
        assert_eq!(plain.map(|checksum| checksum.digest(&bytes)), expected);
    }

    let (page, zeros) = (page(), Vec::from([0; 4096]));
    let fragments: [(usize, &[u8]); 4] =
        [(0, &page), (0, &zeros), (100, &page[100..1100]), (100, &page[..1000])];
    type Expected = (&'static [u16], u32);
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
    for name in ["", "CRC32", "adler32", "t10ip4k"] {
        assert_eq!(Checksum::from_name(name), Err(Error::ChecksumUnknown));
    }
}

/// Around each place where the crates change their ways.
#[test]
fn every_length_and_alignment() {
    let bytes = sums::noise(9000);
    for checksum in Checksum::ALL {
        for at in (0..65).step_by(if cfg!(debug_assertions) { 7 } else { 1 }) {
            for len in (0..600).step_by(1 + at % 3).chain([1023, 4095, 4096, 4097, 8191, 8192]) {
                let bytes = &bytes[at..at + len];
                let (sum, guards) = sums::naive(checksum, bytes);
                assert_eq!(checksum.digest(bytes), sum, "{checksum}: {len} bytes at {at}");
                assert_eq!(walk(checksum, &[(0, bytes)]).1, guards, "{checksum}: {len} at {at}");
            }
        }
    }
}

/// The Internet checksum folds carries: all ones, and a sum that is long.
#[test]
fn sums_of_large_words() {
    for byte in [0xff, 0xfe, 0x80] {
        let bytes = Vec::from([byte; 70_001]);
        for checksum in Checksum::ALL {
            assert_eq!(checksum.digest(&bytes), sums::naive(checksum, &bytes).0, "{checksum}");
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
            state.update_guards(&bytes[from..to], |guard| guards.push(guard));
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
        which in 3..Checksum::ALL.len(),
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
}
