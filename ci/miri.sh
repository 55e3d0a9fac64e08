#!/usr/bin/env bash
# Portable code under Miri: undefined behaviour in pointer arithmetic that no assertion would show.
# Miri comes only with some nightlies; where it cannot be had, the run says so and goes on.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if ! { nightly_need && rustup component add --toolchain "$nightly" miri rust-src; }; then
    loud_skip "Miri: $nightly has no miri component here"
    exit 0
fi
export CARGO_TARGET_DIR=$target/miri
# Proptest reads the time and the folder of the tests; Miri's isolation forbids both.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-strict-provenance" PROPTEST_CASES=2
cargo "+$nightly" miri setup
cargo "+$nightly" miri test -p lustrine --lib -- gf:: ec:: layout::
