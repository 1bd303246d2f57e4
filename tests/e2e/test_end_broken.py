"""The end of a connection, while something breaks: withdrawn in the middle of a run, calls cut off, refused and too late, runs
stopped and delivered twice. The cases run in accounts of their own, several at a time; waits are 1/50 of AWS's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

import pytest
from lanes import Case, lanes
from local import LocalCloud, wait_for
from story import TO_NETWORK, TO_VPC, Json, Shared, Story
from test_twice import LATE, Doubling

# As often as the SDK tries one call (drawbridge-sdk): so often, and the invocation fails and is repeated.
INVOCATION = 3
HOLD_MS = 1200


@dataclass(frozen=True)
class Way:
    """Something that is shared, and the one subscription that asks for it and for nothing else."""

    share: Shared
    subscription: str


def begin(_: Story) -> None:
    """Each case has a subscription of its own."""


def depart(story: Story, target: Json = TO_VPC) -> Way:
    """Something is shared, and a subscription of its own trusts it."""
    share = story.share()
    way = Way(share, f"case-{uuid.uuid4().hex[:12]}")
    story.subscribe(way.subscription, targets=[target], trust={"shares": [share.arn]})
    return way


def connected(story: Story, target: Json = TO_VPC) -> Way:
    """The same, and it can be used."""
    way = depart(story, target)
    assert story.look().error is None
    story.ready(way.share, 1)
    story.wait_for_runs()
    return way


def withdraw(story: Story, way: Way) -> None:
    """Withdraws it with the real command."""
    story.cloud.cli("withdraw", way.subscription, "--yes")


def mine(story: Story, way: Way) -> list[Json]:
    """What lives of what was made for this share."""
    return story.made_for(*story.connections(way.share), live=True)


def over(story: Story, way: Way) -> bool:
    """Nothing of it is left, and whatever there was is closed."""
    record = story.record(way.share)
    at_rest = record is not None and record["status"] not in ("found", "accepting", "declining")
    return at_rest and all(c["status"] == "closed" for c in story.connections(way.share)) and mine(story, way) == []


def ends(story: Story, way: Way) -> None:
    """Sweeps until it is over; then everything is in order, and the reason can be read."""
    story.sweep_until(lambda: over(story, way), what="the end")
    assert story.disorder() == []
    for connection in story.connections(way.share):
        shown = " ".join(story.cloud.cli("show", connection["id"]).stdout.split())
        assert f"subscription {way.subscription} is withdrawn" in shown, shown


# Withdrawn in the middle


@dataclass(frozen=True)
class Moment:
    """A call that is under way when the subscription is withdrawn: its effect is there, its answer is not."""

    function: str
    service: str
    operation: str
    occurrence: int = 1
    target: str = "vpc"

    @property
    def name(self) -> str:
        return f"withdrawn in {self.function}'s {self.operation} number {self.occurrence} ({self.target})"


MOMENTS = [
    Moment("vet", "ram", "GetResourceShareInvitations"),
    Moment("vet", "dynamodb", "TransactWriteItems"),
    Moment("accept", "ram", "AcceptResourceShareInvitation"),
    Moment("accept", "dynamodb", "TransactWriteItems", 1),
    Moment("accept", "dynamodb", "TransactWriteItems", 2),
    Moment("accept", "dynamodb", "TransactWriteItems", 3),
    Moment("open", "dynamodb", "GetItem"),
    Moment("open", "dynamodb", "TransactWriteItems", 1),
    Moment("open", "dynamodb", "TransactWriteItems", 2),
    Moment("open", "ec2", "CreateVpcEndpoint"),
    Moment("open", "vpc-lattice", "CreateServiceNetworkResourceAssociation", target="network"),
    Moment("open", "dynamodb", "TransactWriteItems", 3),
    Moment("observe", "ec2", "DescribeVpcEndpoints"),
    Moment("observe", "dynamodb", "TransactWriteItems", 2),
]


def withdrawn(moment: Moment, swept: str, story: Story) -> None:
    """The subscription goes while the call is under way; the sweep comes then, or when the run is over."""
    held = story.fault(moment.function, moment.service, moment.operation, "timeout", occurrence=moment.occurrence, hold_ms=HOLD_MS)
    way = depart(story, TO_NETWORK if moment.target == "network" else TO_VPC)
    assert story.look().error is None
    wait_for(lambda: story.struck(held) > 0, what=f"{moment.name}: the call is made")
    withdraw(story, way)
    if swept == "at once":
        assert story.cloud.sweep().error is None
    story.wait_for_runs()
    ends(story, way)
    assert all(c["generation"] == 1 for c in story.connections(way.share)), "nothing was opened anew"
    assert {e.error for e in story.cloud.executions("disconnect")} <= {None}


@pytest.mark.parametrize("swept", ["at once", "afterwards"])
def test_withdrawn_while_a_run_is_under_way(cloud: LocalCloud, swept: str) -> None:
    """In onboarding and in connecting, before and after the endpoint was made: the run that has it removes what it made, or the
    next one does; never two at a time."""
    lanes(cloud).run([Case(m.name, partial(withdrawn, m, swept)) for m in MOMENTS], begin)


# Cut off, refused, too late


# Each call that an end makes: (function, service, operation, target, which of them)
CALLS = [
    ("intake", "dynamodb", "TransactWriteItems", "vpc", 1),
    ("intake", "dynamodb", "TransactWriteItems", "vpc", 2),
    ("intake", "states", "StartExecution", "vpc", 1),
    ("intake", "states", "StartExecution", "vpc", 2),
    ("close", "dynamodb", "GetItem", "vpc", 1),
    ("close", "dynamodb", "TransactWriteItems", "vpc", 1),
    ("close", "dynamodb", "TransactWriteItems", "vpc", 2),
    ("close", "ec2", "DescribeVpcEndpoints", "vpc", 1),
    ("close", "ec2", "DeleteVpcEndpoints", "vpc", 1),
    ("close", "vpc-lattice", "ListServiceNetworkResourceAssociations", "network", 1),
    ("close", "vpc-lattice", "ListTagsForResource", "network", 1),
    ("close", "vpc-lattice", "DeleteServiceNetworkResourceAssociation", "network", 1),
]


@dataclass(frozen=True)
class Broken:
    """One call that goes wrong in one way, so often (0: for ever)."""

    function: str
    service: str
    operation: str
    target: str
    occurrence: int
    kind: str
    count: int

    @property
    def name(self) -> str:
        return f"{self.function}: {self.kind} of {self.operation} number {self.occurrence} ({self.target}), {self.count} times"

    def arm(self, story: Story) -> str:
        """Breaks it."""
        more = {"occurrence": self.occurrence, "count": self.count} if self.count else {"occurrence": 0}
        return story.fault(self.function, self.service, self.operation, self.kind, **more)


def target_of(name: str) -> Json:
    """A target by its name in a table."""
    return TO_NETWORK if name == "network" else TO_VPC


def cut_off(broken: Broken, story: Story) -> None:
    """It breaks, and is mended by itself: the end is what it would have been."""
    way = connected(story, target_of(broken.target))
    withdraw(story, way)
    fault = broken.arm(story)
    # EventBridge and Lambda repeat what failed; here the test does.
    if story.cloud.sweep().error is not None:
        assert broken.function == "intake"
    story.wait_for_runs()
    ends(story, way)
    assert story.struck(fault) > 0, "the call was never made"
    assert all(c["generation"] == 1 for c in story.connections(way.share))


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_the_connection_breaks_while_something_ends(cloud: LocalCloud, kind: str) -> None:
    """Before or after the effect of each call, once or for as long as an invocation tries."""
    cases = [Broken(*call, kind, count) for count in (1, INVOCATION) for call in CALLS]
    lanes(cloud).run([Case(b.name, partial(cut_off, b)) for b in cases], begin)


LASTING = {"throttle": "Throttled", "server_error": "ServiceUnavailable", "access_denied": "AccessDenied"}


def never(broken: Broken, story: Story) -> None:
    """The call never succeeds: the run fails under the fault's name, the record stays `closing` with its reason, and nothing
    is lost sight of."""
    way = connected(story, target_of(broken.target))
    withdraw(story, way)
    fault = broken.arm(story)
    assert story.cloud.sweep().error is None
    story.wait_for_runs()
    assert story.struck(fault) > 0, "the call was never made"
    assert story.disorder(at_rest=False) == []
    (connection,) = story.connections(way.share)
    assert connection["status"] == "closing" and connection["ending"]["cause"] == "withdrawn", connection
    run = story.run(story.disconnecting(connection))
    assert run is not None and (run["status"], run["error"]) == ("FAILED", LASTING[broken.kind]), run
    if broken.kind == "access_denied":
        assert broken.operation.replace("TransactWriteItems", "PutItem") in run["cause"], run["cause"]
        if broken.service != "dynamodb":
            assert f"subscription {way.subscription} is withdrawn; it can't be removed: AccessDenied" in connection["why"]
    # It is tried again for as long as it takes.
    assert story.cloud.sweep().error is None
    story.wait_for_runs()
    (again,) = story.connections(way.share)
    assert again["status"] == "closing" and again["attempt"] == connection["attempt"] + 1
    assert f"subscription {way.subscription} is withdrawn" in again["why"]


def never_mended(broken: Broken, story: Story) -> None:
    """Once nothing is wrong any more, the sweep finishes it."""
    (connection,) = story.connections(story.last)
    subscription = connection["ending"]["why"].split()[1]
    ends(story, Way(story.last, subscription))


@pytest.mark.parametrize("kind", LASTING)
def test_a_call_that_never_succeeds_while_something_ends(cloud: LocalCloud, kind: str) -> None:
    """Each call of close, refused for ever, then mended."""
    # Intake's calls are test_faults' (test_intake_cannot), and one of them that never succeeds ends nothing at all.
    calls = {(f, s, o, t): Broken(f, s, o, t, 1, kind, 0) for f, s, o, t, _ in CALLS if f == "close"}
    lanes(cloud).run([Case(b.name, partial(never, b), partial(never_mended, b)) for b in calls.values()], begin)


# Stopped, and twice


STOPS = [
    ("dynamodb", "GetItem", "vpc", 1),
    ("dynamodb", "TransactWriteItems", "vpc", 1),
    ("ec2", "DeleteVpcEndpoints", "vpc", 1),
    ("vpc-lattice", "DeleteServiceNetworkResourceAssociation", "network", 1),
    ("dynamodb", "TransactWriteItems", "vpc", 2),
]


def stopped(service: str, operation: str, target: str, occurrence: int, story: Story) -> None:
    """StopExecution runs no Catch: the sweep goes on with it, while the function that was left alone still works."""
    way = connected(story, target_of(target))
    withdraw(story, way)
    held = story.fault("close", service, operation, "timeout", occurrence=occurrence, hold_ms=HOLD_MS)
    assert story.cloud.sweep().error is None
    wait_for(lambda: story.struck(held) > 0, what="the call is made")
    (connection,) = story.connections(way.share)
    states = story.cloud.client("stepfunctions")
    run = next(e.arn for e in story.cloud.executions("disconnect", "RUNNING") if connection["id"] in e.arn)
    states.stop_execution(executionArn=run, error="Stopped", cause="by the test")
    ends(story, way)


def test_the_run_is_stopped_at_close(cloud: LocalCloud) -> None:
    """Before and after what it does takes effect."""
    names = {f"{o} number {n} ({t})": (s, o, t, n) for s, o, t, n in STOPS}
    lanes(cloud).run([Case(name, partial(stopped, *stop)) for name, stop in names.items()], begin)


@pytest.mark.parametrize("target", ["vpc", "network"])
def test_close_is_delivered_twice(cloud: LocalCloud, target: str) -> None:
    """At once and after the end: at the end a repetition changes nothing."""
    story = Story(cloud)
    way = connected(story, target_of(target))
    withdraw(story, way)
    doubling = Doubling(cloud)
    assert cloud.sweep().error is None
    story.wait_for_runs()
    at_once = doubling.stop()
    cloud.wait_for_rest()
    ends(story, way)
    assert {function for function, _ in at_once} >= {"close"}
    for function, answer in at_once:
        assert answer.error is None or answer.error in LATE, (function, answer)
    since = story.standin.next_call()
    for run in cloud.executions():
        for function, payload in cloud.task_inputs(run.arn):
            answer = cloud.invoke(function, payload)
            assert answer.error is None or answer.error in LATE, (function, answer)
    cloud.wait_for_rest()
    assert [c for c in story.calls(since) if c["mutating"]] == []
    assert over(story, way) and story.disorder() == []


def test_five_sweeps_at_once_start_one_run(cloud: LocalCloud) -> None:
    """Whoever decides that it ends, it is closed once."""
    from concurrent.futures import ThreadPoolExecutor

    story = Story(cloud)
    way = connected(story)
    withdraw(story, way)
    with ThreadPoolExecutor(5) as pool:
        answers = [each.result() for each in [pool.submit(cloud.sweep) for _ in range(5)]]
    assert [answer.error for answer in answers] == [None] * 5
    story.wait_for_runs()
    ends(story, way)
    (run,) = cloud.executions("disconnect")
    assert run.status == "SUCCEEDED" and len(story.calls(0, "close", "DeleteVpcEndpoints")) == 1
