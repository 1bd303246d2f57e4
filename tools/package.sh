#!/usr/bin/env bash
# Builds the functions named for Lambda on arm64, with zig as the C compiler and linker.
set -euo pipefail

# What is deployed is compiled by the stable compiler in its supported configuration (docs/adr/0005): the Makefile's
# unstable flag is for local builds only.
unset RUSTC_BOOTSTRAP

# One compiler, whichever is current: each has other sizes, and an archive that is checked by a few bytes here must not be over
# the limit where somebody deploys it. Without rustup it is whatever there is.
RUST=1.95.0
TARGET=aarch64-unknown-linux-gnu
if command -v rustup >/dev/null; then
    export RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$RUST}
    if ! rustup target list --installed 2>/dev/null | grep -qx "$TARGET"; then
        rustup toolchain install "$RUSTUP_TOOLCHAIN" --profile minimal --no-self-update --target "$TARGET"
    fi
fi

# Apart from the local builds: build scripts look at RUSTC_BOOTSTRAP, so in one directory each of the two builds would make
# the other compile everything again.
export CARGO_TARGET_DIR=target/package

export RUSTC_WORKSPACE_WRAPPER=$PWD/tools/rustc_workspace.sh

rm -f target/lambda/.native
packages=()
for name in "$@"; do
    rm -rf "target/lambda/$name" "target/lambda/$name.zip"
    packages+=(--package "$name")
done
cargo lambda build --release --arm64 --lambda-dir target/lambda "${packages[@]}"
echo "compressing"
python tools/zip.py --small "$@"
# Again: a local build may have put its own there meanwhile.
rm -f target/lambda/.native
