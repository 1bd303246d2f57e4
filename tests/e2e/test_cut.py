"""The connection breaks before or after each call that changes something; a run is stopped anywhere.

Never two endpoints, never one that the ledger does not know, and in the end connected (or clean). The cases run in accounts of
their own, several at a time; waits are 1/50 of AWS's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from lanes import Case, lanes
from listener import CONNECTION, SHARE, Listener
from local import LocalCloud, wait_for
from routes import begin, depart, travel
from story import SUBNETS, TO_VPC, TRIES, Json, Shared, Story

# As often as the SDK tries one call (drawbridge-sdk): so often, and the invocation fails and is repeated by its state machine.
INVOCATION = 3

# Each call that changes something, on the route on which it is made: (function, service, operation, route, how often).
# `how often` is held against the log below, so that a write that is added is cut, too.
MUTATING = [
    ("intake", "dynamodb", "TransactWriteItems", "plain", 1),
    ("intake", "states", "StartExecution", "plain", 1),
    ("vet", "dynamodb", "TransactWriteItems", "plain", 1),
    ("accept", "ram", "AcceptResourceShareInvitation", "plain", 1),
    ("accept", "dynamodb", "TransactWriteItems", "plain", 3),
    ("accept", "ram", "RejectResourceShareInvitation", "unwanted", 1),
    ("accept", "dynamodb", "TransactWriteItems", "unwanted", 1),
    ("open", "dynamodb", "TransactWriteItems", "plain", 3),
    ("open", "ec2", "CreateVpcEndpoint", "plain", 1),
    ("open", "vpc-lattice", "CreateServiceNetworkResourceAssociation", "network", 1),
    ("guard", "ec2", "CreateSecurityGroup", "guarded", 1),
    ("guard", "ec2", "AuthorizeSecurityGroupIngress", "guarded", 1),
    ("guard", "dynamodb", "TransactWriteItems", "guarded", 1),
    ("observe", "dynamodb", "TransactWriteItems", "plain", 2),
    ("close", "dynamodb", "TransactWriteItems", "failing", 2),
    ("close", "ec2", "DeleteVpcEndpoints", "failing", 1),
    ("close", "ec2", "DeleteSecurityGroup", "guarded, failing", 1),
    ("close", "vpc-lattice", "DeleteServiceNetworkResourceAssociation", "network, failing", 1),
    ("close", "dynamodb", "TransactWriteItems", "refused", 1),
]


@dataclass(frozen=True)
class Cut:
    """One call whose connection breaks."""

    function: str
    service: str
    operation: str
    route: str
    occurrence: int
    kind: str
    count: int

    @property
    def name(self) -> str:
        often = {1: "once", INVOCATION: "for an invocation", 0: "for ever"}[self.count]
        return f"{self.function}: {self.kind} {often} of {self.operation} number {self.occurrence} ({self.route})"


def cuts(kind: str) -> list[Cut]:
    """Each mutating call by function and occurrence, cut once and for as long as an invocation tries."""
    return [
        Cut(function, service, operation, route, occurrence, kind, count)
        for count in (1, INVOCATION)
        for function, service, operation, route, often in MUTATING
        for occurrence in range(1, often + 1)
    ]


def broken_off(cut: Cut, story: Story) -> None:
    """It breaks, and is mended by itself."""
    more = {"occurrence": cut.occurrence, "count": cut.count} if cut.count else {"occurrence": 0}
    fault = story.fault(cut.function, cut.service, cut.operation, cut.kind, **more)
    if cut.function == "intake":
        share = story.share()
        # EventBridge and Lambda repeat what failed; here the test does.
        if story.look().error is not None:
            assert story.look().error is None
        story.settle(share)
    else:
        share = travel(story, cut.route)
    assert story.struck(fault) == cut.count, f"struck {story.struck(fault)} times, so there was no such call on this route"
    assert story.disorder() == []
    as_it_should(story, share, cut.route)


def as_it_should(story: Story, share: Shared, route: str) -> None:
    """The end that this route has when nothing breaks."""
    record = story.record(share)
    assert record is not None
    if route == "refused":
        assert (record["status"], record["fault"]["name"]) == ("failed", "AccessDenied")
        return
    if route == "unwanted":
        assert (record["status"], story.invitation(share)) == ("rejected", "REJECTED")
        return
    assert (record["status"], story.invitation(share)) == ("accepted", "ACCEPTED")
    (connection,) = story.connections(share)
    assert connection["status"] == ("failed" if "failing" in route else "ready"), connection
    mine = story.made_for(connection)
    assert len(mine) == 1, f"made more than once: {mine}"


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_the_connection_breaks(cloud: LocalCloud, kind: str) -> None:
    """Before or after the effect, once or for as long as one invocation tries: the end is what it would have been."""
    lanes(cloud).run([Case(cut.name, partial(broken_off, cut)) for cut in cuts(kind)], begin)


def test_every_call_that_changes_something_is_in_the_table(cloud: LocalCloud) -> None:
    """The table above has each mutating call of each route as often as it is made; PutEvents has a test of its own."""

    def counted(route: str, story: Story) -> None:
        since = story.standin.next_call()
        travel(story, route)
        calls = [c for c in story.calls(since) if c["mutating"] and c["caller"] != "drawbridge-announce"]
        known = {(f, s, o) for f, s, o, _, _ in MUTATING}
        made = {((c["caller"] or "").removeprefix("drawbridge-"), c["service"], c["operation"]) for c in calls}
        assert made <= known, f"mutating calls that are never cut: {made - known}"
        for function, service, operation, on, often in MUTATING:
            if on == route:
                seen = [c for c in calls if (c["caller"], c["service"], c["operation"]) == (f"drawbridge-{function}", service, operation)]
                assert len(seen) == often, f"{function} {operation} on {route}: {len(seen)} times"

    routes = sorted({route for _, _, _, route, _ in MUTATING})
    lanes(cloud).run([Case(route, partial(counted, route)) for route in routes], begin)


# Answers that never come


CREATES = {
    "plain": ("open", "ec2", "CreateVpcEndpoint"),
    "network": ("open", "vpc-lattice", "CreateServiceNetworkResourceAssociation"),
}


def _ours(story: Story, connection: Json, live: bool | None = None) -> int:
    return len(story.made_for(connection, live=live))


def never_asked(route: str, story: Story) -> None:
    """Every try is cut before its effect: the run fails, nothing was made."""
    fault = story.fault(*CREATES[route], "cut_before", occurrence=0)
    (connection,) = story.connections(travel(story, route))
    assert story.struck(fault) == INVOCATION * TRIES
    assert (connection["status"], connection["fault"]["name"]) == ("failed", "ServiceUnavailable"), connection
    assert _ours(story, connection) == 0 and story.disorder() == []


def asked_at_last(story: Story) -> None:
    """Once calls get through, the sweep connects it, under a new token."""
    story.sweep_until(lambda: {c["status"] for c in story.connections(story.last)} == {"ready"}, what="the connection")
    (connection,) = story.connections(story.last)
    assert connection["generation"] == 2 and _ours(story, connection) == 1
    assert story.disorder() == []


def never_answered(route: str, story: Story) -> None:
    """Every try takes effect and none is answered: a retry finds by its tag what was made, and it is connected."""
    fault = story.fault(*CREATES[route], "cut_after", occurrence=0)
    (connection,) = story.connections(travel(story, route))
    assert story.struck(fault) >= INVOCATION
    assert connection["status"] == "ready" and _ours(story, connection) == 1, connection
    assert story.disorder() == []


def never_seen(route: str, story: Story) -> None:
    """Made, never answered, and open may not look for it: close has to find it, which Describe shows only after a while."""
    looks = {"plain": ("ec2", "DescribeVpcEndpoints"), "network": ("vpc-lattice", "ListServiceNetworkResourceAssociations")}
    story.fault(*CREATES[route], "cut_after", occurrence=0)
    # The first look is preflight's.
    denied = story.fault("open", *looks[route], "access_denied", occurrence=2, count=99)
    (connection,) = story.connections(travel(story, route))
    assert story.struck(denied) == 1
    assert (connection["status"], connection["fault"]["name"]) == ("failed", "AccessDenied"), connection
    assert _ours(story, connection) == 1 and _ours(story, connection, live=True) == 0, "made, and removed"
    assert story.disorder() == []


def test_no_answer_ever_comes(cloud: LocalCloud) -> None:
    """Of creating, cut for ever. Describe shows a new endpoint after 0.5 s only; close goes on looking for 1 s (SettleSeconds,
    60 by default): were that less than reads lag, what was made would be found by nobody."""
    cloud.standin.set(describe_lag_ms=500, empty_pages=False)
    cases = [Case(f"never asked: {route}", partial(never_asked, route), asked_at_last) for route in CREATES]
    cases += [Case(f"never answered: {route}", partial(never_answered, route)) for route in CREATES]
    cases += [Case(f"never seen: {route}", partial(never_seen, route)) for route in CREATES]
    lanes(cloud).run(cases, begin)


def test_the_token_is_forgotten_before_the_retry(cloud: LocalCloud) -> None:
    """AWS documents no time for which a client token is remembered. Tries of one invocation fall inside it, a repeated
    invocation outside: its first call is to look for the tag."""
    cloud.standin.set(token_retention_ms=1500)
    story = Story(cloud)
    begin(story)
    fault = story.fault("open", "ec2", "CreateVpcEndpoint", "cut_after", count=INVOCATION)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(fault) == INVOCATION, what="the answer is lost")
    # From here on no token is known: a second CreateVpcEndpoint would make a second endpoint.
    cloud.standin.set(token_retention_ms=0)
    story.settle(share)
    connection = story.connection(share)
    assert connection["status"] == "ready" and _ours(story, connection) == 1, story.endpoints()
    assert story.disorder() == []


def test_subnets_that_would_be_chosen_differently_change_nothing(cloud: LocalCloud) -> None:
    """Free addresses change between the plan and the retry that follows a lost answer: the plan stands, nothing is made twice.

    The stand-in answers IdempotentParameterMismatch, as AWS does, when a token comes with other subnets.
    """
    story = Story(cloud)
    cloud.standin.seed(
        story.account,
        subnets=[{"id": "subnet-0d00000000000000d", "vpc": TO_VPC["vpc"], "az": "us-east-1a", "az_id": "use1-az1", "free": 3000}],
    )
    begin(story)
    # The plan is written and its answer held back, so that the addresses change before the first call of EC2.
    held = story.fault("open", "dynamodb", "TransactWriteItems", "timeout", occurrence=2, hold_ms=1000)
    lost = story.fault("open", "ec2", "CreateVpcEndpoint", "cut_after", count=INVOCATION)
    share = story.share()
    story.look()
    planned = wait_for(lambda: next((c["plan"] for c in story.connections(share) if "plan" in c), None), what="the plan")
    subnets = planned["call"]["resource_endpoint"]["subnets"]
    assert SUBNETS[0] in subnets and len(subnets) == 3, "one subnet per zone, the one with the most free addresses"
    story.furnish(free=(20, 20, 20))
    wait_for(lambda: story.struck(lost) == INVOCATION, what="the answer is lost")
    assert story.struck(held) == 1
    story.ready(share, 1)
    (endpoint,) = story.endpoints()
    assert sorted(endpoint["subnets"]) == sorted(subnets)
    refused = [c for c in story.calls(operation="CreateVpcEndpoint") if c["error"] == "IdempotentParameterMismatch"]
    assert refused == []
    cloud.wait_for_rest()
    assert story.disorder() == []


# Stopped


HOLD_MS = 1200


@dataclass(frozen=True)
class Stop:
    """A run that is stopped while a call of one of its tasks is under way."""

    state: str
    function: str
    service: str
    operation: str
    route: str = "plain"
    occurrence: int = 1

    @property
    def name(self) -> str:
        return f"stopped at {self.state}, in {self.function}'s {self.operation} number {self.occurrence} ({self.route})"


STOPS = [
    Stop("Vet", "vet", "dynamodb", "GetItem"),
    Stop("Vet", "vet", "dynamodb", "TransactWriteItems"),
    Stop("Accept", "accept", "ram", "AcceptResourceShareInvitation"),
    Stop("Accept", "accept", "dynamodb", "TransactWriteItems", occurrence=1),
    Stop("Accept", "accept", "dynamodb", "TransactWriteItems", occurrence=2),
    Stop("Accept", "accept", "dynamodb", "TransactWriteItems", occurrence=3),
    Stop("Decline", "accept", "ram", "RejectResourceShareInvitation", "unwanted"),
    Stop("Record", "close", "dynamodb", "GetItem", "refused"),
    Stop("Record", "close", "dynamodb", "TransactWriteItems", "refused"),
    Stop("Open", "open", "dynamodb", "GetItem"),
    Stop("Open", "open", "dynamodb", "TransactWriteItems", occurrence=1),
    Stop("Open", "open", "dynamodb", "TransactWriteItems", occurrence=2),
    Stop("Open", "open", "ec2", "CreateVpcEndpoint"),
    Stop("Open", "open", "vpc-lattice", "CreateServiceNetworkResourceAssociation", "network"),
    Stop("Open", "open", "dynamodb", "TransactWriteItems", occurrence=3),
    Stop("Observe", "observe", "ec2", "DescribeVpcEndpoints"),
    Stop("Observe", "observe", "dynamodb", "TransactWriteItems", occurrence=2),
    Stop("Close", "close", "dynamodb", "TransactWriteItems", "failing", occurrence=1),
    Stop("Close", "close", "ec2", "DeleteVpcEndpoints", "failing"),
    Stop("Close", "close", "vpc-lattice", "DeleteServiceNetworkResourceAssociation", "network, failing"),
    Stop("Close", "close", "dynamodb", "TransactWriteItems", "failing", occurrence=2),
]


def stopped(stop: Stop, at_once: bool, story: Story) -> None:
    """StopExecution runs no Catch, and the function goes on: on AWS as here. Then the sweep, at once or when all is still."""
    held = story.fault(stop.function, stop.service, stop.operation, "timeout", occurrence=stop.occurrence, hold_ms=HOLD_MS)
    way = depart(story, stop.route)
    wait_for(lambda: story.struck(held) > 0, what=f"{stop.name}: the call is made")
    record = story.record(way)
    assert record is not None
    if stop.state in ("Open", "Observe", "Close"):
        (connection,) = story.connections(way)
        run = story.connecting(connection)
    else:
        run = story.onboarding(record)
    story.cloud.client("stepfunctions").stop_execution(executionArn=run, error="Stopped", cause="by the test")
    if not at_once:
        _still(story, stop)
    answer = story.cloud.sweep()
    assert answer.error is None, answer
    story.wait_for_runs()
    _still(story, stop)


def _still(story: Story, stop: Stop) -> None:
    """Waits until the function that was left alone has made its last call."""
    seen = -1

    def quiet() -> bool:
        nonlocal seen
        calls = story.calls(function=stop.function)
        if any(c["status"] is None for c in calls):
            return False
        before, seen = seen, len(calls)
        return before == seen

    wait_for(quiet, what="the function that was left alone ends")


def finished(stop: Stop, story: Story) -> None:
    """Sweeps finish it or clean up."""

    def done() -> bool:
        return story.disorder() == []

    story.sweep_until(done, what=f"an end after it was {stop.name}")
    record, connections = story.record(story.last), story.connections(story.last)
    assert record is not None
    if stop.route == "unwanted":
        assert (record["status"], story.invitation(story.last)) == ("rejected", "REJECTED")
        return
    assert len(connections) == 1 or record["status"] != "accepted", (record, connections)
    over = {c["status"] for c in connections}
    expected: set[str] = {"ready", "failed"} if "failing" in stop.route or stop.route == "refused" else {"ready"}
    assert over <= expected, (record, connections)
    for connection in connections:
        assert _ours(story, connection, live=True) == (connection["status"] == "ready")
        assert _ours(story, connection) <= connection["generation"]


@pytest.mark.parametrize("at_once", [True, False], ids=["sweep at once", "sweep afterwards"])
def test_a_run_is_stopped_at_each_state(cloud: LocalCloud, at_once: bool) -> None:
    """Stopped in turn at each state, before and after what it does takes effect; the sweep comes while the function that was
    running still works, or later."""
    lanes(cloud).run([Case(s.name, partial(stopped, s, at_once), partial(finished, s)) for s in STOPS], begin)


def test_a_run_is_stopped_between_two_looks(cloud: LocalCloud) -> None:
    """While Observe waits to look again, nothing of ours runs at all: the next sweep finishes it with the same endpoint."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(endpoint_outcome="stuck")
    share = story.share()
    story.look()
    connection = wait_for(lambda: next((c for c in story.connections(share) if c["status"] == "waiting"), None), what="it is waited for")
    cloud.client("stepfunctions").stop_execution(executionArn=story.connecting(connection))
    cloud.standin.set(endpoint_outcome="available")
    cloud.wait_for_rest()
    assert story.connection(share)["status"] == "waiting", "nothing but a sweep can know"
    cloud.sweep()
    (ready,) = story.ready(share, 1)
    assert (ready["attempt"], ready["generation"], ready["made"]) == (2, 1, connection["made"])
    cloud.wait_for_rest()
    assert len(story.endpoints()) == 1 and story.disorder() == []


def test_a_map_is_stopped_before_it_starts_anything(cloud: LocalCloud) -> None:
    """Accepted, and the run stopped before a connect execution was started: the ledger holds the wanted connection, and the
    sweep starts it.

    The engine starts executions of a Map by itself and not through the stand-in, so the state that such a stop leaves is made:
    a finished onboarding whose connections have no run.
    """
    story = Story(cloud)
    begin(story)
    held = story.fault("accept", "dynamodb", "TransactWriteItems", "timeout", occurrence=3, hold_ms=HOLD_MS)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="accept writes that it accepted")
    record = story.record(share)
    assert record is not None
    cloud.client("stepfunctions").stop_execution(executionArn=story.onboarding(record))
    cloud.wait_for_rest()
    assert (story.connection(share)["status"], cloud.executions("connect")) == ("wanted", [])
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert story.disorder() == []


# What is told


def test_an_announcement_is_cut_off(cloud: LocalCloud) -> None:
    """PutEvents breaks before or after its effect: told again, under the same id, in order; nothing is lost."""
    for kind in ("cut_before", "cut_after"):
        for count in (1, INVOCATION):
            cloud.reset()
            story = Story(cloud)
            begin(story)
            # The subscriptions are announced, too, before anything is cut off.
            cloud.wait_for_rest()
            listener = Listener(cloud, CONNECTION, SHARE)
            fault = story.fault("announce", "events", "PutEvents", kind, count=count)
            share = story.share()
            story.look()
            story.ready(share, 1)
            listener.until("ready")
            assert story.struck(fault) == count
            cloud.wait_for_rest()
            told = listener.details()
            of_connection, of_share = [d for d in told if "connection" in d], [d for d in told if "connection" not in d]
            assert _first_times(of_connection, lambda d: d["status"]) == ["wanted", "opening", "waiting", "ready"], told
            assert _first_times(of_share, lambda d: d["status"]) == ["found", "accepting", "accepted"], told
            again = {d["id"] for d in told if [o["id"] for o in told].count(d["id"]) > 1}
            assert again if kind == "cut_after" else not again


def _first_times(told: list[Json], key: Callable[[Json], str]) -> list[str]:
    return list(dict.fromkeys(key(each) for each in told))
