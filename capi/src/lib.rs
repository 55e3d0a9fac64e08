//! C interface of lustrine: see `include/lustrine.h`, which cbindgen makes from this crate.
