#!/usr/bin/env bash
# Says what is missing on this machine before anything is built, and how to get it.
set -euo pipefail

python=$1
missing=0

lacks() {
    echo "missing: $1" >&2
    missing=1
}

if ! command -v cargo >/dev/null; then
    lacks "Rust 1.95 or newer: install rustup (rustup.rs)"
else
    wanted=95
    found=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
    [ "$found" -ge "$wanted" ] || lacks "Rust 1.$wanted or newer, found $(rustc --version): rustup update stable"
    cargo fmt --version >/dev/null 2>&1 || lacks "rustfmt: rustup component add rustfmt"
    cargo clippy --version >/dev/null 2>&1 || lacks "clippy: rustup component add clippy"
fi
command -v cc >/dev/null || lacks "a C compiler (for TLS): gcc or clang, on Debian: apt-get install build-essential"
command -v ps >/dev/null || lacks "ps, on Debian: apt-get install procps"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    lacks "Python 3.10 or newer, found $("$python" --version 2>/dev/null || echo none); name another with PYTHON=..."
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    lacks "Python's venv, on Debian: apt-get install python3-venv"
fi

exit "$missing"
