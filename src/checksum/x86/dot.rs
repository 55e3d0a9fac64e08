//! x86-64: `Dot`.

use super::super::dot::Dot;
use super::{Avx2, Avx512, Pclmul};

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Dot for Pclmul {}
// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Dot for Avx2 {}
// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Dot for Avx512 {}
