//! AArch64: `Fold`.

use super::super::fold::Fold;
use super::Pmull;

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Fold for Pmull {}
