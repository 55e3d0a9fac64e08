//! Arithmetic modulo the polynomial: what the constants of all kernels are made from.
//!
//! A CRC of width w is one of width 64, its polynomial and its register times x^(64-w). So there is
//! one arithmetic, of reflected polynomials below x^64 in a `u64`: bit 63 is 1, bit 0 is x^63. The
//! product of two of them as a carry-less multiplier gives it lies one bit too low to be 128
//! reflected bits, so it is x times the product; the exponents of constants are smaller by one for
//! that.

/// The polynomial 1.
const ONE: u64 = 1 << 63;

/// `a x`.
const fn times_x(a: u64, polynomial: u64) -> u64 {
    (a >> 1) ^ (polynomial & (a & 1).wrapping_neg())
}

/// `a b`, of which `a` is below x^`width`.
pub(super) const fn product(a: u64, b: u64, polynomial: u64, width: u32) -> u64 {
    let (mut a, mut b, mut sum, mut i) = (a, b, 0, 0);
    while i < width {
        sum ^= b & (a >> 63).wrapping_neg();
        a <<= 1;
        b = times_x(b, polynomial);
        i += 1;
    }
    sum
}

/// x^`exponent`.
const fn power(exponent: u32, polynomial: u64) -> u64 {
    let (mut value, mut square, mut left) = (ONE, times_x(ONE, polynomial), exponent);
    while left > 0 {
        if left & 1 == 1 {
            value = product(value, square, polynomial, 64);
        }
        square = product(square, square, polynomial, 64);
        left >>= 1;
    }
    value
}

/// What 16 bytes are multiplied by, their first half and their second, to come to lie `bytes`
/// further on.
pub(in super::super) const fn distance(bytes: usize, polynomial: u64) -> [u64; 2] {
    let bits = 8 * bytes as u32;
    [power(bits + 63, polynomial), power(bits - 1, polynomial)]
}

/// The same for an upright lane, whose upper half comes first: bit i is x^i, and what a multiplier
/// gives is the product itself.
pub(super) const fn upright(pair: [u64; 2], polynomial: u64) -> [u64; 2] {
    let [first, second] = pair;
    [times_x(second, polynomial).reverse_bits(), times_x(first, polynomial).reverse_bits()]
}

/// Pieces of 16 bytes that are at most multiplied by their distances to the end.
const PIECES: usize = 64;

/// What 16 bytes are multiplied by to be taken to the end of the message and x^64 further, where
/// the register is; the last entry is for the last 16 bytes.
///
/// Aligned, as registers of several entries are loaded from it.
#[repr(C, align(64))]
pub struct Ends([[u64; 2]; PIECES]);

impl Ends {
    pub(super) const fn new(polynomial: u64) -> Ends {
        let mut ends = [[0; 2]; PIECES];
        let (mut pair, mut left) = ([power(127, polynomial), power(63, polynomial)], PIECES);
        let next = power(128, polynomial);
        while left > 0 {
            left -= 1;
            ends[left] = pair;
            pair = [product(pair[0], next, polynomial, 64), product(pair[1], next, polynomial, 64)];
        }
        Ends(ends)
    }

    /// The same for upright lanes.
    pub(super) const fn upright(&self, polynomial: u64) -> Ends {
        let (mut ends, mut i) = ([[0; 2]; PIECES], 0);
        while i < PIECES {
            ends[i] = upright(self.0[i], polynomial);
            i += 1;
        }
        Ends(ends)
    }

    /// Of what ends `pieces` before the end of the message and is itself `len` long.
    #[inline(always)]
    pub(in super::super) fn at(&self, pieces: usize, len: usize) -> &[[u64; 2]] {
        let end = PIECES - pieces;
        &self.0[end - len..end]
    }
}

/// Digit by digit, what the register is multiplied by for that many zero bytes: entry `[i][d]` is
/// x^(8 d 16^i), reduced modulo the polynomial itself: below x^w, so that a product has w steps.
pub struct Zeros(pub(super) [[u64; 16]; 16]);

impl Zeros {
    pub(super) const fn new(polynomial: u64, width: u32) -> Zeros {
        let mut zeros = [[0; 16]; 16];
        let spare = 64 - width;
        let (mut base, mut digit) = (power(8, polynomial), 0);
        while digit < 16 {
            // Times x^(64-w), which is divided out again: modulo 64 bits becomes modulo w.
            let (mut value, mut i) = (power(spare, polynomial), 0);
            while i < 16 {
                zeros[digit][i] = value << spare;
                value = product(value, base, polynomial, 64);
                i += 1;
            }
            let mut squares = 0;
            while squares < 4 {
                base = product(base, base, polynomial, 64);
                squares += 1;
            }
            digit += 1;
        }
        Zeros(zeros)
    }
}

/// What the last 64 bits beyond the register are reduced with: x^128 / P, and P. Each lacks its
/// x^64, which the kernel knows of, and is divided by x; what falls off at the low end of the
/// quotient never reaches the part of a product that counts.
pub(super) const fn barrett(polynomial: u64) -> [u64; 2] {
    // Long division: the remainder is the register that starts with 1 and sees zeros, and what it
    // gives off are the quotient's coefficients from x^63 down. x^0 is left out.
    let (mut quotient, mut remainder, mut i) = (0, polynomial, 1);
    while i < 64 {
        quotient |= (remainder & 1) << i;
        remainder = times_x(remainder, polynomial);
        i += 1;
    }
    // The x^64 became x^63.
    [quotient | 1, polynomial << 1]
}
