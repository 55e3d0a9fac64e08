//! One constant of the field, in the forms that vector instructions multiply by.

use core::fmt;

use super::scalar::double;

/// A constant to multiply by: 40 bytes, the same on every machine and for every backend.
///
/// Tables of these are the working memory of [`crate::ec::Encoder`] and [`crate::ec::Decoder`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Coef {
    /// Bit matrix for `gf2p8affineqb`: byte `7 - i` selects the input bits that make output bit i.
    pub(super) affine: u64,
    /// Products with 0x00, 0x01 ... 0x0f.
    pub(super) low: [u8; 16],
    /// Products with 0x00, 0x10 ... 0xf0.
    pub(super) high: [u8; 16],
}

impl Coef {
    /// Multiplication by zero; fills tables before they are made.
    pub const ZERO: Coef = Coef::new(0);

    /// Prepares the constant `c`. Cost: some fifty simple operations.
    pub const fn new(c: u8) -> Coef {
        // Multiplication by c is linear over the bits of the other factor, so c * 2^j say all.
        let mut power = [c; 8];
        let mut j = 1;
        while j < 8 {
            power[j] = double(power[j - 1]);
            j += 1;
        }
        let (mut low, mut high) = ([0; 16], [0; 16]);
        let mut i = 1_usize;
        while i < 16 {
            let (rest, bit) = (i & (i - 1), i.trailing_zeros() as usize);
            low[i] = low[rest] ^ power[bit];
            high[i] = high[rest] ^ power[4 + bit];
            i += 1;
        }
        Coef { affine: transpose(u64::from_le_bytes(power)).swap_bytes(), low, high }
    }

    /// The constant itself.
    pub const fn value(&self) -> u8 {
        self.low[1]
    }
}

/// Transposes an 8x8 bit matrix (bit j of byte i goes to bit i of byte j) by swapping blocks of
/// 1, 2 and 4.
const fn transpose(x: u64) -> u64 {
    let t = (x ^ (x >> 7)) & 0x00aa_00aa_00aa_00aa;
    let x = x ^ t ^ (t << 7);
    let t = (x ^ (x >> 14)) & 0x0000_cccc_0000_cccc;
    let x = x ^ t ^ (t << 14);
    let t = (x ^ (x >> 28)) & 0x0000_0000_f0f0_f0f0;
    x ^ t ^ (t << 28)
}

impl Default for Coef {
    fn default() -> Coef {
        Coef::ZERO
    }
}

impl fmt::Debug for Coef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coef({:#04x})", self.value())
    }
}
