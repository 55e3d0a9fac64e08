#!/usr/bin/env bash
# Runs the library's tests on older processors than this machine, emulated by qemu-user: does
# detection fall back by itself, and is the lesser kernel right?
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ "$(uname -m)" = x86_64 ] || die "this script emulates x86-64 on x86-64"
apt_need qemu-x86_64-static=qemu-user-static

unset LUSTRINE_REQUIRE
export PROPTEST_CASES=${PROPTEST_CASES:-16} LUSTRINE_TRIALS=${LUSTRINE_TRIALS:-100}
# Slow when emulated, and the same on every processor: cutting columns for threads, and what goes through
# all geometries (which the real processor does with each of these backends).
slow_alike=(--skip same_bytes_as_without --skip inside_the_pool_too --skip every_geometry)
while read -r cpu backend checksum; do
    echo "--- $cpu: $backend and $checksum expected"
    # A runner, not a list of binaries: a new test of kernels or codec is covered without a change
    # here, and so is the pipeline. Layouts and engine have no code of their own for a processor.
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64-static -cpu $cpu" \
        LUSTRINE_EXPECT_BACKEND=$backend LUSTRINE_EXPECT_CHECKSUM=$checksum \
        cargo test -p lustrine --all-features --lib --test 'ec_*' --test pipeline --test checksum -- \
        "${slow_alike[@]}" </dev/null
done <<'CPUS'
Haswell avx2 avx2
Westmere ssse3 pclmul
qemu64 portable portable
CPUS
