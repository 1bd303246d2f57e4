#!/usr/bin/env bash
# Builds the functions named for Lambda on arm64, with zig as the C compiler and linker.
set -euo pipefail

# What is deployed is compiled by the stable compiler in its supported configuration (docs/adr/0005): the Makefile's
# unstable flag is for local builds only.
unset RUSTC_BOOTSTRAP

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
