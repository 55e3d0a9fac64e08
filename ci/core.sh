#!/usr/bin/env bash
# The library without std, without an allocator, and with each of its features alone.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

apt_need jq=jq nm=binutils gcc=gcc

# From the manifest, so that a new feature is covered the day it is named.
features=$(cargo metadata --format-version 1 --no-deps |
    jq -r '.packages[] | select(.name == "lustrine") | .features | keys[] | select(. != "default")')
[ -n "$features" ] || die "cargo metadata names no feature of lustrine"
for f in "" $features; do
    echo "--- --no-default-features --features '$f'"
    cargo clippy --quiet -p lustrine --no-default-features --features "$f" -- -D warnings
done

# A bare target has no std to lean on by accident. Its alloc crate does exist, but linking it without
# an allocator is an error, and the probe has none.
bare=x86_64-unknown-none
toolchain=() build_std=()
if ! rustup target add "$bare"; then
    nightly_need && rustup component add --toolchain "$nightly" rust-src ||
        die "no core library for $bare: neither rustup's nor one built from rust-src"
    toolchain=("+$nightly") build_std=(-Zbuild-std=core)
fi
export CARGO_TARGET_DIR=$target/core
build() { # TRIPLE [ARGUMENT...]
    local triple=$1
    shift
    cargo "${toolchain[@]}" build --release --manifest-path ci/core-probe/Cargo.toml \
        --target "$triple" "${build_std[@]}" "$@"
}

echo "--- $bare, no features"
build "$bare"
archive=$CARGO_TARGET_DIR/$bare/release/liblustrine_core_probe.a
nm "$archive" 2>/dev/null >"$CARGO_TARGET_DIR/symbols"
grep -q ' T probe_codec$' "$CARGO_TARGET_DIR/symbols" || die "the probe is not in $archive"
if grep -E '__rust_(alloc|realloc|dealloc)' "$CARGO_TARGET_DIR/symbols"; then
    die "a core-only build asks for an allocator"
fi

# The check above must be able to fail.
echo "--- $bare, control: with the alloc feature the link has to fail"
if log=$(build "$bare" --features alloc 2>&1); then
    die "the probe linked with feature alloc: it proves nothing"
fi
grep -q 'no global memory allocator\|can.t find crate for .alloc' <<<"$log" ||
    die "the control failed for another reason: $log"

# Bare code cannot run here, but the same source for this machine's own target can.
host=$(rustc -vV | sed -n 's/^host: //p')
echo "--- $host, no features, run"
toolchain=() build_std=()
build "$host"
printf 'int probe_codec(void); int main(void) { return probe_codec(); }\n' >"$CARGO_TARGET_DIR/main.c"
gcc "$CARGO_TARGET_DIR/main.c" "$CARGO_TARGET_DIR/$host/release/liblustrine_core_probe.a" \
    -o "$CARGO_TARGET_DIR/main"
"$CARGO_TARGET_DIR/main" || die "core-only code went wrong at step $?"
