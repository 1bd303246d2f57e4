"""Child processes that can be found again and never outlive their purpose."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .wait import wait_for

GRACE_SECONDS = 5.0


@dataclass
class Child:
    """A process that leads a group of its own, so that stopping it also stops what it started."""

    name: str
    pid: int
    started: str
    log: str
    _popen: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        """Runs `argv` in a new session with its output in `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            popen = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, popen.pid, _started(popen.pid), str(log), popen)

    def alive(self) -> bool:
        """Whether this very process still runs: a pid alone may have been given to another one since."""
        if self._popen is not None:
            return self._popen.poll() is None
        return self.started != "" and _started(self.pid) == self.started

    def stop(self) -> None:
        """Ends the whole group at once: nothing that a local cloud holds is worth a farewell."""
        if self._popen is None and not self.alive():
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._popen is not None:
            self._popen.wait(GRACE_SECONDS)
        else:
            wait_for(lambda: not self.alive(), GRACE_SECONDS, f"{self.name} ({self.pid}) ends")

    def known(self) -> dict[str, str | int]:
        """What another process needs to find it again: the arguments of `Child`."""
        return {"name": self.name, "pid": self.pid, "started": self.started, "log": self.log}

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        try:
            return "\n".join(Path(self.log).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _started(pid: int) -> str:
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()
