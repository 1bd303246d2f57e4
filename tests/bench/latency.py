"""From the event to `ready`: what Drawbridge itself adds, with AWS answering at once."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime

from local import world
from local.cloud import LocalCloud

RUNS = 5


@dataclass(frozen=True)
class Latency:
    """Of each run, in seconds; transitions and invocations are the same in each."""

    seconds: list[float]
    transitions: int
    invocations: int
    calls: dict[str, int]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


def measure(cloud: LocalCloud) -> Latency:
    """Shares one GROUP at a time and reads in the ledger when its connection was wanted and ready."""
    seconds: list[float] = []
    for _ in range(RUNS):
        cloud.reset()
        world.settle_consumer(cloud.standin, cloud.region)
        cloud.standin.set(endpoint_pending_polls=0, association_pending_polls=0, accept_lag_polls=0)
        cloud.cli("subscribe", str(world.SUBSCRIPTION))
        mark = cloud.mark()
        shared_at = datetime.now().astimezone()
        world.share(cloud.standin)
        ready = cloud.wait_for(
            lambda: next((c for c in cloud.connections() if c["status"] == "ready"), None), 60, "the connection is ready"
        )
        seconds.append((datetime.fromisoformat(ready["ready_at"]) - shared_at).total_seconds())
        cloud.wait_for_rest()
        spent = cloud.spent(mark)
    return Latency(seconds, spent.transitions, spent.invocations, spent.calls_by_service())
