#!/usr/bin/env bash
# The C example against the header and the libraries, plain and under valgrind; the header as C++;
# and the shared library exports what the header declares, no more and no less.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

apt_need gcc=gcc g++=g++ valgrind=valgrind nm=binutils
cargo build --release -p lustrine-capi
lib=$target/release
out=$target/c-example
mkdir -p "$out"

c=(gcc -std=c99 -O1 -g -Wall -Wextra -Wpedantic -Werror -Icapi/include)
for source in capi/examples/*.c; do
    name=$(basename "$source" .c)
    # The system libraries that Rust's std stands on (rustc --print native-static-libs).
    "${c[@]}" "$source" "$lib/liblustrine.a" -lgcc_s -lutil -lrt -lpthread -lm -ldl -o "$out/$name"
    "${c[@]}" "$source" -L"$lib" -llustrine -o "$out/$name-shared"
    echo "--- $name, static library"
    "$out/$name"
    echo "--- $name, shared library"
    LD_LIBRARY_PATH=$lib "$out/$name-shared"
    echo "--- $name, valgrind"
    # Valgrind's processor has no AVX-512: detection has to see that by itself.
    valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=all \
        --errors-for-leak-kinds=definite,indirect,possible "$out/$name"
done

echo "--- the header as C++"
printf '#include "lustrine.h"\n#include "lustrine.h"\nint main() { return lustrine_strerror(0) == nullptr; }\n' \
    >"$out/header.cc"
g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Icapi/include "$out/header.cc" \
    -L"$lib" -llustrine -o "$out/header"
LD_LIBRARY_PATH=$lib "$out/header"

echo "--- exported symbols"
grep -oE '\blustrine_[a-z_]+\(' capi/include/lustrine.h | grep -v '^\s*\*' | tr -d '(' | sort -u >"$out/declared"
nm -D --defined-only "$lib/liblustrine.so" | awk '{print $3}' | sort -u >"$out/exported"
diff -u "$out/declared" "$out/exported" || die "header and shared library disagree"
wc -l <"$out/exported"
