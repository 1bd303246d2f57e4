"""Puts the bootstrap of each function named into the archive that the template's CodeUri names.

The same binary makes the same archive, byte for byte, so what did not change is not deployed again.
"""

from __future__ import annotations

import argparse
import struct
import sys
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

NAME = b"bootstrap"
# 1980-01-01, the first day that the format knows.
TIME, DATE = 0, 0x21
# A regular file that everyone may execute, in the upper half as on Unix.
EXECUTABLE = 0o100755 << 16
VERSION, MADE_ON_UNIX = 20, 0x031E
DEFLATED = 8


def deflated(data: bytes, small: bool) -> bytes:
    """A raw deflate stream: as small as can be, or at once."""
    if not small:
        compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return compressor.compress(data) + compressor.flush()
    # Only for packages, so not installed where the local cloud is.
    from zopfli.zlib import compress

    # Zopfli advises 5 iterations for files of megabytes; 15 blocks, its default, are too few for them. Around the stream:
    # zlib's header and checksum.
    return bytes(compress(data, numiterations=5, blocksplittingmax=100))[2:-4]


def archive(data: bytes, small: bool) -> bytes:
    """A ZIP archive with one file. Python's zipfile takes no stream that is compressed already."""
    stream = deflated(data, small)
    sizes = struct.pack("<IIIHH", zlib.crc32(data), len(stream), len(data), len(NAME), 0)
    entry = struct.pack("<HHHHH", VERSION, 0, DEFLATED, TIME, DATE) + sizes
    local = b"PK\3\4" + entry + NAME + stream
    central = b"PK\1\2" + struct.pack("<H", MADE_ON_UNIX) + entry + struct.pack("<HHHII", 0, 0, 0, EXECUTABLE, 0) + NAME
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def write(name: str, small: bool) -> None:
    """The archive of one function, unless it is there."""
    binary, out = Path("target/lambda") / name / "bootstrap", Path("target/lambda") / f"{name}.zip"
    data = binary.read_bytes()
    new = out.with_suffix(".new")
    new.write_bytes(archive(data, small))
    with zipfile.ZipFile(new) as written:
        assert written.read("bootstrap") == data, f"{new} is not what was put into it"
    new.replace(out)


def main() -> int:
    """Writes them, as many at a time as there are cores."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--small", action="store_true", help="a twentieth smaller, for 20 seconds per function")
    arguments.add_argument("functions", nargs="*")
    given = arguments.parse_args()
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(write, small=given.small), given.functions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
