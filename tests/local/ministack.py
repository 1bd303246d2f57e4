"""ministack as a process: the engine of the local cloud."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from . import environment
from .paths import ROOT
from .process import Child
from .wait import wait_for

# Served by the stand-in: what no emulator has, and those of the functions' calls that a test wants to cut or refuse.
THROUGH_STANDIN = ("RAM", "EC2", "VPC_LATTICE", "ROUTE_53", "DYNAMODB", "SFN", "EVENTBRIDGE", "SSM")


def scratch(home: Path) -> Path:
    """Where the engine unpacks functions."""
    return home / "tmp"


def start(
    port: int,
    standin: str,
    home: Path,
    account: str,
    region: str,
    wait_scale: float,
    companion: int,
    owned: bool,
) -> Child:
    """Starts ministack on `port`; its own environment is also that of every function."""
    endpoint = f"http://127.0.0.1:{port}"
    scratch(home).mkdir(parents=True, exist_ok=True)
    env = environment.of_account(account, region, endpoint) | {
        f"AWS_ENDPOINT_URL_{service}": standin for service in THROUGH_STANDIN
    }
    env |= {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "CLOUDTRAIL_RECORDING": "1",
        "SFN_WAIT_SCALE": f"{wait_scale:g}",
        "LAMBDA_EXECUTOR": "local",
        # AWS waits a minute before it repeats an asynchronous invocation.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        "PYTHONPATH": str(ROOT / "tests"),
        "TMPDIR": str(scratch(home)),
    }
    if owned:
        env |= {"DRAWBRIDGE_OWNER": str(os.getpid()), "DRAWBRIDGE_COMPANION": str(companion)}
    return Child.start("ministack", [sys.executable, "-m", "local.engine"], env, home / "ministack.log")


class Engine:
    """A running ministack, by its admin endpoints."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            self._call("GET", "/_ministack/health")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def wait_until_healthy(self, child: Child, timeout: float = 60.0) -> None:
        """Waits for the first answer, and says what the log says when the process ended instead."""

        def look() -> bool:
            if not child.alive():
                raise RuntimeError(f"ministack ended while it started:\n{child.tail()}")
            return self.healthy()

        wait_for(look, timeout, "ministack answers", child.tail)

    def busy(self) -> dict[str, int]:
        """What is under way: `runs` of state machines, `invocations`, stream `records` not yet given to a function."""
        return dict(self._call("GET", "/_drawbridge/busy"))

    def stalls(self) -> list[str]:
        """When nothing was answered for a second or more."""
        return list(self._call("GET", "/_drawbridge/stalls"))

    def waiting(self) -> set[str]:
        """The ARNs of the runs that wait on a task token."""
        return set(self._call("GET", "/_drawbridge/waiting"))

    def scale_waits(self, scale: float) -> None:
        """Sets by how much waits and retry intervals of state machines are shortened: 1 is AWS's own time, 0 none."""
        self._call("POST", "/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")
