//! Sums and weighted sums of bytes.
#![allow(unsafe_code)]

/// What sums need of an instruction set.
///
/// # Safety
///
/// A value of `Self` exists only where the CPU, and the operating system's saving of registers,
/// support the instructions that the methods use.
pub(super) unsafe trait Dot: Copy {}
