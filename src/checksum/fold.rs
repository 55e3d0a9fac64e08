//! Remainders by carry-less products.
#![allow(unsafe_code)]

/// What folding needs of an instruction set.
///
/// # Safety
///
/// A value of `Self` exists only where the CPU, and the operating system's saving of registers,
/// support the instructions that the methods use.
pub(super) unsafe trait Fold: Copy {}
