//! Polynomials over GF(2^8) by the schoolbook, highest power first. They share nothing with the
//! library; products of bytes are those of `oracle`, which the including file has.
#![allow(dead_code, unreachable_pub)]

use super::oracle::{inv, mul};

/// y^8 + y^3 + y + 9.
pub const G: [u8; 9] = [1, 0, 0, 0, 0, 1, 0, 1, 9];

/// What long division by `divisor`, whose first coefficient is not 0, leaves.
pub fn remainder(dividend: &[u8], divisor: &[u8]) -> Vec<u8> {
    let mut rest = dividend.to_vec();
    let degree = divisor.len() - 1;
    for at in 0..rest.len().saturating_sub(degree) {
        if rest[at] != 0 {
            let quotient = mul(rest[at], inv(divisor[0]));
            for (a, b) in rest[at..].iter_mut().zip(divisor) {
                *a ^= mul(quotient, *b);
            }
        }
    }
    rest.split_off(rest.len().saturating_sub(degree))
}

/// The digest of a block: its remainder modulo [`G`].
pub fn digest(block: &[u8]) -> [u8; 8] {
    let mut digest = [0; 8];
    // The first bytes are zeros that change nothing.
    let padded = [&[0; 8][..], block].concat();
    digest.copy_from_slice(&remainder_by_g(&padded));
    digest
}

/// [`remainder`] for long blocks: as G's first coefficient is 1, there is no inverse to look for.
fn remainder_by_g(dividend: &[u8]) -> Vec<u8> {
    let mut rest = dividend.to_vec();
    for at in 0..rest.len() - 8 {
        let quotient = rest[at];
        for (a, b) in rest[at..].iter_mut().zip(G) {
            *a ^= mul(quotient, b);
        }
    }
    rest.split_off(rest.len() - 8)
}

/// y to a power, modulo [`G`].
pub fn y_to(power: u128) -> [u8; 8] {
    Ring::new(G).y_to(power)
}

/// The greatest common divisor, without zeros in front, of a polynomial that has none and another.
pub fn common_divisor(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    loop {
        b.drain(..b.iter().take_while(|c| **c == 0).count());
        if b.is_empty() {
            return a;
        }
        let rest = remainder(&a, &b);
        (a, b) = (b, rest);
    }
}

/// Polynomials modulo one of degree 8 whose first coefficient is 1.
pub struct Ring {
    modulus: [u8; 9],
}

impl Ring {
    pub fn new(modulus: [u8; 9]) -> Ring {
        assert_eq!(modulus[0], 1);
        Ring { modulus }
    }

    /// y to a power: square, and multiply by y where the power has a bit.
    pub fn y_to(&self, power: u128) -> [u8; 8] {
        let mut result = [0, 0, 0, 0, 0, 0, 0, 1];
        for bit in (0..power.checked_ilog2().map_or(0, |top| top + 1)).rev() {
            // (sum of a y^n)^2 is the sum of a^2 y^2n.
            let mut square = [0; 16];
            for (n, a) in result.iter().enumerate() {
                square[2 * n + 1] = mul(*a, *a);
            }
            // One place up is times y.
            if power >> bit & 1 == 1 {
                square.rotate_left(1);
            }
            result = self.reduce(square);
        }
        result
    }

    fn reduce(&self, mut rest: [u8; 16]) -> [u8; 8] {
        for at in 0..8 {
            let quotient = rest[at];
            if quotient != 0 {
                for (a, b) in rest[at..].iter_mut().zip(self.modulus) {
                    *a ^= mul(quotient, b);
                }
            }
        }
        std::array::from_fn(|n| rest[8 + n])
    }
}
