//! C interface of lustrine: `include/lustrine.h`, which `ci/header.sh` makes from this crate.
//!
//! Every function checks what can be checked about its pointers, turns them into slices, and calls
//! the Rust library; a panic stops at the boundary. The conventions stand at the head of the header
//! (`cbindgen.toml`).

#![allow(unsafe_code)]

mod buffers;
pub mod checksum;
pub mod codec;
pub mod error;
#[cfg(test)]
mod tests;

use core::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };

/// The version of the library, "major.minor.patch": a static string, never NULL. A program that
/// loads the shared library can compare it with `LUSTRINE_VERSION`, which it was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn lustrine_version() -> *const c_char {
    VERSION.as_ptr()
}
