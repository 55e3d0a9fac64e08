//! AArch64: `Fold`.

use core::arch::aarch64::*;

use super::super::crc::{Poly, kernel};
use super::super::fold::{Clmul, Fold};
use super::Pmull;

/// Safe operations made of instructions that the token vouches for.
macro_rules! op {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty $body:block)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) -> $out {
            // SAFETY: instructions on registers; the token proves that the CPU has them.
            unsafe { $body }
        }
    )*};
}

/// Lower half times lower half.
// Not `inline(always)`, as the others: it needs more than the target has, and what needs that is
// inlined where it is enabled, or not at all.
#[inline]
#[target_feature(enable = "neon,aes")]
fn low_product(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
    vreinterpretq_u64_p128(vmull_p64(vgetq_lane_u64::<0>(a), vgetq_lane_u64::<0>(b)))
}

/// Upper half times upper half.
#[inline]
#[target_feature(enable = "neon,aes")]
fn high_product(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
    vreinterpretq_u64_p128(vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)))
}

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Pmull {
    #[inline(always)]
    fn crc<P: Poly>(self, register: u64, bytes: &[u8]) -> u64 {
        kernel::crc::<Pmull, P>(self, register, bytes)
    }
}

// SAFETY: as above; uint64x2_t is 16 bytes.
unsafe impl Clmul for Pmull {
    const BYTES: usize = 16;
    const UPRIGHT: bool = false;
    type V = uint64x2_t;
    type X = uint64x2_t;

    #[inline(always)]
    unsafe fn load(self, p: *const u8) -> uint64x2_t {
        // SAFETY: the caller says that 16 bytes are readable; the token proves the ISA.
        unsafe { vreinterpretq_u64_u8(vld1q_u8(p)) }
    }
    #[inline(always)]
    unsafe fn load_last(self, _: *const u8, _: usize) -> uint64x2_t {
        // There is no multiple of 16 between 0 and 16.
        self.low(0)
    }
    op! {
        fn turn(v: uint64x2_t) -> uint64x2_t {
            vreinterpretq_u64_u8(vrbitq_u8(vreinterpretq_u8_u64(v)))
        }
        fn xor(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t { veorq_u64(a, b) }
        fn pair(pair: [u64; 2]) -> uint64x2_t {
            vcombine_u64(vcreate_u64(pair[0]), vcreate_u64(pair[1]))
        }
        fn fold(a: uint64x2_t, b: uint64x2_t, c: uint64x2_t) -> uint64x2_t {
            let sum = veorq_u64(low_product(a, b), high_product(a, b));
            veorq_u64(sum, c)
        }
        fn low(low: u64) -> uint64x2_t { vcombine_u64(vcreate_u64(low), vcreate_u64(0)) }
    }
    #[inline(always)]
    fn place(self, low: u64, _lane: usize) -> uint64x2_t {
        self.low(low)
    }
    #[inline(always)]
    fn low_wide(self, low: u64) -> uint64x2_t {
        self.low(low)
    }
    #[inline(always)]
    fn narrow(self, v: uint64x2_t) -> uint64x2_t {
        v
    }
    #[inline(always)]
    fn reflect(self, x: uint64x2_t) -> uint64x2_t {
        // Nothing is upright here.
        x
    }
    #[inline(always)]
    fn reduce<P: Poly>(self, x: uint64x2_t) -> u64 {
        let [quotient, polynomial] = P::BARRETT;
        // SAFETY: instructions on registers; the token proves that the CPU has them.
        unsafe {
            let quotient = low_product(x, vdupq_n_u64(quotient));
            let sum = veorq_u64(x, low_product(quotient, vdupq_n_u64(polynomial)));
            let even = vgetq_lane_u64::<1>(sum);
            let odd = P::POLYNOMIAL >> 63 == 1;
            if odd { even ^ vgetq_lane_u64::<0>(quotient) } else { even }
        }
    }
}
