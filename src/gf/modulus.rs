//! The polynomial that blocks are divided by, and remainders as numbers.
//!
//! G(y) = y^8 + y^3 + y + 9 over GF(2^8): see `docs::digest` for why this one. A remainder is a
//! polynomial of degree below 8, kept in a `u64` as its bytes would be read: the coefficient of y^7
//! is the uppermost byte.

use super::coef::Coef;
use super::scalar::REDUCTION;

/// The powers of y that G has besides y^8 and its constant.
pub(super) const TERMS: [usize; 2] = [1, 3];
/// The constant of G.
const CONSTANT: u8 = 9;

/// The constant of G to the power of 2^0, 2^1 ... 2^6: since squaring is additive, G(y) to the power
/// of 2^s is the same polynomial of y^(2^s), but for its constant.
pub(super) static CONSTANTS: [Coef; 7] = {
    let mut constants = [Coef::ZERO; 7];
    let (mut c, mut s) = (CONSTANT, 0);
    while s < constants.len() {
        constants[s] = Coef::new(c);
        c = super::mul(c, c);
        s += 1;
    }
    constants
};

/// y to the power of 2^0, 2^1 ... 2^63, modulo G.
static SQUARES: [u64; 64] = {
    let mut squares = [1 << 8; 64];
    let mut s = 1;
    while s < squares.len() {
        squares[s] = product(squares[s - 1], squares[s - 1]);
        s += 1;
    }
    squares
};

/// The remainder of the bytes so far, of which `remainder` is that, and eight more.
const fn append8(remainder: u64, bytes: u64) -> u64 {
    // What the remainder becomes when it is moved up by y^8 = y^3 + y + 9, and what of that is above
    // y^8 again.
    bytes ^ folded(remainder ^ over(remainder))
}

/// The same for one byte.
const fn append1(remainder: u64, byte: u8) -> u64 {
    (remainder << 8) ^ byte as u64 ^ folded(remainder >> 56)
}

/// y^3 + y + 9 times a remainder, without what of it would be y^8 and above.
const fn folded(remainder: u64) -> u64 {
    (remainder << (8 * TERMS[1])) ^ (remainder << (8 * TERMS[0])) ^ times_constant(remainder)
}

/// What `folded` leaves out, divided by y^8: so little that nothing is left out of its `folded`.
const fn over(remainder: u64) -> u64 {
    const { assert!(TERMS[1] <= 4) };
    (remainder >> (64 - 8 * TERMS[1])) ^ (remainder >> (64 - 8 * TERMS[0]))
}

/// The remainder of the bytes so far, of which `remainder` is that, and `bytes`. Cost: some
/// twelve cycles for 8 bytes, which wait for those before.
pub(super) fn append(mut remainder: u64, bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks();
    for eight in eights {
        remainder = append8(remainder, u64::from_be_bytes(*eight));
    }
    for byte in rest {
        remainder = append1(remainder, *byte);
    }
    remainder
}

/// Each byte times G's constant, 9 = 8 + 1.
const fn times_constant(bytes: u64) -> u64 {
    const { assert!(CONSTANT == 9 && REDUCTION == 0x1d) };
    // The upper three bits of each byte leave it, and come back times 0x1d: 16 + 8 + 4 + 1.
    let over = (bytes >> 5) & 0x0707_0707_0707_0707;
    let back = over ^ (over << 2) ^ (over << 3) ^ (over << 4);
    ((bytes << 3) & 0xf8f8_f8f8_f8f8_f8f8) ^ back ^ bytes
}

/// Each byte times `c`.
const fn scaled(bytes: u64, c: u8) -> u64 {
    let (mut sum, mut bit) = (0, 8);
    while bit > 0 {
        bit -= 1;
        let over = (sum >> 7) & 0x0101_0101_0101_0101;
        sum = ((sum << 1) & 0xfefe_fefe_fefe_fefe) ^ (over * REDUCTION as u64);
        if c >> bit & 1 == 1 {
            sum ^= bytes;
        }
    }
    sum
}

/// The product of two remainders, modulo G. Cost: some 400 simple operations.
const fn product(a: u64, b: u64) -> u64 {
    let (mut sum, mut at) = (0, 64);
    while at > 0 {
        at -= 8;
        sum = append1(sum, 0) ^ scaled(a, (b >> at) as u8);
    }
    sum
}

/// The remainder of a block of which `remainder` is that, followed by `zeros` zero bytes. Cost: one
/// product for each bit of `zeros` that is set.
pub(crate) fn shifted(mut remainder: u64, zeros: u64) -> u64 {
    for (s, power) in SQUARES.iter().enumerate() {
        if zeros >> s & 1 == 1 {
            remainder = product(remainder, *power);
        }
    }
    remainder
}
