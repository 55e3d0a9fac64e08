#!/usr/bin/env bash
# Counts where kernels keep vector registers on the stack, and compares with ci/spills.txt: a row
# that is no register any more costs up to half of a kernel's speed, and no test would notice.
#
#   ci/spills.sh            fails if a kernel touches the stack more than the list allows
#   ci/spills.sh --update   writes the list anew: look at what the change to it says
#
# Counts depend on the compiler, so the list names one. It is used if rustup has it or can get it;
# with any other, differences are shown but are no failure. To move the list to another compiler:
#
#   LUSTRINE_SPILLS_RUSTC=1.96.0 ci/spills.sh --update
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ "$(uname -m)" != x86_64 ]; then
    loud_skip "spills: the list is for x86-64"
    exit 0
fi
apt_need objdump=binutils

list=$root/ci/spills.txt
work=$target/spills
mkdir -p "$work"
wanted=${LUSTRINE_SPILLS_RUSTC:-$(sed -n 's/^rustc //p' "$list")}
[ -n "$wanted" ] || die "$list names no rustc"

# The toolchain in use, if it is that one; else that one, by its name.
is_wanted() { [ "$("$@" --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ]; }
cargo=(cargo)
if ! is_wanted rustc; then
    if is_wanted rustup run "$wanted" rustc ||
        { rustup toolchain install "$wanted" --profile minimal && is_wanted rustup run "$wanted" rustc; }; then
        cargo=(rustup run "$wanted" cargo)
    fi
fi
have=$("${cargo[@]/cargo/rustc}" --version | cut -d' ' -f2)
echo "rustc $have, the list is for $wanted"

# The library alone has every kernel. Names with the kernels' constants in them: mangling v0.
CARGO_TARGET_DIR=$work "${cargo[@]}" rustc --quiet --release -p lustrine --lib \
    --no-default-features --features std -- -Csymbol-mangling-version=v0 -Cdebuginfo=0
library=$work/release/liblustrine.rlib

# NAME <tab> COUNT for each kernel: instructions with a vector register and an address from %rsp.
# Not from %rbp, which is a register like any other.
LC_ALL=C objdump -d --no-show-raw-insn --demangle=rust -M att "$library" | awk '
    /^[0-9a-f]+ <.*>:$/ {
        name = $0
        sub(/^[0-9a-f]+ </, "", name)
        sub(/>:$/, "", name)
        gsub(/\[[0-9a-f]+\]/, "", name)
        kernel = name ~ /run::enabled::<.*((shaped|kernel)::Fixed<|remainder::Divide)/
        gsub(/lustrine::gf::/, "", name)
        # <x86::Avx2 as simd::Simd>::run::enabled::<x86::Avx2, shaped::Fixed<...>>
        sub(/^.*run::enabled::<x86::/, "", name)
        sub(/, /, " ", name)
        sub(/>$/, "", name)
        # One that two parts of the library have is listed once, as the worse of the two.
        if (kernel) { count = 0; if (!(name in most)) most[name] = 0 }
        next
    }
    kernel && /%[xyz]mm[0-9]/ && /\(%rsp[,)]/ { if (++count > most[name]) most[name] = count }
    END { for (name in most) printf "%s\t%d\n", name, most[name] }
' | LC_ALL=C sort >"$work/found"

kernels=$(wc -l <"$work/found")
spilling=$(awk -F'\t' '$2 > 0' "$work/found" | wc -l)
echo "$kernels kernels, of which $spilling touch the stack"
[ "$kernels" -gt 0 ] || die "no kernel was found in $library: have their names changed?"

if [ "${1:-}" = --update ]; then
    {
        sed -n '/^#/p' "$list"
        printf 'rustc %s\nkernels %d\n' "$have" "$kernels"
        awk -F'\t' '$2 > 0 { printf "%5d  %s\n", $2, $1 }' "$work/found"
    } >"$work/list"
    mv "$work/list" "$list"
    echo "written: $list"
    exit 0
fi

expected=$(sed -n 's/^kernels //p' "$list")
[ "$kernels" -ge "${expected:?no number of kernels in the list}" ] ||
    die "only $kernels kernels were found, $expected expected: ci/spills.sh --update if that is meant"
# The look-ups of 16 registers cannot do without: to find none means to have looked for nothing.
[ "$spilling" -gt 0 ] || die "no kernel seems to touch the stack: does objdump still print as it did?"

if sed -n 's/^ *\([0-9][0-9]*\)  \(.*\)/\2\t\1/p' "$list" | awk -F'\t' '
    NR == FNR { allowed[$1] = $2; next }
    {
        seen[$1]
        if ($2 > allowed[$1] + 0) {
            printf "SPILLS: %s: %d accesses to the stack, %d allowed\n", $1, $2, allowed[$1]
            bad = 1
        } else if ($2 < allowed[$1] + 0) {
            printf "can be tightened: %s: %d, not %d\n", $1, $2, allowed[$1]
        }
    }
    END {
        for (name in allowed) if (!(name in seen)) printf "can be removed: %s is gone\n", name
        exit bad
    }
' - "$work/found"; then
    echo "no kernel touches the stack more than ci/spills.txt allows"
elif [ "$have" = "$wanted" ]; then
    die "kernels spill more than before. Unroll less, or keep fewer sums;
    if it was measured to be faster so, run ci/spills.sh --update and commit the list"
else
    loud_skip "spills: the list is for rustc $wanted, and this is $have"
fi
