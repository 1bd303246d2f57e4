"""The two saga tests over the kinds that no route of test_twice, test_cut and test_end_broken has: interface, gateway and
service-network endpoints, from the first word to the last. Waits are 1/50 of AWS's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from drift import delete, is_shown, made, reconcile
from lanes import Case, lanes
from local import LocalCloud, wait_for
from place import Place
from story import Json, Story
from test_end_broken import HOLD_MS, INVOCATION
from test_faults import FORESEEING, LASTING, TOLERATED
from test_kinds import NETWORKER, TO_VPC, shared_network
from test_truth import LONG_AGO, past, tell
from test_twice import AS_THE_FIRST, LATE, Doubling

# An asynchronous invocation and Lambda's two repetitions.
INVOCATIONS = 3
KINDS = ["interface-endpoint", "gateway-endpoint", "service-network-endpoint"]


@dataclass
class Life:
    """One connection of a kind, by a subscription of its own; others of the account are left alone."""

    story: Story
    kind: str
    reconcile: Json | None = None

    def __post_init__(self) -> None:
        self.name = f"life-{uuid.uuid4().hex[:12]}"
        self.place = Place(self.story)
        self.known = {connection["id"] for connection in self.story.connections()}

    def ask(self) -> None:
        """Somebody asks for it; intake looks until it was heard."""
        more = {"reconcile": self.reconcile} if self.reconcile else {}
        if self.kind == "interface-endpoint":
            self.place.subscribe(self.place.interface(), name=self.name, **more)
        elif self.kind == "gateway-endpoint":
            self.place.subscribe(self.place.gateway(), name=self.name, **more)
        else:
            share = shared_network(self.story)
            trust = {"shares": [share.arn], "resource_types": ["vpc-lattice:ServiceNetwork"]}
            self.story.subscribe(self.name, senders=[NETWORKER], targets=[TO_VPC], trust=trust, profile="generic", **more)
        self.look()

    def look(self) -> None:
        """EventBridge and Lambda repeat what failed; here the test does."""
        errors = []
        while (answer := self.story.look()).error is not None:
            errors.append(answer)
            assert len(errors) < INVOCATIONS, errors

    def connection(self) -> Json | None:
        """Its record, if there is one yet."""
        return next((c for c in self.story.connections() if c["id"] not in self.known and self.name in (*c["claims"], *self._ended(c))), None)

    def _ended(self, connection: Json) -> list[str]:
        return [self.name] if self.name in connection.get("ending", {}).get("why", "") else []

    def stands(self, status: str) -> bool:
        """Whether it stands there."""
        connection = self.connection()
        return connection is not None and connection["status"] == status

    def opened(self) -> None:
        """It can be used, and there is one of it."""
        self.story.wait_for_runs()
        if not self.stands("ready"):
            self.story.sweep_until(lambda: self.stands("ready"), what=f"a {self.kind}")
        connection = self.connection()
        assert connection is not None and connection["kind"] == self.kind
        assert len(self.made()) == 1 and self.story.disorder() == [], (self.made(), self.story.disorder())

    def withdraw(self) -> None:
        """Nobody asks for it any more; intake looks."""
        self.story.cloud.cli("withdraw", self.name, "--yes")
        self.look()

    def closed(self) -> None:
        """Nothing of it is left, and why is written down."""
        self.story.wait_for_runs()
        if not self.stands("closed"):
            self.story.sweep_until(lambda: self.stands("closed"), what="the end")
        connection = self.connection()
        assert connection is not None and connection["generation"] == 1
        assert f"subscription {self.name}" in self.story.cloud.cli("show", connection["id"]).stdout
        assert len(self.made()) == 1 and self.made(live=True) == [] and self.story.disorder() == []

    def made(self, live: bool | None = None) -> list[Json]:
        """What carries its tag."""
        connection = self.connection()
        assert connection is not None
        return self.story.made_for(connection, live=live)


def begin(_: Story) -> None:
    """Each case has a subscription of its own."""


# Cut off

# Each call that changes something: (function, service, operation, which of them)
OPENING = [
    ("intake", "dynamodb", "TransactWriteItems", 1),
    ("intake", "states", "StartExecution", 1),
    ("open", "dynamodb", "TransactWriteItems", 1),
    ("open", "dynamodb", "TransactWriteItems", 2),
    ("open", "ec2", "CreateVpcEndpoint", 1),
    ("open", "dynamodb", "TransactWriteItems", 3),
    ("observe", "dynamodb", "TransactWriteItems", 1),
]
CLOSING = [
    ("intake", "dynamodb", "TransactWriteItems", 1),
    ("intake", "states", "StartExecution", 1),
    ("close", "dynamodb", "TransactWriteItems", 1),
    ("close", "ec2", "DeleteVpcEndpoints", 1),
    ("close", "dynamodb", "TransactWriteItems", 2),
]


def cut_off(story: Story, call: tuple[str, str, str, int], how: str, step: Callable[[], None]) -> None:
    """A call of this step breaks for as long as an invocation tries, and is mended by itself."""
    function, service, operation, occurrence = call
    fault = story.fault(function, service, operation, how, occurrence=occurrence, count=INVOCATION)
    step()
    story.wait_for_runs()
    assert story.struck(fault) > 0, "the call was never made"


def cut_opening(kind: str, call: tuple[str, str, str, int], how: str, story: Story) -> None:
    """While it is opened."""
    life = Life(story, kind)
    cut_off(story, call, how, life.ask)
    life.opened()
    story.mend()
    life.withdraw()
    life.closed()


def cut_closing(kind: str, call: tuple[str, str, str, int], how: str, story: Story) -> None:
    """While it is closed."""
    life = Life(story, kind)
    life.ask()
    life.opened()
    cut_off(story, call, how, life.withdraw)
    story.mend()
    life.closed()


@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
def test_the_connection_breaks(cloud: LocalCloud, how: str) -> None:
    """Before or after the effect of each call: never two endpoints, never one without a record, and in the end none."""
    cases = [
        Case(f"{kind}: {how} of {call[0]}'s {call[2]} number {call[3]}, {play.__name__}", partial(play, kind, call, how))
        for kind in KINDS
        for play, calls in ((cut_opening, OPENING), (cut_closing, CLOSING))
        for call in calls
    ]
    lanes(cloud).run(cases, begin)


# Refused

TASKS = ("open", "observe", "close")
Call = tuple[str, str, str]


def calls_of(story: Story, kind: str) -> list[Call]:
    """Each call that its tasks make in a life in which nothing goes wrong: (function, service, operation)."""
    life = Life(story, kind)
    since = story.standin.next_call()
    life.ask()
    life.opened()
    life.withdraw()
    life.closed()
    story.cloud.wait_for_rest()
    return sorted({(task, c["service"], c["operation"]) for task in TASKS for c in story.calls(since, task)})


def says(connection: Json, how: str, call: Call) -> None:
    """The record has the fault's name and, of what is denied, the action."""
    fault = connection["fault"]
    assert fault["name"] == LASTING[how], connection
    assert how != "access_denied" or call[2] in fault["message"] or call[2] == "TransactWriteItems", connection


def refused_while_opening(kind: str, call: Call, how: str, story: Story) -> None:
    """It fails under the fault's name and nothing of it is left; tried again when that is mended, it is opened and closed."""
    life = Life(story, kind)
    fault = story.fault(*call, how, occurrence=0)
    life.ask()
    story.wait_for_runs()
    connection = life.connection()
    assert connection is not None and story.struck(fault) > 0
    if connection["status"] != "ready":
        assert connection["status"] == "failed" and life.made(live=True) == [] and story.disorder() == [], connection
        says(connection, how, call)
    else:
        # What is only foreseen or named is not worth a failure, nor what a network's owner may keep to itself.
        assert f"{call[1]}:{call[2]}" in FORESEEING | TOLERATED | {"vpc-lattice:GetServiceNetwork"}, connection
    story.mend()
    if connection["status"] == "failed":
        story.cloud.cli("retry", connection["id"])
        story.sweep_until(lambda: life.stands("ready"), what=f"a {kind}")
    life.withdraw()
    story.sweep_until(lambda: life.stands("closed"), what="the end")
    assert life.made(live=True) == [] and story.disorder() == []


def refused_while_closing(kind: str, call: Call, how: str, story: Story) -> None:
    """It stays until that is mended, and is closed then."""
    life = Life(story, kind)
    life.ask()
    life.opened()
    fault = story.fault(*call, how, occurrence=0)
    life.withdraw()
    story.wait_for_runs()
    connection = life.connection()
    assert connection is not None and story.struck(fault) > 0
    if connection["status"] != "closed":
        run = story.run(story.disconnecting(connection))
        assert run is not None and (run["status"], run["error"]) == ("FAILED", LASTING[how]), run
        assert how != "access_denied" or call[2] in run["cause"] or call[2] == "TransactWriteItems", run
    story.mend()
    story.sweep_until(lambda: life.stands("closed"), what="the end")
    assert life.made(live=True) == [] and story.disorder() == []


@pytest.mark.parametrize("how", ["access_denied", "server_error"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_never_succeeds(cloud: LocalCloud, kind: str, how: str) -> None:
    """Each call of each task, refused for ever: told by its name, nothing left, and made good once it is granted."""
    cases = [
        Case(f"{kind}: {how} of {call[0]}'s {call[2]}", partial(refused_while_closing if call[0] == "close" else refused_while_opening, kind, call, how))
        for call in calls_of(Story(cloud), kind)
    ]
    assert len(cases) > 10, cases
    lanes(cloud).run(cases, begin)


# Stopped


def stopped(kind: str, function: str, service: str, operation: str, closing: bool, story: Story, tries: int = 3) -> None:
    """Its run is stopped while the call is under way, which runs no Catch: the sweep finishes it."""
    life = Life(story, kind)
    if closing:
        life.ask()
        life.opened()
    held = story.fault(function, service, operation, "timeout", hold_ms=HOLD_MS)
    if closing:
        life.withdraw()
    else:
        life.ask()
    wait_for(lambda: story.struck(held) > 0, what=f"{function}'s {operation} is under way")
    connection = life.connection()
    assert connection is not None
    run = story.disconnecting(connection) if closing else story.connecting(connection)
    states = story.cloud.client("stepfunctions")
    try:
        states.stop_execution(executionArn=run, error="Stopped", cause="by the test")
    except states.exceptions.ClientError as error:
        # It was over before it could be stopped: a busy machine. Another one is asked for.
        if "not running" not in str(error) or tries == 1:
            raise
        story.mend()
        return stopped(kind, function, service, operation, closing, story, tries - 1)
    if not closing:
        story.sweep_until(lambda: life.stands("ready"), what="the connection")
        life.opened()
        life.withdraw()
    life.closed()
    return None


def test_a_run_is_stopped(cloud: LocalCloud) -> None:
    """While it makes, looks and deletes."""
    moments = [
        ("open", "ec2", "CreateVpcEndpoint", False),
        ("open", "dynamodb", "TransactWriteItems", False),
        ("observe", "ec2", "DescribeVpcEndpoints", False),
        ("close", "ec2", "DeleteVpcEndpoints", True),
    ]
    cases = [Case(f"{kind}: stopped in {moment[0]}'s {moment[2]}", partial(stopped, kind, *moment)) for kind in KINDS for moment in moments]
    lanes(cloud).run(cases, begin)


# Twice


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_is_delivered_twice(cloud: LocalCloud, kind: str) -> None:
    """At once and after the end, from the first word to the last: one endpoint, and in the end none."""
    story = Story(cloud)
    life = Life(story, kind)
    doubling = Doubling(cloud)
    life.ask()
    life.opened()
    life.withdraw()
    story.wait_for_runs()
    at_once = doubling.stop()
    cloud.wait_for_rest()
    life.closed()
    assert {function for function, _ in at_once} >= {"open", "observe", "close"}
    for function, answer in at_once:
        assert answer.error is None or answer.error in LATE | AS_THE_FIRST, (function, answer)
    since = story.standin.next_call()
    for run in cloud.executions():
        for function, payload in cloud.task_inputs(run.arn):
            answer = cloud.invoke(function, payload)
            assert answer.error is None or answer.error in LATE, (function, answer)
    cloud.wait_for_rest()
    assert [c for c in story.calls(since) if c["mutating"]] == [], "a repetition after the end changed something"
    life.closed()


# What AWS and others do to it


# A gateway endpoint has no interfaces that could fail, and no owner who rejects it.
@pytest.mark.parametrize("kind", ["interface-endpoint", "service-network-endpoint"])
@pytest.mark.parametrize(("outcome", "fault"), [("failed", "EndpointFailed"), ("rejected", "EndpointRejected"), ("deleted", "EndpointGone")])
def test_it_turns_out_badly(cloud: LocalCloud, kind: str, outcome: str, fault: str) -> None:
    """The run fails under its name with AWS's reason, and nothing is left. Tried again by a person, it is made anew."""
    life = Life(Story(cloud), kind)
    cloud.standin.set(endpoint_outcome=outcome, failure_reason="The gateway burnt down.", deleted_endpoints="listed")
    life.ask()
    wait_for(lambda: life.stands("failed"), 60, f"it is {fault}", cloud.explain)
    cloud.wait_for_rest()
    connection = life.connection()
    assert connection is not None and connection["fault"]["name"] == fault, connection
    run = life.story.run(connection["execution"])
    assert run is not None and (run["status"], run["error"]) == ("FAILED", fault), run
    assert fault == "EndpointGone" or "The gateway burnt down." in connection["why"], connection["why"]
    assert life.made(live=True) == [] and life.story.disorder() == []
    cloud.standin.set(endpoint_outcome="available")
    cloud.cli("retry", connection["id"])
    life.story.sweep_until(lambda: life.stands("ready"), what="another attempt")
    assert len(life.made(live=True)) == 1 and life.story.disorder() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("told_by", ["an event", "reconcile", "reconcile, which repairs"])
def test_it_is_deleted_behind_our_back(cloud: LocalCloud, kind: str, told_by: str) -> None:
    """Closed with the reason, and it rings; with `gone: repair` it is opened anew by itself. Nothing is made twice."""
    story = Story(cloud)
    repairs = told_by.endswith("repairs")
    life = Life(story, kind, reconcile={"gone": "repair"} if repairs else None)
    life.ask()
    life.opened()
    connection = life.connection()
    assert connection is not None
    mark = cloud.mark()
    # What was ready for less than an hour is not opened anew: somebody may delete it as often as it is made.
    story.overwrite(story._item(connection["pk"], connection["sk"]) or {}, since=LONG_AGO)
    delete(story, connection)
    if told_by == "an event":
        tell(story, "DeleteVpcEndpoints", made(connection))
    else:
        wait_for(lambda: not is_shown(story, connection), what="it is gone")
        reconcile(story)
        missed = life.connection()
        assert missed is not None and missed["status"] == "ready" and missed["missing"]["what"] == [made(connection)], missed
        past(story, missed)
        reconcile(story)
    end = "ready" if repairs else "closed"

    def over() -> bool:
        now = life.connection()
        return now is not None and now["status"] == end and now.get("made") != connection["made"]

    wait_for(over, 60, f"it is {end}", cloud.explain)
    cloud.wait_for_rest()
    after = life.connection()
    assert after is not None and story.disorder() == []
    if repairs:
        assert after["generation"] == 2 and len(life.made(live=True)) == 1
    else:
        assert after["ending"]["cause"] == "gone" and life.made(live=True) == []
        assert "EndpointGone" in cloud.faults(mark, "close"), "a person is needed"
