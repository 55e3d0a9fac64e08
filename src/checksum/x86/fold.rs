//! x86-64: `Fold`.

use super::super::fold::Fold;
use super::{Avx2, Avx512, Pclmul};

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Pclmul {}
// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Avx2 {}
// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Avx512 {}
