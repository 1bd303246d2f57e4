#!/usr/bin/env bash
# Makes cargo-deny of a version available at a path: the one on the PATH if it serves, else compiled.
set -euo pipefail

version=$1
path=$2

mkdir -p "${path%/*}"
if [ "$(cargo-deny --version 2>/dev/null)" = "cargo-deny $version" ]; then
    ln -sf "$(command -v cargo-deny)" "$path"
    exit
fi
echo "Compiling cargo-deny $version (once, some minutes; a cargo-deny $version on the PATH would be used instead)"
# Unoptimised: it runs for two seconds, so the time is better saved here.
cargo install --quiet --locked --debug --version "$version" --root "${path%/bin/*}" cargo-deny
