//! Cyclic redundancy checks: one kernel for every polynomial, and the algebra of registers.
//!
//! Everything here works on the *raw* register: what a standard sets it to beforehand and inverts
//! at the end is the caller's. It is held as a reflected CRC has it, in the low bits: bit 0 is the
//! highest power. T10's CRC is not reflected: there register and value are each other's
//! [`u16::reverse_bits`].
//!
//! ```
//! use lustrine::checksum::{Backend, crc};
//!
//! // CRC-64/NVME of two parts, from the registers of the parts.
//! let digits = |register, part| crc::update::<crc::Crc64Nvme>(Backend::best(), register, part);
//! let (first, second) = (digits(!0, b"12345"), digits(0, b"6789"));
//! let whole = crc::shift::<crc::Crc64Nvme>(first, 4) ^ second;
//! assert_eq!(!whole, 0xae8b_1486_0a79_9888);
//! assert_eq!(whole, digits(!0, b"123456789"));
//! ```

// Targets without vectors have the tables only.
#[cfg_attr(
    not(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")
    )),
    allow(dead_code)
)]
mod algebra;
#[cfg_attr(
    not(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")
    )),
    allow(dead_code)
)]
pub(super) mod kernel;
mod poly;
pub(super) mod slices;

#[cfg(test)]
mod tests;

use super::Backend;
use super::simd::{Kernel, Simd};
pub use poly::{Crc32, Crc32c, Crc64Nvme, Poly, T10};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(super) use {algebra::distance, poly::Constants};

/// The register after `bytes`, of any length and alignment.
///
/// A register and its shift are linear: of two parts that follow each other, the register is that
/// of the first after as many zero bytes ([`shift`]) as the second has, plus (XOR) that of the
/// second begun with 0.
///
/// What lies above the polynomial's width must be zero. Cost: one pass, two carry-less products for
/// 16 bytes and four more at the end; no allocation.
#[inline]
pub fn update<P: Poly>(backend: Backend, register: u64, bytes: &[u8]) -> u64 {
    struct Update<'a, P>(u64, &'a [u8], core::marker::PhantomData<P>);
    impl<P: Poly> Kernel for Update<'_, P> {
        type Out = u64;
        #[inline(always)]
        fn call<S: Simd>(self, simd: S) -> u64 {
            simd.crc::<P>(self.0, self.1)
        }
    }
    debug_assert!(register.checked_shr(P::WIDTH).unwrap_or(0) == 0, "more than a register");
    backend.run(Update(register, bytes, core::marker::PhantomData::<P>))
}

/// The register after `len` zero bytes, however many.
///
/// Cost: one product of [`Poly::WIDTH`] steps for each hexadecimal digit of `len` that is not 0.
pub const fn shift<P: Poly>(register: u64, len: u64) -> u64 {
    let (mut register, mut digit) = (register, 0);
    while digit < 16 {
        let factor = (len >> (4 * digit) & 15) as usize;
        if factor != 0 {
            let power = P::ZEROS.0[digit][factor];
            register = algebra::product(power, register, P::POLYNOMIAL, P::WIDTH);
        }
        digit += 1;
    }
    register
}
