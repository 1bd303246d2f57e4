"""Waiting on state, never on time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


class Overdue(AssertionError):
    """What was waited for did not come in time."""


def wait_for(
    look: Callable[[], T | None],
    timeout: float = 30.0,
    what: str = "the condition",
    explain: Callable[[], str] | None = None,
) -> T:
    """The first truthy answer of `look`, within `timeout` seconds; else `Overdue`, which says what was seen."""
    deadline = time.monotonic() + timeout
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            more = f"\n{explain()}" if explain else ""
            raise Overdue(f"{what}: not within {timeout:g} s; last seen: {seen!r}{more}")
        time.sleep(POLL_SECONDS)
