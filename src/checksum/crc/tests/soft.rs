//! Registers of plain integers, right or wrong in one way.

use super::*;

/// Lanes of 128 bits, upright for T10 or not; 0 is right, `n` has fault `n - 1` of [`FAULTS`].
#[derive(Clone, Copy)]
pub(super) struct Soft<const LANES: usize, const UPRIGHT: bool>(pub(super) usize);

#[cfg(not(miri))]
pub(super) const FAULTS: [&str; 14] = [
    "the last byte of a register is not loaded",
    "a short first register is not loaded",
    "a short first register lies in the wrong lane",
    "one bit of a byte is wrong when it is turned",
    "a sum is a union",
    "the halves of a step's constants are exchanged",
    "what is there is not added to a product",
    "the upper halves are not multiplied",
    "a product lacks its highest bit",
    "the register is added to the wrong lane",
    "a lane is left out of the sum",
    "the quotient is one bit short",
    "a polynomial that is odd is reduced as if it were even",
    "an upright lane is reflected byte by byte",
];

fn clmul(a: u64, b: u64) -> u128 {
    (0..64).filter(|i| b >> i & 1 == 1).fold(0, |sum, i| sum ^ u128::from(a) << i)
}

// SAFETY: plain integers.
unsafe impl<const LANES: usize, const UPRIGHT: bool> Fold for Soft<LANES, UPRIGHT> {
    fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64 {
        kernel::crc::<Self, P>(self, register, bytes)
    }
}

// SAFETY: as above; a lane is 16 bytes.
unsafe impl<const LANES: usize, const UPRIGHT: bool> Clmul for Soft<LANES, UPRIGHT> {
    const BYTES: usize = 16 * LANES;
    type V = [u128; LANES];
    type X = u128;

    unsafe fn load(self, p: *const u8) -> Self::V {
        // SAFETY: the caller says that 16 bytes for each lane are readable; any alignment is read.
        let mut v: Self::V =
            unsafe { p.cast::<[[u8; 16]; LANES]>().read_unaligned() }.map(u128::from_le_bytes);
        if self.0 == 1 {
            v[LANES - 1] &= u128::MAX >> 8;
        }
        v
    }
    unsafe fn load_last(self, p: *const u8, n: usize) -> Self::V {
        let mut v = [0; LANES];
        // SAFETY: the caller says that n bytes are readable.
        let bytes = unsafe { core::slice::from_raw_parts(p, n) };
        let first = LANES - n / 16 - usize::from(self.0 == 3);
        for (v, bytes) in v[first..].iter_mut().zip(bytes.as_chunks().0) {
            *v = u128::from_le_bytes(*bytes);
        }
        if self.0 == 2 { [0; LANES] } else { v }
    }
    const UPRIGHT: bool = UPRIGHT;
    fn turn(self, v: Self::V) -> Self::V {
        let wrong = u128::from(self.0 == 4) << 77;
        let turned = |v: u128| if UPRIGHT { v } else { v.reverse_bits() };
        v.map(|v| turned(v).swap_bytes() ^ wrong)
    }
    fn xor(self, a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if self.0 == 5 { a[i] | b[i] } else { a[i] ^ b[i] })
    }
    fn pair(self, pair: [u64; 2]) -> Self::V {
        let [low, high] = if self.0 == 6 { [pair[1], pair[0]] } else { pair };
        [u128::from(low) | u128::from(high) << 64; LANES]
    }
    fn fold(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|i| {
            let low = clmul(a[i] as u64, b[i] as u64);
            let high = clmul((a[i] >> 64) as u64, (b[i] >> 64) as u64);
            match self.0 {
                7 => low ^ high,
                8 => low ^ c[i],
                9 => (low ^ high) & u128::MAX >> 2 ^ c[i],
                _ => low ^ high ^ c[i],
            }
        })
    }
    fn place(self, low: u64, lane: usize) -> Self::V {
        let lane = if self.0 == 10 { 0 } else { lane };
        std::array::from_fn(|i| if i == lane { low.into() } else { 0 })
    }
    fn low_wide(self, low: u64) -> Self::V {
        std::array::from_fn(|i| if i == 0 { low.into() } else { 0 })
    }

    fn narrow(self, v: Self::V) -> u128 {
        v.into_iter().skip(usize::from(self.0 == 11)).fold(0, |sum, v| sum ^ v)
    }
    fn reflect(self, x: u128) -> u128 {
        if self.0 == 14 { x.swap_bytes() } else { x.reverse_bits() }
    }
    fn low(self, low: u64) -> u128 {
        low.into()
    }
    fn reduce<P: Poly>(self, x: u128) -> u64 {
        let [quotient, polynomial] = P::BARRETT;
        let quotient = clmul(x as u64, quotient & !u64::from(self.0 == 12)) as u64;
        let sum = (x ^ clmul(quotient, polynomial)) >> 64;
        let odd = P::POLYNOMIAL >> 63 == 1 && self.0 != 13;
        sum as u64 ^ if odd { quotient } else { 0 }
    }
}
