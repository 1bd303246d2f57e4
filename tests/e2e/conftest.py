"""One local cloud for each process of the session, emptied before each test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from local import LocalCloud, Settings

# Waits and retry intervals of state machines, compared with AWS's: a poll of 5 s takes 100 ms.
WAIT_SCALE = 0.02


@pytest.fixture(scope="session", autouse=True)
def ends_when_told() -> None:
    """A session that is terminated cleans up as one that is interrupted does."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


@pytest.fixture(scope="session")
def deployed() -> Iterator[LocalCloud]:
    """The stack on the local cloud: one for each of pytest's processes."""
    name = "-".join(["test", *filter(None, [os.environ.get("PYTEST_XDIST_WORKER")])])
    with LocalCloud(Settings(name=name, wait_scale=WAIT_SCALE, overrides={"SettleSeconds": "1"})) as cloud:
        yield cloud


@pytest.fixture
def cloud(deployed: LocalCloud) -> LocalCloud:
    """The same, with nothing in it: no run, no record, an empty stand-in."""
    deployed.reset()
    return deployed
