#!/usr/bin/env bash
# Runs the library's tests for aarch64 (NEON) under qemu-user.
#
# The standard library for the target comes from rustup. Where rustup cannot have it, Debian's own
# rustc packages do: they are unpacked under ci/cache and change neither dpkg's nor rustup's state.
# LUSTRINE_AARCH64=debian goes that way at once.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

triple=aarch64-unknown-linux-gnu
apt_need aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu \
    /usr/aarch64-linux-gnu/include/stdio.h=libc6-dev-arm64-cross \
    qemu-aarch64-static=qemu-user-static

debian_toolchain() {
    local dir=$root/ci/cache/aarch64 apt std runtime llvm deb
    if "$dir/rustc" --version >/dev/null 2>&1; then return 0; fi
    rm -rf "$dir"
    mkdir -p "$dir/lists/partial" "$dir/deb" "$dir/sysroot"
    # A package list of our own that knows both architectures: the machine's stays as it is.
    apt=(-qq -oAPT::Architecture=amd64 -oAPT::Architectures::=amd64 -oAPT::Architectures::=arm64
        -oDir::State::Lists="$dir/lists" -oAPT::Sandbox::User=root)
    apt-get "${apt[@]}" update
    # rustc-web is the rustc that Debian keeps new for browsers; compiler and std must be one build.
    std=$(apt-cache "${apt[@]}" show rustc-web |
        sed -n 's/^Depends:.*libstd-rust-web-dev (= \([^)]*\)).*/\1/p' | sort -V | tail -n 1)
    [ -n "$std" ] || die "neither rustup nor apt has a rustc for $triple"
    runtime=$(apt-cache "${apt[@]}" show "libstd-rust-web-dev=$std" |
        grep -o 'libstd-rust-web-[0-9][0-9.]*' | sort -u | tail -n 1)
    llvm=$(apt-cache "${apt[@]}" show "$runtime=$std" | grep -o 'libllvm[0-9]*' | sort -u | tail -n 1)
    (
        cd "$dir/deb"
        apt-get "${apt[@]}" download "rustc-web=$std" "libstd-rust-web-dev=$std" \
            "libstd-rust-web-dev:arm64=$std" "$runtime=$std" "$llvm"
        for deb in *.deb; do dpkg -x "$deb" ../sysroot; done
    )
    local tool
    for tool in rustc rustdoc; do
        cat >"$dir/$tool" <<SH
#!/bin/sh
usr=$dir/sysroot/usr
LD_LIBRARY_PATH=\$usr/lib/x86_64-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec \$usr/bin/$tool --sysroot \$usr "\$@"
SH
        chmod +x "$dir/$tool"
    done
}

if [ "${LUSTRINE_AARCH64:-rustup}" = rustup ] && rustup target add "$triple"; then
    echo "std for $triple from rustup"
else
    echo "std for $triple from Debian packages"
    debian_toolchain
    export RUSTC=$root/ci/cache/aarch64/rustc RUSTDOC=$root/ci/cache/aarch64/rustdoc
fi
have=$("${RUSTC:-rustc}" --version | cut -d' ' -f2)
at_least "$have" "$msrv" || die "rustc $have for $triple is older than $msrv, our MSRV"

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
# Of its own: two compilers must not fight over one folder.
export CARGO_TARGET_DIR=$target/aarch64
# No libisal for the target here; the golden vectors stand for it.
unset LUSTRINE_REQUIRE
export LUSTRINE_EXPECT_BACKEND=neon LUSTRINE_EXPECT_CHECKSUM=pmull PROPTEST_CASES=${PROPTEST_CASES:-16} LUSTRINE_TRIALS=${LUSTRINE_TRIALS:-100}
# Slow when emulated, and the same on every processor, see old-x86.sh.
cargo test -p lustrine --all-features --lib --tests --target "$triple" -- \
    --skip same_bytes_as_without --skip inside_the_pool_too --skip every_geometry
