#!/usr/bin/env bash
# capi/include/lustrine.h is made from capi/src by cbindgen.
#   ci/header.sh           writes it
#   ci/header.sh --check   fails if the committed one differs
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# One version, because another may lay the text out otherwise.
cargo_need cbindgen 0.29.4
out=capi/include/lustrine.h
new=$(mktemp)
trap 'rm -f "$new"' EXIT
cbindgen --quiet --config capi/cbindgen.toml --output "$new" capi

# cbindgen cannot read the version from Cargo.toml: its configuration has markers in that place.
IFS=. read -r major minor patch <<<"${version%%[-+]*}"
sed -i -e "s/@VERSION@/$version/; s/@MAJOR@/$major/; s/@MINOR@/$minor/; s/@PATCH@/$patch/" "$new"
# Rust's customary headings, in words for C.
sed -i -e 's/^\( *\* \)# Errors$/\1Errors:/; s/^\( *\* \)# Safety$/\1The caller promises:/' "$new"
# A negative number in a macro belongs into parentheses.
sed -i -E 's/^(#define LUSTRINE_ERR_[A-Z_]+) (-[0-9]+)$/\1 (\2)/' "$new"
if grep -n '@[A-Z]*@' "$new"; then die "a marker of capi/cbindgen.toml was left unfilled"; fi

if [ "${1:-}" = --check ]; then
    diff -u "$out" "$new" || die "$out is stale: run ci/header.sh and commit what it writes"
else
    cp "$new" "$out"
    echo "wrote $out"
fi
