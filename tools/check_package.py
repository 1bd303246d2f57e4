"""Checks what `make package` built, as it will be uploaded: architecture and size of each function named."""

from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path

MEGABYTE = 1_000_000
LARGEST_BINARY = 6 * MEGABYTE
LARGEST_ZIP = 2.5 * MEGABYTE
AARCH64 = 183


def machine(binary: bytes) -> int | None:
    """The architecture in an ELF header, None for anything else."""
    return struct.unpack_from("<H", binary, 18)[0] if binary[:4] == b"\x7fELF" else None


def problems(name: str) -> list[str]:
    """What is wrong with one function; prints its sizes."""
    path = Path("target/lambda") / name / "bootstrap"
    if not path.exists():
        return [f"{path} is missing: run `make package`"]
    binary = path.read_bytes()
    uploaded = path.parent.with_suffix(".zip")
    with zipfile.ZipFile(uploaded) as archived:
        if archived.namelist() != ["bootstrap"] or archived.read("bootstrap") != binary:
            return [f"{uploaded} does not hold {path}: run `make package`"]
    size, archive = len(binary), uploaded.stat().st_size
    print(f"{name:10} {size / MEGABYTE:5.2f} MB, zipped {archive / MEGABYTE:5.2f} MB")
    found = []
    if machine(binary) != AARCH64:
        found.append(f"{path} is not for arm64: run `make package`")
    if size >= LARGEST_BINARY:
        found.append(f"{name}: {size} bytes, the limit is {LARGEST_BINARY}")
    if archive >= LARGEST_ZIP:
        found.append(f"{name}: {archive} bytes zipped, the limit is {LARGEST_ZIP:.0f}")
    return found


def main(names: list[str]) -> int:
    """0 when every function may be uploaded."""
    found = [problem for name in names for problem in problems(name)]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
