//! Single elements of the field: multiply and invert, usable in constants.

/// x^8 + x^4 + x^3 + x^2 + 1 without its top bit: what a carry out of bit 7 folds back to.
pub(super) const REDUCTION: u8 = 0x1d;

/// Powers of the generator 2, twice round, so that a sum of two logarithms needs no modulo.
static EXP: [u8; 510] = TABLES.0;
/// Logarithms to base 2; entry 0 is never read.
static LOG: [u8; 256] = TABLES.1;

const TABLES: ([u8; 510], [u8; 256]) = {
    let mut exp = [0; 510];
    let mut log = [0; 256];
    let mut x = 1;
    let mut i = 0;
    while i < 255 {
        exp[i] = x;
        exp[i + 255] = x;
        log[x as usize] = i as u8;
        x = double(x);
        i += 1;
    }
    (exp, log)
};

/// 2 times `a`.
pub(super) const fn double(a: u8) -> u8 {
    (a << 1) ^ if a >= 0x80 { REDUCTION } else { 0 }
}

/// The product of `a` and `b`.
///
/// ```
/// assert_eq!(lustrine::gf::mul(0x53, 0xca), 0x8f);
/// ```
pub const fn mul(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    EXP[LOG[a as usize] as usize + LOG[b as usize] as usize]
}

/// The inverse of `a`; 0 for 0, as ISA-L has it.
///
/// ```
/// assert_eq!(lustrine::gf::inv(2), 0x8e);
/// assert_eq!(lustrine::gf::inv(0), 0);
/// ```
pub const fn inv(a: u8) -> u8 {
    if a == 0 { 0 } else { EXP[255 - LOG[a as usize] as usize] }
}
