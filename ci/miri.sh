#!/usr/bin/env bash
# The kernels, the codec and the C interface under Miri: undefined behaviour in pointer arithmetic
# that no assertion would show. Layouts and engine forbid unsafe code: Miri has nothing to find there.
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
# Miri knows these instructions (of AVX-512 not enough), so that the kernels run as they are.
export RUSTFLAGS="-Ctarget-feature=+avx2,+gfni"
unset LUSTRINE_EXPECT_BACKEND LUSTRINE_REQUIRE
miri() { cargo "+$nightly" miri test "$@"; }
# Streamed stores are inline assembly in the standard library, which Miri refuses: copies round the
# caches run on the portable backend alone.
miri -p lustrine --lib -- gf:: ec:: --skip gf::copy::tests::copies
RUSTFLAGS='' miri -p lustrine --lib -- gf::copy
# Backends that are broken on purpose say something about the tests, and nothing about memory.
RUSTFLAGS="$RUSTFLAGS,+pclmulqdq" miri -p lustrine --lib -- checksum:: --skip broken
miri -p lustrine --test ec_codec -- known_vectors tables_of_the_caller wrong_arguments
miri -p lustrine-capi
