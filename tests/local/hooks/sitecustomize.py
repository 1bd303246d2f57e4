"""Python loads this before SAM CLI when it deploys onto the local cloud: archives are compressed quickly, not well.

The functions are debug builds of 25 MB here. SAM CLI spends 16 s of CPU on making small archives of them, which then
travel over loopback; this saves 14 of them. What is deployed on AWS is packed without it.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import Any

_writestr = zipfile.ZipFile.writestr


def _quickly(
    archive: zipfile.ZipFile, name: Any, data: Any, compress_type: int | None = None, compresslevel: int | None = None
) -> None:
    level = zlib.Z_BEST_SPEED if compresslevel is None else compresslevel
    _writestr(archive, name, data, compress_type, level)


zipfile.ZipFile.writestr = _quickly  # type: ignore[assignment,method-assign]
