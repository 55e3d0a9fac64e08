#!/usr/bin/env bash
# Some seconds of every fuzz target, with AddressSanitizer (cargo-fuzz's default).
# FUZZ_SECONDS=600 ci/fuzz.sh TARGET... for a longer hunt.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

apt_need g++=g++
nightly_need
cargo_need cargo-fuzz 0.13.2
export CARGO_TARGET_DIR=$target/fuzz

targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo "+$nightly" fuzz list)
[ ${#targets[@]} -gt 0 ] || die "cargo fuzz list names no target"
for t in "${targets[@]}"; do
    echo "--- $t"
    mkdir -p "fuzz/corpus/$t"
    seeds=()
    if [ -d "fuzz/seeds/$t" ]; then seeds=("fuzz/seeds/$t"); fi
    # libFuzzer adds to the first folder only: the committed seeds stay as they are.
    cargo "+$nightly" fuzz run "$t" "fuzz/corpus/$t" "${seeds[@]}" -- \
        -max_total_time="${FUZZ_SECONDS:-10}" -print_final_stats=1 -print_funcs=0 -verbosity=0
done
