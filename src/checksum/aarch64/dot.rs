//! AArch64: `Dot`.

use super::super::dot::Dot;
use super::Pmull;

// SAFETY: only detection or an unsafe constructor makes the token.
unsafe impl Dot for Pmull {}
