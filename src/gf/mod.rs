//! GF(2^8) with polynomial 0x11d: the field that ISA-L and Lustre's parity use.
//!
//! [`mul`] and [`inv`] are the scalars. [`Coef`] is one constant in the forms that vector
//! instructions multiply by. [`Backend`] names the instruction sets; holding one proves that the
//! CPU has it, so the kernels never check again.
//!
//! A kernel (`kernel`) is written once, over the operations of trait `Simd` (`simd`). An
//! instruction set (`portable`, `x86`, `aarch64`) is those operations and nothing else.

mod access;
mod backend;
mod caches;
mod coef;
#[cfg(feature = "alloc")]
mod copy;
#[cfg(feature = "alloc")]
mod group;
mod kernel;
mod modulus;
mod portable;
mod remainder;
mod scalar;
#[cfg(feature = "alloc")]
mod shape;
#[cfg(feature = "alloc")]
mod shaped;
mod simd;
mod verb;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64;
// Without sse2 (the soft-float kernel target) LLVM cannot lower vector code at all.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

#[cfg(all(test, feature = "std"))]
mod tests;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub use aarch64::Neon;
pub use backend::Backend;
pub use caches::{Caches, stream_bytes};
pub use coef::Coef;
pub use portable::Portable;
pub use scalar::{inv, mul};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub use x86::{Avx2, Avx512, Gfni256, Gfni512, Ssse3};

#[cfg(feature = "alloc")]
pub(crate) use copy::{Streamer, is_zero, prefetch};
#[cfg(feature = "alloc")]
pub(crate) use group::{Group, Groups, MAX_EXTRA, TEE_STEP, tee};
pub(crate) use kernel::{dot, update, verify};
pub(crate) use modulus::shifted;
pub(crate) use remainder::Remainder;
#[cfg(feature = "alloc")]
pub use shape::Shape;
#[cfg(feature = "alloc")]
pub(crate) use verb::ABSENT;
