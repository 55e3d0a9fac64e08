//! Remainders against long division, on any instruction set.

use super::super::Remainder;
use super::*;
use polynomial::digest;

/// What a backend makes of pieces, one after the other. The portable backend that the remainder is
/// made for would go another way; here it only has a name.
fn divide<S: Simd>(simd: S, pieces: &[&[u8]]) -> [u8; 8] {
    let mut remainder = Remainder::new(Backend::Portable(Portable));
    pieces.iter().for_each(|piece| remainder.update_on(simd, piece));
    remainder.finish_on(simd).to_be_bytes()
}

/// All lengths to two groups of the widest registers and some beyond, in one piece, and in two and
/// three that end anywhere.
pub(super) fn check<S: Simd>(simd: S) -> Result<(), String> {
    let bytes = oracle::noise(5000, 6);
    // Each kind of path, but few bytes for Miri.
    let all = (0..1100).chain([4095, 4096, 4097]);
    let lengths: Vec<_> = if cfg!(miri) { vec![9, 130, 640] } else { all.collect() };
    for len in lengths {
        let block = &bytes[len % 61..][..len];
        let expected = digest(block);
        let fault = |what: &str| Err(format!("{}: remainder of {len} bytes {what}", S::NAME));
        if divide(simd, &[block]) != expected {
            return fault("in one piece");
        }
        let (first, rest) = block.split_at(len * 7 / 16);
        let (second, third) = rest.split_at(rest.len() / 8 * 3);
        if divide(simd, &[first, rest]) != expected {
            return fault("in two pieces");
        }
        if divide(simd, &[first, second, third]) != expected {
            return fault("in three pieces");
        }
    }
    Ok(())
}

/// Registers of plain integers, which nobody uses for remainders, are one more way to be right; and
/// what is broken in them is found.
#[test]
fn broken_remainders_are_found() {
    assert_eq!(check(Broken(usize::MAX)), Ok(()));
    if cfg!(miri) {
        return;
    }
    for fault in ["products overwrite the sum", "a difference is a union"] {
        let number = FAULTS.iter().position(|name| *name == fault).unwrap();
        assert!(check(Broken(number)).is_err(), "not found: {fault}");
    }
}

/// Where nothing is chosen by hand: the portable way of numbers, holes, and lengths of no memory.
#[test]
fn numbers_are_right() {
    let bytes = oracle::noise(300, 8);
    for len in (0..300).step_by(if cfg!(miri) { 97 } else { 1 }) {
        let mut remainder = Remainder::new(Backend::Portable(Portable));
        remainder.update(&bytes[..len / 3]);
        remainder.update(&bytes[len / 3..len]);
        assert_eq!(remainder.finish().to_be_bytes(), digest(&bytes[..len]), "{len}");
    }
    let holes = [0, (1 << 32) + 5, 1, 255, u64::MAX];
    for zeros in holes.into_iter().take(if cfg!(miri) { 2 } else { 5 }) {
        let expected = polynomial::y_to(u128::from(zeros));
        assert_eq!(super::super::shifted(1, zeros).to_be_bytes(), expected, "{zeros}");
    }
}
