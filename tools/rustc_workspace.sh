#!/usr/bin/env bash
# Cargo's RUSTC_WORKSPACE_WRAPPER of release packages: it compiles this workspace's crates, and with each function's LTO
# everything that the function links.
#
# LLVM moves repeated instructions of size-optimised arm64 code into functions of their own. That saves 1% of a binary and makes
# it compress 4% worse, and what counts on Lambda is the archive.
exec "$@" -C llvm-args=-enable-machine-outliner=never
