//! Adler-32 and the Internet checksum: every backend against the definitions, broken ones found,
//! and the algebra against arithmetic of another kind.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::adler32::{self, Limit};
use super::dot::Dot;
use super::simd::{Kernel, Simd};
use super::{Backend, Checksum, Portable, t10ip};

#[path = "../../tests/common/sums.rs"]
mod sums;

const P: u64 = 65521;

/// Adler-32 by its definition, from any sum on.
fn naive(sum: u32, bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (sum & 0xffff, sum >> 16);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    high << 16 | low
}

fn naive_ip(bytes: &[u8]) -> u16 {
    sums::guard(Checksum::T10Ip512, bytes)
}

fn big_endian(guards: &[u16]) -> Vec<u8> {
    guards.iter().flat_map(|guard| guard.to_be_bytes()).collect()
}

/// Lengths around each change of path, for registers of 16 to 64 bytes.
fn lengths() -> Vec<usize> {
    let mut lengths: Vec<_> = (0..=if cfg!(miri) { 70 } else { 300 }).collect();
    let around: &[usize] =
        if cfg!(miri) { &[512, 1024] } else { &[512, 1024, 2048, 4096, 8192, 16384, 32768, 49152] };
    for len in around {
        lengths.extend([len - 1, *len, len + 1, len + 63, len + 259]);
    }
    lengths
}

/// Everything that is made of a `Dot`, against the definitions.
fn check_all<D: Dot>(dot: D) -> Result<(), String> {
    let bytes = sums::noise(if cfg!(miri) { 40_000 } else { 60_000 });
    let same = |got: u32, expected: u32, what: &str, len: usize| match got == expected {
        true => Ok(()),
        false => Err(format!("{what} of {len} bytes: {got:#x}, not {expected:#x}")),
    };
    for (i, len) in lengths().into_iter().enumerate() {
        let bytes = &bytes[i % 64..][..len];
        let sum = [1, 0xfff0_fff0, 0, 0x1234_5678][i % 4];
        let got = adler32::whole::<D, false>(dot, sum, bytes);
        same(got, naive(sum, bytes), "Adler-32", len)?;
        let even = &bytes[..len & !1];
        let swapped: Vec<_> = even.chunks(2).flat_map(|word| [word[1], word[0]]).collect();
        let got = adler32::whole::<D, true>(dot, sum, even);
        same(got, naive(sum, &swapped), "Adler-32 of guards", even.len())?;
        let got = t10ip::finish(t10ip::fold(t10ip::words(dot, bytes)));
        same(got.into(), naive_ip(bytes).into(), "IP sum", len)?;
    }
    for sector in [64, 128, 256, 512, 4096] {
        // Also as many as four pages have, and around that.
        let strip = 16384 / sector;
        let long =
            if cfg!(miri) { vec![] } else { vec![strip - 1, strip, strip + 1, 2 * strip + 5] };
        for count in (0..=9).chain(long) {
            let bytes = &bytes[count % 64..][..count * sector];
            let mut guards = vec![0xa5a5; count];
            // SAFETY: as many sectors as guards, powers of two.
            unsafe { t10ip::whole(dot, sector, bytes, &mut guards) };
            let expected: Vec<_> = bytes.chunks(sector).map(naive_ip).collect();
            if guards != expected {
                return Err(format!("guards of {count} sectors of {sector}"));
            }
        }
    }
    // Zero words have a sum that is zero, words that are all ones one that is not.
    for byte in [0, 0xff] {
        let mut guards = [0; 5];
        // SAFETY: as many sectors as guards, powers of two.
        unsafe { t10ip::whole(dot, 512, &[byte; 5 * 512], &mut guards) };
        same(guards[0].into(), naive_ip(&[byte; 512]).into(), "guard of equal bytes", 512)?;
        if guards != [guards[0]; 5] {
            return Err("equal sectors with unequal guards".into());
        }
    }
    Ok(())
}

struct CheckAll;
impl Kernel for CheckAll {
    type Out = Result<(), String>;
    fn call<S: Simd>(self, simd: S) -> Self::Out {
        check_all(simd)
    }
}

#[test]
fn every_backend_is_right() {
    for backend in Backend::available() {
        assert_eq!(backend.run(CheckAll), Ok(()), "{backend}");
    }
}

#[test]
fn check_values() {
    let digits = b"123456789";
    for backend in Backend::available() {
        assert_eq!(adler32::update(backend, 1, digits), 0x091e_01de, "{backend}");
        assert_eq!(adler32::update(backend, 1, b""), 1, "{backend}");
        let sum = t10ip::update(backend, t10ip::INIT, false, digits);
        assert_eq!(t10ip::finish(sum), 0xf62a, "{backend}");
        // From the facts: eight sectors of zeros.
        assert_eq!(adler32::guards(backend, 1, &[0xffff; 8]), 0x8788_0ff1, "{backend}");
    }
}

/// All lengths at all alignments, the definitions carried on byte by byte.
#[cfg(not(miri))]
#[test]
fn every_length_and_alignment() {
    let bytes = sums::noise(1024 + 64);
    for backend in Backend::available() {
        for at in 0..64 {
            let mut adler = 1;
            for len in 0..=1024 {
                let bytes = &bytes[at..at + len];
                if let Some(last) = bytes.last() {
                    adler = naive(adler, &[*last]);
                }
                assert_eq!(adler32::update(backend, 1, bytes), adler, "{backend} {len} at {at}");
                if len % 8 == at % 8 {
                    let guard = t10ip::finish(t10ip::update(backend, 0, false, bytes));
                    assert_eq!(guard, naive_ip(bytes), "{backend} {len} at {at}");
                }
            }
        }
    }
}

/// Where what surrounds the bytes may not be touched; nor may guards beyond the last be written.
#[cfg(all(unix, not(miri)))]
#[test]
fn no_byte_outside_is_touched() {
    let (mut memory, mut written) =
        (crate::guarded::Guarded::new(), crate::guarded::Guarded::new());
    memory.bytes().copy_from_slice(&sums::noise(crate::guarded::ROOM));
    let (memory, written) = (memory.bytes(), written.bytes());
    for backend in Backend::available() {
        for len in (0..=1100).chain([4095, 4096, 4097, 16384, 16385, 65535, 65536]) {
            for bytes in [&memory[..len], &memory[memory.len() - len..]] {
                assert_eq!(adler32::update(backend, 1, bytes), naive(1, bytes));
                let guard = t10ip::finish(t10ip::update(backend, 0, false, bytes));
                assert_eq!(guard, naive_ip(bytes));
            }
        }
        for (sector, count) in [(64, 1), (64, 7), (512, 3), (512, 9), (4096, 5), (4096, 16)] {
            for end in [false, true] {
                let len = sector * count;
                let bytes = if end { &memory[memory.len() - len..] } else { &memory[..len] };
                let at = if end { written.len() - 2 * count } else { 0 };
                // SAFETY: any bytes are guards, and these are aligned as pages are.
                let (_, guards, _) = unsafe { written[at..at + 2 * count].align_to_mut::<u16>() };
                t10ip::guards(backend, sector, bytes, guards);
                assert!(
                    guards.iter().eq(bytes.chunks(sector).map(naive_ip).collect::<Vec<_>>().iter())
                );
                let sum = adler32::guards(backend, 1, guards);
                assert_eq!(sum, naive(1, &big_endian(guards)));
            }
        }
    }
}

/// Where sums are reduced, with the bytes that make each of them the largest.
#[cfg(not(miri))]
#[test]
fn no_sum_overflows() {
    struct LimitOf;
    impl Kernel for LimitOf {
        type Out = (usize, usize, u32);
        fn call<S: Simd>(self, _: S) -> Self::Out {
            (Limit::<S>::BYTES, 4 * S::BYTES, S::CENTRE)
        }
    }
    for backend in Backend::available() {
        let (limit, block, centre) = backend.run(LimitOf);
        assert!(limit.is_multiple_of(16384) && limit > 16384, "{backend}: {limit}");
        let above = |i: usize| if i % block < centre as usize { 0xff } else { 0 };
        type Bytes<'a> = &'a dyn Fn(usize) -> u8;
        let kinds: [Bytes; 4] =
            [&|_| 0xff, &above, &|i| !above(i), &|i| if i < limit / 2 { 0xff } else { 0x80 }];
        for byte in kinds {
            let bytes: Vec<_> = (0..4 * limit + 16384).map(byte).collect();
            for len in [16383, 16384, limit - 1, limit, limit + 1, 2 * limit + 16383, bytes.len()] {
                for sum in [1, 0xfff0_fff0, u32::MAX] {
                    let got = adler32::update(backend, sum, &bytes[..len]);
                    assert_eq!(got, naive(sum, &bytes[..len]), "{backend}: {len} bytes");
                }
            }
        }
        let bytes = vec![0xff; (1 << 19) + 3];
        for len in [1 << 17, (1 << 17) - 1, (1 << 17) + 1, bytes.len()] {
            let sum = t10ip::update(backend, 0, false, &bytes[..len]);
            assert_eq!(t10ip::finish(sum), naive_ip(&bytes[..len]), "{backend}: {len} bytes");
        }
        for sector in [1 << 16, 1 << 17, 1 << 18] {
            let mut guards = vec![1; (1 << 19) / sector];
            t10ip::guards(backend, sector, &bytes[..1 << 19], &mut guards);
            assert!(guards.iter().all(|guard| *guard == 0), "{backend}: sectors of {sector}");
        }
    }
}

/// Megabytes, against a crate that millions use.
#[cfg(not(miri))]
#[test]
fn another_crate_agrees() {
    let bytes = sums::noise(5_000_003);
    for backend in Backend::available() {
        for bytes in [&bytes[..], &bytes[1..4_000_000], &bytes[77..1_048_576 + 77]] {
            assert_eq!(adler32::update(backend, 1, bytes), simd_adler32::adler32(&bytes));
        }
    }
}

#[test]
#[should_panic(expected = "bytes of all sectors")]
fn too_few_bytes_are_refused() {
    t10ip::guards(Backend::best(), 512, &[0; 1023], &mut [0; 2]);
}

#[test]
#[should_panic(expected = "bytes of all sectors")]
fn a_length_beyond_all_memory_is_refused() {
    t10ip::guards(Backend::best(), 1 << (usize::BITS - 1), &[], &mut [0; 2]);
}

#[test]
#[should_panic(expected = "sectors of 96 bytes")]
fn odd_sectors_are_refused() {
    t10ip::guards(Backend::best(), 96, &[0; 96], &mut [0]);
}

/// [`Portable`] with one thing wrong: the number of the fault.
#[derive(Clone, Copy)]
struct Broken(usize);

const FAULTS: [&str; 12] = [
    "bytes of words are not exchanged",
    "the last byte of a part is not loaded",
    "bytes after a part are not zero",
    "sums do not start at zero",
    "what is missing is not zero",
    "sums are not added",
    "a block's last register is not summed up",
    "a block's third register is not weighted",
    "weights are too large by one",
    "words overwrite the sum",
    "words are taken as signed",
    "totals are out of order",
];

// SAFETY: as for Portable, of whose loads none reads more than it would.
unsafe impl Dot for Broken {
    const BYTES: usize = Portable::BYTES;
    const CENTRE: u32 = Portable::CENTRE;
    const BIAS: u32 = Portable::BIAS;
    /// As no other portable backend is tested with.
    const STRIPES: bool = true;
    type V = <Portable as Dot>::V;
    type Sums = <Portable as Dot>::Sums;

    unsafe fn load(self, p: *const u8) -> Self::V {
        // SAFETY: the same contract.
        unsafe { Portable.load(p) }
    }
    unsafe fn load_part(self, p: *const u8, n: usize) -> Self::V {
        // SAFETY: the same contract, for as many bytes or one fewer.
        let mut v = unsafe { Portable.load_part(p, if self.0 == 1 { n - 1 } else { n }) };
        if self.0 == 2 {
            v[3] |= 1 << 63;
        }
        v
    }
    fn zero(self) -> Self::V {
        [u64::from(self.0 == 4); 4]
    }
    fn swap(self, v: Self::V) -> Self::V {
        if self.0 == 0 { v } else { Portable.swap(v) }
    }
    fn none(self) -> Self::Sums {
        u32::from(self.0 == 3)
    }
    fn add(self, a: Self::Sums, b: Self::Sums) -> Self::Sums {
        if self.0 == 5 { a } else { Portable.add(a, b) }
    }
    fn dot(self, sums: (Self::Sums, Self::Sums), block: &[Self::V; 4]) -> (Self::Sums, Self::Sums) {
        let but = |i: usize| {
            let mut block = *block;
            block[i] = [0; 4];
            Portable.dot(sums, &block)
        };
        let (bytes, weighted) = Portable.dot(sums, block);
        match self.0 {
            6 => (but(3).0, weighted),
            7 => (bytes, but(2).1),
            8 => (bytes, Portable.add(weighted, bytes.wrapping_sub(sums.0))),
            _ => (bytes, weighted),
        }
    }
    fn words(self, sums: Self::Sums, v: Self::V) -> Self::Sums {
        let signed = (v[0] & 0x8000) as u32 * 2;
        match self.0 {
            9 => Portable.words(0, v),
            10 => Portable.words(sums, v).wrapping_sub(signed),
            _ => Portable.words(sums, v),
        }
    }
    fn totals(self, [a, b, c, d]: [Self::Sums; 4]) -> [u32; 4] {
        if self.0 == 11 { [a, c, b, d] } else { [a, b, c, d] }
    }
}

/// The test of the tests: each fault must be found.
#[test]
fn broken_backends_are_found() {
    for (number, fault) in FAULTS.into_iter().enumerate() {
        // Sums that are wrong may well overflow where right ones cannot.
        let result = std::panic::catch_unwind(|| check_all(Broken(number)));
        assert!(!matches!(result, Ok(Ok(()))), "not found: {fault}");
    }
    assert_eq!(check_all(Broken(FAULTS.len())), Ok(()));
}

/// What a run of `n` equal steps does to a sum: a step is an affine map of both halves, and maps
/// are composed by squaring. Rows give low, high and 1; this shares nothing with closed formulas.
fn power(bytes: &[u8], mut n: u64) -> [[u64; 3]; 3] {
    let product = |a: [[u64; 3]; 3], b: [[u64; 3]; 3]| {
        let entry = |i: usize, j: usize| (0..3).map(|k| a[i][k] * b[k][j] % P).sum::<u64>() % P;
        std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
    };
    let one = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    let step = |byte: &u8| [[1, 0, u64::from(*byte)], [1, 1, u64::from(*byte)], [0, 0, 1]];
    let mut square = bytes.iter().map(step).fold(one, |all, step| product(step, all));
    let mut all = one;
    while n > 0 {
        if n % 2 == 1 {
            all = product(square, all);
        }
        square = product(square, square);
        n /= 2;
    }
    all
}

fn repeated(sum: u32, bytes: &[u8], n: u64) -> u32 {
    let before = [u64::from(sum & 0xffff), u64::from(sum >> 16), 1];
    let rows = power(bytes, n);
    let row = |i: usize| rows[i].iter().zip(before).map(|(a, b)| a * b).sum::<u64>() % P;
    (row(1) as u32) << 16 | row(0) as u32
}

/// Any sum that bytes can have.
fn sum() -> impl Strategy<Value = u32> {
    (0..65521_u32, 0..65521_u32).prop_map(|(low, high)| high << 16 | low)
}

/// Small and huge numbers, and those around multiples of the modulus.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..300_u64,
        any::<u64>(),
        (0..u64::MAX / P, 0..3_u64).prop_map(|(n, more)| n * P + more),
        (0..1000_u64).prop_map(|less| u64::MAX - less),
        (0..1000_u64).prop_map(|more| (1 << 32) - 500 + more),
        (0..1000_u64).prop_map(|more| (1 << 63) - 500 + more),
    ]
}

#[test]
fn the_oracle_of_runs_is_right() {
    for n in 0..300 {
        let bytes = [0x12, 0xff].repeat(n);
        assert_eq!(repeated(0xfff0_0001, &[0x12, 0xff], n as u64), naive(0xfff0_0001, &bytes));
    }
}

#[test]
// Arithmetic alone, in which Miri has nothing to find.
#[cfg_attr(miri, ignore)]
fn runs_at_the_ends_of_u64() {
    for n in [0, 1, P - 1, P, P + 1, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX] {
        for sum in [0, 1, 0xfff0_fff0, 0x8000_7fff] {
            assert_eq!(adler32::zeros(sum, n), repeated(sum, &[0], n));
            for guard in [0, 1, 0xff00, 0x00ff, 0xffff, 0x807f] {
                let expected = repeated(sum, &u16::to_be_bytes(guard), n);
                assert_eq!(adler32::repeat(sum, guard, n), expected, "{guard:#x} {n} times");
            }
        }
    }
}

proptest! {
    #[test]
    fn runs_are_powers(sum in sum(), guard in any::<u16>(), n in count()) {
        prop_assert_eq!(adler32::zeros(sum, n), repeated(sum, &[0], n));
        prop_assert_eq!(adler32::repeat(sum, guard, n), repeated(sum, &guard.to_be_bytes(), n));
    }

    #[test]
    fn parts_combine_and_come_apart(
        bytes in prop::collection::vec(any::<u8>(), 0..5000),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(bytes.len() + 1);
        let (a, b) = bytes.split_at(cut);
        let len = b.len() as u64;
        let expected = naive(1, &bytes);
        for backend in Backend::available() {
            let [sum_a, sum_b] = [a, b].map(|part| adler32::update(backend, 1, part));
            prop_assert_eq!(adler32::update(backend, sum_a, b), expected);
            prop_assert_eq!(adler32::combine(sum_a, sum_b, len), expected);
            prop_assert_eq!(adler32::extract(sum_a, expected, len), sum_b);
        }
    }

    /// For parts that no memory holds: what is known of them is their sum and length.
    #[test]
    fn algebra_of_any_length(a in sum(), b in sum(), c in sum(), m in count(), n in count()) {
        prop_assert_eq!(adler32::extract(a, adler32::combine(a, b, n), n), b);
        prop_assert_eq!(adler32::combine(a, adler32::extract(a, b, n), n), b);
        prop_assert_eq!(adler32::combine(a, adler32::zeros(1, n), n), adler32::zeros(a, n));
        if let Some(both) = m.checked_add(n) {
            let left = adler32::combine(adler32::combine(a, b, m), c, n);
            prop_assert_eq!(left, adler32::combine(a, adler32::combine(b, c, n), both));
        }
    }

    #[test]
    fn guards_are_bytes(
        sum in sum(),
        guards in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let expected = naive(sum, &big_endian(&guards));
        let pushed = guards.iter().fold(sum, |sum, guard| adler32::push(sum, *guard));
        prop_assert_eq!(pushed, expected);
        for backend in Backend::available() {
            prop_assert_eq!(adler32::guards(backend, sum, &guards), expected);
        }
    }

    #[test]
    fn pieces_have_the_sum_of_the_whole(
        bytes in prop::collection::vec(any::<u8>(), 0..5000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        for backend in Backend::available() {
            let (mut adler, mut ip, mut from) = (adler32::INIT, t10ip::INIT, 0);
            for to in cuts.iter().copied().chain([bytes.len()]) {
                let piece = &bytes[from..to];
                adler = adler32::update(backend, adler, piece);
                ip = t10ip::update(backend, ip, from % 2 == 1, piece);
                from = to;
            }
            prop_assert_eq!(adler, naive(1, &bytes));
            prop_assert_eq!(t10ip::finish(ip), naive_ip(&bytes));
        }
    }
}
