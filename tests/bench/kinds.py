"""What one connection of each kind costs and takes, on the stage of the end-to-end tests."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from local.cloud import LocalCloud
from local.counters import APART
from local.paths import ROOT

sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from place import Place  # noqa: E402
from routes import NETWORKER  # noqa: E402
from story import TO_NETWORK, TO_VPC, Story, databases, group  # noqa: E402

RUNS = 3


@dataclass(frozen=True)
class Kind:
    """One kind of connection: its name in the ledger, how it is asked for, and how that comes to be.

    `begin` prepares and says what starts it: nothing before that is counted.
    """

    name: str
    asked_for: str
    begin: Callable[[Story], Callable[[], object]]


@dataclass(frozen=True)
class Cost:
    """Of one connection, from the start to ready; the counts are the same in each run."""

    seconds: list[float]
    transitions: int
    invocations: int
    calls: dict[str, int]
    mutating: int

    @property
    def median(self) -> float:
        """The middle one of the times."""
        return statistics.median(self.seconds)


def _resource_endpoint(story: Story) -> Callable[[], object]:
    story.subscribe()
    return lambda: story.share(resources=[group(4)], event=True)


def _behind_its_own_group(story: Story) -> Callable[[], object]:
    target = {name: value for name, value in TO_VPC.items() if name != "security_groups"}
    story.subscribe(targets=[{**target, "security_groups": "managed"}])
    return lambda: story.share(resources=[group(4)], event=True)


def _service_network_resource(story: Story) -> Callable[[], object]:
    story.subscribe(targets=[TO_NETWORK])
    return lambda: story.share(resources=[group(4)], event=True)


def _service_network_endpoint(story: Story) -> Callable[[], object]:
    story.subscribe("network", senders=[NETWORKER], trust={"resource_types": ["vpc-lattice:ServiceNetwork"]})
    inside = [{"type": "GROUP", "name": "redis-group", "children": databases(4), "group_domain": "redis.example.com"}]
    network = {"ram_type": "vpc-lattice:ServiceNetwork", "name": "their-network", "resources": inside}
    return lambda: story.share(owner=NETWORKER, resources=[network], name="their-network", event=True)


def _interface_endpoint(story: Story) -> Callable[[], object]:
    place = Place(story, private_dns_name="orders.example.com")
    place.subscribe(place.interface(private_dns=True))
    return story.look


def _gateway_endpoint(story: Story) -> Callable[[], object]:
    place = Place(story)
    place.subscribe(place.gateway())
    return story.look


KINDS = (
    Kind("resource-endpoint", "a share, 4 databases", _resource_endpoint),
    Kind("resource-endpoint", "the same, behind a managed security group", _behind_its_own_group),
    Kind("service-network-resource", "a share, 4 databases", _service_network_resource),
    Kind("service-network-endpoint", "a shared network, 4 databases", _service_network_endpoint),
    Kind("interface-endpoint", "a subscription", _interface_endpoint),
    Kind("gateway-endpoint", "a subscription", _gateway_endpoint),
)


def measure(cloud: LocalCloud, say: Callable[[str], None]) -> dict[Kind, Cost]:
    """Connects one of each kind, some times over."""
    costs = {}
    for kind in KINDS:
        costs[kind] = _cost(cloud, kind)
        say(f"{kind.name} ({kind.asked_for}): {costs[kind].median:.2f} s, {costs[kind].transitions} transitions")
    return costs


def _cost(cloud: LocalCloud, kind: Kind) -> Cost:
    seconds = []
    for _ in range(RUNS):
        cloud.reset()
        story = Story(cloud)
        story.standin.set(endpoint_pending_polls=0, association_pending_polls=0, accept_lag_polls=0, empty_pages=False)
        start = kind.begin(story)
        cloud.wait_for_rest()
        mark = cloud.mark()
        began = datetime.now().astimezone()
        start()
        ready = cloud.wait_for(
            lambda: next((c for c in cloud.connections() if c["status"] == "ready"), None), 60, f"a {kind.name} is ready"
        )
        if ready["kind"] != kind.name:
            raise RuntimeError(f"{ready['kind']} became ready instead of {kind.name}")
        seconds.append((datetime.fromisoformat(ready["ready_at"]) - began).total_seconds())
        cloud.wait_for_rest()
        spent = cloud.spent(mark)
    ours = [call for call in spent.mutating() if call["service"] not in ("dynamodb", "events", "states")]
    return Cost(seconds, spent.transitions, spent.invocations, spent.calls_by_service(apart=APART), len(ours))
