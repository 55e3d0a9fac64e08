//! Every polynomial on every backend, against long division bit by bit.
//!
//! The checks take anything that makes CRCs and return what they found, so that the last test can
//! hand them instruction sets that are wrong on purpose: a check that passes those proves nothing.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::format;
use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::fold::{Clmul, Fold};
use super::super::t10crc;
use super::*;

#[path = "tests/soft.rs"]
mod soft;

use soft::Soft;

/// The definition: division of polynomials, the highest power first, one bit at a time. It takes
/// the polynomial as standards print it.
struct Definition {
    width: u32,
    polynomial: u64,
    reflected: bool,
}

impl Definition {
    fn of<P: Poly>() -> Definition {
        let [crc32, crc32c, nvme, t10] =
            [0x04c1_1db7, 0x1edc_6f41, 0xad93_d235_94c9_3659, 0x8bb7_u64];
        let (width, polynomial, reflected) = match (P::WIDTH, P::POLYNOMIAL & 1) {
            (16, _) => (16, t10, false),
            (64, _) => (64, nvme, true),
            (_, 0) if P::POLYNOMIAL == 0x82f6_3b78 => (32, crc32c, true),
            _ => (32, crc32, true),
        };
        Definition { width, polynomial, reflected }
    }

    /// The register after one more byte.
    fn step(&self, register: u64, byte: u8) -> u64 {
        let turn = 64 - self.width;
        // Highest power in the highest bit of `width`, as on paper.
        let mut upright = u128::from(register.reverse_bits() >> turn);
        for i in 0..8 {
            let bit = if self.reflected { byte >> i & 1 } else { byte >> (7 - i) & 1 };
            upright = upright << 1 ^ u128::from(bit) << self.width;
            if upright >> self.width & 1 == 1 {
                upright ^= 1 << self.width | u128::from(self.polynomial);
            }
        }
        (upright as u64).reverse_bits() >> turn
    }

    fn update(&self, register: u64, bytes: &[u8]) -> u64 {
        bytes.iter().fold(register, |register, byte| self.step(register, *byte))
    }

    /// The registers after 0, 1, 2, ... bytes.
    fn registers(&self, register: u64, bytes: &[u8]) -> Vec<u64> {
        let mut registers = Vec::from([register]);
        for byte in bytes {
            registers.push(self.step(*registers.last().unwrap(), *byte));
        }
        registers
    }
}

/// What the checks are for.
trait Subject {
    fn name(&self) -> String;
    fn update<P: Poly>(&self, register: u64, bytes: &[u8]) -> u64;
    fn guards(&self, sector: usize, bytes: &[u8], guards: &mut [u16]);
    /// Sizes of sectors that it makes guards of.
    fn sectors(&self) -> &[usize];
}

impl Subject for Backend {
    fn name(&self) -> String {
        String::from(Backend::name(*self))
    }
    fn update<P: Poly>(&self, register: u64, bytes: &[u8]) -> u64 {
        update::<P>(*self, register, bytes)
    }
    fn guards(&self, sector: usize, bytes: &[u8], guards: &mut [u16]) {
        t10crc::guards(*self, sector, bytes, guards);
    }
    fn sectors(&self) -> &[usize] {
        if cfg!(miri) { &[64] } else { &[64, 128, 256, 512, 1024, 2048, 4096, 8192] }
    }
}

impl<const LANES: usize, const UPRIGHT: bool> Subject for Soft<LANES, UPRIGHT> {
    fn name(&self) -> String {
        format!("{LANES} lanes with fault {}", self.0)
    }
    fn update<P: Poly>(&self, register: u64, bytes: &[u8]) -> u64 {
        Fold::crc::<P>(*self, register, bytes)
    }
    fn guards(&self, sector: usize, bytes: &[u8], guards: &mut [u16]) {
        match sector {
            512 => Fold::guards::<512>(*self, bytes.as_chunks().0, guards),
            _ => Fold::guards::<64>(*self, bytes.as_chunks().0, guards),
        }
    }
    fn sectors(&self) -> &[usize] {
        if cfg!(miri) { &[64] } else { &[64, 512] }
    }
}

/// Bytes without a pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A register with all of its bits in use.
fn start<P: Poly>() -> u64 {
    0xdead_beef_0bad_cafe >> (64 - P::WIDTH)
}

/// Runs a check that is generic over the polynomial for each of them.
macro_rules! each_poly {
    ($check:ident($($arg:expr),*)) => {
        $check::<Crc32>($($arg),*)
            .and_then(|()| $check::<Crc32c>($($arg),*))
            .and_then(|()| $check::<Crc64Nvme>($($arg),*))
            .and_then(|()| $check::<T10>($($arg),*))
    };
}

#[cfg(all(unix, not(miri)))]
#[path = "tests/guard.rs"]
mod guard;
#[cfg(not(miri))]
#[path = "tests/rivals.rs"]
mod rivals;

/// Lengths around each change of ways: 16 bytes, a register of up to 64, eight of them, and rounds
/// of those with every remainder. Under Miri few, for registers of 16.
fn lengths() -> Vec<usize> {
    if cfg!(miri) {
        return (0..=33).chain(127..=130).chain([300]).collect();
    }
    (0..=1024).chain((3..6).flat_map(|n| 512 * n - 17..=512 * n + 17)).chain([4096, 9000]).collect()
}

fn check_lengths<P: Poly>(subject: &impl Subject) -> Result<(), String> {
    let lengths = lengths();
    let bytes = noise(*lengths.last().unwrap());
    for register in [0, start::<P>()] {
        let expected = Definition::of::<P>().registers(register, &bytes);
        for len in lengths.iter().copied() {
            let got = subject.update::<P>(register, &bytes[..len]);
            if got != expected[len] {
                return Err(format!("{}: {len} bytes, width {}", subject.name(), P::WIDTH));
            }
        }
    }
    Ok(())
}

fn check_guards(subject: &impl Subject) -> Result<(), String> {
    for sector in subject.sectors() {
        for count in 0..if cfg!(miri) { 2 } else { 10 } {
            let bytes = &noise(sector * count + 1)[1..];
            let mut guards = Vec::from([0x5555; 10]);
            subject.guards(*sector, bytes, &mut guards[..count]);
            let definition = Definition::of::<T10>();
            let expected = bytes.chunks(*sector).map(|bytes| definition.update(0, bytes));
            let expected = expected.map(|register| (register as u16).reverse_bits());
            if !guards.iter().copied().eq(expected.chain([0x5555; 10]).take(10)) {
                return Err(format!("{}: {count} sectors of {sector}", subject.name()));
            }
        }
    }
    Ok(())
}

fn check_all(subject: &impl Subject) -> Result<(), String> {
    each_poly!(check_lengths(subject))?;
    check_guards(subject)
}

#[test]
fn every_backend_divides() {
    for backend in Backend::available() {
        check_all(&backend).unwrap();
    }
}

/// The kernel itself, on plain integers: also where there is no vector, and under Miri.
#[test]
fn the_kernel_divides_on_any_register() {
    check_all(&Soft::<1, false>(0)).unwrap();
    check_all(&Soft::<1, true>(0)).unwrap();
    check_all(&Soft::<4, false>(0)).unwrap();
    check_all(&Soft::<4, true>(0)).unwrap();
}

/// The test of the tests: each fault must be found. Not under Miri, where the checks are few.
#[cfg(not(miri))]
#[test]
fn broken_backends_are_found() {
    for (number, fault) in soft::FAULTS.into_iter().enumerate() {
        let result = check_all(&Soft::<4, true>(number + 1));
        assert!(result.is_err(), "not found: {fault}");
    }
}

#[test]
fn published_check_values() {
    let digits = b"123456789";
    for backend in Backend::available() {
        assert_eq!(!update::<Crc32>(backend, 0xffff_ffff, digits) as u32, 0xcbf4_3926);
        assert_eq!(!update::<Crc32c>(backend, 0xffff_ffff, digits) as u32, 0xe306_9283);
        assert_eq!(!update::<Crc64Nvme>(backend, !0, digits), 0xae8b_1486_0a79_9888);
        assert_eq!((update::<T10>(backend, 0, digits) as u16).reverse_bits(), 0xd0db);
    }
    // RFC 3720, B.4: 32 bytes of zeros, of ones, rising, falling.
    let rising: [u8; 32] = std::array::from_fn(|i| i as u8);
    let falling = rising.map(|i| 31 - i);
    let vectors = [
        ([0; 32], 0x8a91_36aa),
        ([0xff; 32], 0x62a8_ab43),
        (rising, 0x46dd_794e),
        (falling, 0x113f_db5c_u32),
    ];
    for backend in Backend::available() {
        for (bytes, crc) in vectors {
            assert_eq!(!update::<Crc32c>(backend, 0xffff_ffff, &bytes) as u32, crc);
        }
    }
}

/// Zero bytes one by one, and by products; far lengths by the order of exponents.
fn check_shift<P: Poly>() -> Result<(), String> {
    let (definition, from) = (Definition::of::<P>(), start::<P>());
    let mut register = from;
    for len in 0..=300 {
        assert_eq!(shift::<P>(from, len), register, "{len} zeros");
        register = definition.step(register, 0);
    }
    for power in (0..63).step_by(if cfg!(miri) { 7 } else { 1 }) {
        let len = 1 << power;
        let twice = shift::<P>(shift::<P>(from, len), len);
        assert_eq!(twice, shift::<P>(from, 2 * len), "twice 2^{power}");
    }
    for len in [u64::MAX, (1 << 63) - 1, (1 << 63) + 1, (1 << 40) - 1, (1 << 32) + 1] {
        let parts = [len / 3, len / 5, len - len / 3 - len / 5];
        let moved = parts.into_iter().fold(from, shift::<P>);
        assert_eq!(moved, shift::<P>(from, len), "{len} zeros");
    }
    assert_eq!(shift::<P>(0, u64::MAX), 0);
    Ok(())
}

#[test]
fn shift_is_as_many_zeros() {
    each_poly!(check_shift()).unwrap();
}

/// Both at once, and by powers that only meet at 2^64 - 1: over a field the register comes back.
#[test]
fn shift_by_the_order_changes_nothing() {
    // CRC32's polynomial is primitive: bits come round after 2^32 - 1, and so do bytes.
    for times in [1, 2, 1 << 31, (1 << 32) + 1] {
        let len = ((1_u64 << 32) - 1).wrapping_mul(times);
        assert_eq!(shift::<Crc32>(0x1234_5678, len), 0x1234_5678, "{times} rounds");
    }
    assert_ne!(shift::<Crc32>(0x1234_5678, (1 << 32) - 2), 0x1234_5678);
}

/// Long enough for all the kernel's loops, and no two backends or cuts may differ.
fn check_pieces<P: Poly>(bytes: &[u8], cut: usize, register: u64) -> Result<(), String> {
    let register = register >> (64 - P::WIDTH);
    let (first, second) = bytes.split_at(cut);
    let expected = Definition::of::<P>().update(register, bytes);
    for backend in Backend::available() {
        let whole = update::<P>(backend, register, bytes);
        let pieces = update::<P>(backend, update::<P>(backend, register, first), second);
        let parts = shift::<P>(update::<P>(backend, register, first), second.len() as u64)
            ^ update::<P>(backend, 0, second);
        for got in [whole, pieces, parts] {
            if got != expected {
                return Err(format!("{backend}: {} bytes cut at {cut}", bytes.len()));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn pieces_and_parts_are_the_whole(
        bytes in prop::collection::vec(any::<u8>(), 0..if cfg!(miri) { 300 } else { 5000 }),
        cut in any::<prop::sample::Index>(),
        register in any::<u64>(),
    ) {
        let cut = cut.index(bytes.len() + 1);
        let checked = each_poly!(check_pieces(&bytes, cut, register));
        prop_assert!(checked.is_ok(), "{checked:?}");
    }

    #[test]
    fn shifts_add_up(a in any::<u64>(), b in any::<u64>(), register in any::<u64>()) {
        fn check<P: Poly>(a: u64, b: u64, register: u64) -> Result<(), String> {
            let register = register >> (64 - P::WIDTH);
            let (a, b) = (a / 2, b / 2);
            let both = shift::<P>(shift::<P>(register, a), b);
            (both == shift::<P>(register, a + b)).then_some(()).ok_or(format!("{a} + {b}"))
        }
        let checked = each_poly!(check(a, b, register));
        prop_assert!(checked.is_ok(), "{checked:?}");
    }
}

/// Megabytes, at once and against each other: definition too slow, so the portable tables, which
/// were held against it above, stand for it.
#[cfg(not(miri))]
#[test]
fn backends_agree_on_long_buffers() {
    fn check<P: Poly>(bytes: &[u8]) -> Result<(), String> {
        let portable = Backend::from_name("portable").unwrap();
        let expected = update::<P>(portable, start::<P>(), bytes);
        for backend in Backend::available() {
            assert_eq!(update::<P>(backend, start::<P>(), bytes), expected, "{backend}");
        }
        Ok(())
    }
    let bytes = noise((3 << 20) + 77);
    for from in [0, 1, 63] {
        each_poly!(check(&bytes[from..])).unwrap();
    }
}
