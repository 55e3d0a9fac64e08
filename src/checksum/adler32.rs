//! Adler-32: the sum of the bytes and the sum of those sums, modulo 65521.

/// Of no bytes.
pub(super) const INIT: u32 = 1;
/// The largest prime below 2^16.
const MODULUS: u32 = 65521;

/// The sum after `bytes`.
pub(super) fn update(sum: u32, bytes: &[u8]) -> u32 {
    let mut adler = simd_adler32::Adler32::from_checksum(sum);
    adler.write(bytes);
    adler.finish()
}

/// The sum after the two bytes of a guard, for which a call of a vector kernel is too much.
pub(super) fn push(sum: u32, guard: u16) -> u32 {
    // Both terms are below the modulus: one subtraction reduces their sum.
    let add = |a: u32, b: u32| {
        let sum = a + b;
        if sum >= MODULUS { sum - MODULUS } else { sum }
    };
    let [first, second] = guard.to_be_bytes();
    let (low, high) = (sum & 0xffff, sum >> 16);
    let low = add(low, first.into());
    let high = add(high, low);
    let low = add(low, second.into());
    add(high, low) << 16 | low
}
