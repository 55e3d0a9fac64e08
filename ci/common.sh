# Sourced by .ci/run and the scripts beside this one; not run by itself.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac

msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
nightly=${LUSTRINE_NIGHTLY:-nightly}

die() {
    printf '\nci: %s\n' "$*" >&2
    exit 1
}

# For what a machine may lack without the run being worthless: nobody may overlook it.
loud_skip() {
    printf '\n!!!!!!!!!!!!!!!!!!!!!!!! SKIPPED !!!!!!!!!!!!!!!!!!!!!!!!\n!! %s\n\n' "$*" >&2
    if [ -n "${LUSTRINE_CI_SKIPS:-}" ]; then printf '%s\n' "$*" >>"$LUSTRINE_CI_SKIPS"; fi
}

# apt_need COMMAND-OR-FILE=PACKAGE...: installs the packages whose command or file is not there.
apt_need() {
    local pair missing=()
    for pair in "$@"; do
        case $pair in
            /*) [ -e "${pair%%=*}" ] || missing+=("${pair#*=}") ;;
            *) command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "apt: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# cargo_need COMMAND VERSION: a development tool from the crate registry, built once.
cargo_need() {
    command -v "$1" >/dev/null && return 0
    echo "cargo install $1 $2"
    cargo install --quiet --locked --version "$2" "$1"
}

nightly_need() {
    rustup run "$nightly" rustc --version 2>/dev/null && return 0
    rustup toolchain install "$nightly" --profile minimal
}

# at_least HAVE WANT: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}
