"""Doing it twice is doing it once: tasks, events, sweeps and whole runs that come more than once. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest
from local import LocalCloud, wait_for
from routes import begin, depart
from story import Shared, Story, fault_names

# What a late or repeated delivery may be told, other than what the first one was.
LATE = {"RunOver", "ConnectionBusy", "LedgerConflict", "NotReady", "CloseUnconfirmed"}
# What the first one may have been told, and so its repetition while the run is under way: `refused` is denied, `guarded` sent to
# have its group made.
AS_THE_FIRST = {"AccessDenied", "GroupWanted"}

ROUTES = ["plain", "network", "guarded", "organization", "unwanted", "failing", "network, failing", "guarded, failing", "refused"]


class Doubling:
    """Invokes every task of every run again as soon as the run has made it, while it is under way."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.answers: list[tuple[str, Any]] = []
        self.seen: dict[str, int] = {}
        self._done = Event()
        self._pool = ThreadPoolExecutor(4)
        self._again: list[Any] = []
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._look()

    def _look(self) -> None:
        for run in self.cloud.executions():
            inputs = self.cloud.task_inputs(run.arn)
            for function, payload in inputs[self.seen.get(run.arn, 0) :]:
                self._again.append((function, self._pool.submit(self.cloud.invoke, function, payload)))
            self.seen[run.arn] = len(inputs)

    def stop(self) -> list[tuple[str, Any]]:
        """Stops, and gives each second answer with the function's name."""
        self._done.set()
        self._thread.join()
        self._look()
        return [(function, again.result(60)) for function, again in self._again]


def one_of_each(story: Story, share: Shared, route: str) -> None:
    """One accepted share, one endpoint, one record, whatever came twice."""
    assert story.disorder() == []
    taken = [c for c in story.calls(operation="AcceptResourceShareInvitation") if c["status"] == 200]
    assert len(taken) <= 1 or story.invitation(share) == "ACCEPTED"
    (record,) = story.cloud.shares()
    connections = story.connections()
    if route in ("unwanted", "refused"):
        assert connections == [] and story.endpoints() == []
        assert record["status"] == ("rejected" if route == "unwanted" else "failed")
        return
    (connection,), made = connections, story.endpoints()
    assert record["status"] == "accepted" and len(made) == 1, made
    assert connection["status"] == ("failed" if "failing" in route else "ready"), connection
    assert connection["attempt"] == 1 and connection["generation"] == 1


@pytest.mark.parametrize("route", ROUTES)
def test_every_task_is_delivered_twice(cloud: LocalCloud, route: str) -> None:
    """Each task's input in each history is invoked again, at once and after the end. At the end a repetition changes nothing:
    no mutating call, no write to the ledger."""
    story = Story(cloud)
    begin(story)
    doubling = Doubling(cloud)
    share = depart(story, route)
    story.settle(share)
    at_once = doubling.stop()
    cloud.wait_for_rest()
    story.mend()
    story.sweep_until(lambda: story.disorder() == [], what="rest after every task was delivered twice")
    one_of_each(story, share, route)
    assert {function for function, _ in at_once} >= ({"vet", "close"} if route == "refused" else {"vet", "accept"})
    for function, answer in at_once:
        assert answer.error is None or answer.error in LATE | AS_THE_FIRST, (function, answer)

    since = story.standin.next_call()
    again = [(f, p) for run in cloud.executions() for f, p in cloud.task_inputs(run.arn)]
    assert len(again) >= 2
    for function, payload in again:
        answer = cloud.invoke(function, payload)
        assert answer.error is None or answer.error in LATE, (function, answer)
    cloud.wait_for_rest()
    assert [c for c in story.calls(since) if c["mutating"]] == [], "a repetition after the end changed something"
    one_of_each(story, share, route)


def test_the_event_comes_five_times_at_once(cloud: LocalCloud) -> None:
    """EventBridge delivers at least once; five deliveries at the same time start one run."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: cloud.emit({"event": "Resource Share Association", "status": "associated"}), range(5)))
    story.ready(share, 1)
    cloud.wait_for_rest()
    one_of_each(story, share, "plain")
    assert [e.machine for e in cloud.executions()] == ["onboard", "connect"]
    record = story.record(share)
    assert record is not None and record["found_by"] == "event"


def test_event_and_sweep_come_together(cloud: LocalCloud) -> None:
    """Three sweeps, an operator and two events at the same time start one run."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    with ThreadPoolExecutor(6) as pool:
        sweeps = [pool.submit(cloud.sweep) for _ in range(3)]
        looks = [pool.submit(story.look)]
        events = [pool.submit(cloud.emit, {}) for _ in range(2)]
        answers = [each.result() for each in sweeps + looks]
        [each.result() for each in events]
    assert [answer.error for answer in answers] == [None] * 4
    story.ready(share, 1)
    cloud.wait_for_rest()
    one_of_each(story, share, "plain")
    assert [e.machine for e in cloud.executions()] == ["onboard", "connect"]


@pytest.mark.parametrize("first", ["its own run", "the other"])
def test_two_runs_of_one_connection(cloud: LocalCloud, first: str) -> None:
    """A second execution of the same input under another name: they exclude each other in the ledger, whichever is first."""
    story = Story(cloud)
    begin(story)
    # Held back: the read of the run that is to lose, or the write after which the other comes too late.
    held = (
        story.fault("open", "dynamodb", "TransactWriteItems", "timeout", occurrence=1, hold_ms=1200)
        if first == "its own run"
        else story.fault("open", "dynamodb", "GetItem", "timeout", occurrence=1, hold_ms=1200)
    )
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="the first run is under way")
    own = story.connecting(story.connection(share))
    connection = story.connection(share)
    other = cloud.client("stepfunctions").start_execution(
        stateMachineArn=cloud.machine("connect"),
        name=f"another-run-{connection['id']}",
        input=f'{{"connection": "{connection["id"]}", "attempt": 1}}',
    )["executionArn"]
    story.ready(share, 1)
    cloud.wait_for_rest()
    one_of_each(story, share, "plain")
    winner, loser = (own, other) if first == "its own run" else (other, own)
    won, lost = story.run(winner), story.run(loser)
    assert won is not None and lost is not None
    assert (won["status"], lost["status"], lost["error"]) == ("SUCCEEDED", "FAILED", "ConnectionBusy")
    assert story.connection(share)["execution"] == winner
    # Nothing was closed by the one that lost.
    assert story.calls(function="close") == []
    since = story.standin.next_call()
    assert cloud.sweep().error is None
    assert [c for c in story.calls(since) if c["mutating"]] == []


def test_five_runs_of_one_connection(cloud: LocalCloud) -> None:
    """Five at the same moment, together with its own."""
    story = Story(cloud)
    begin(story)
    held = story.fault("open", "dynamodb", "GetItem", "timeout", occurrence=1, hold_ms=800)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="its own run is under way")
    connection = story.connection(share)
    states = cloud.client("stepfunctions")
    with ThreadPoolExecutor(5) as pool:
        list(
            pool.map(
                lambda at: states.start_execution(
                    stateMachineArn=cloud.machine("connect"),
                    name=f"another-run-{at}-{connection['id']}",
                    input=f'{{"connection": "{connection["id"]}", "attempt": 1}}',
                ),
                range(5),
            )
        )
    story.ready(share, 1)
    cloud.wait_for_rest()
    one_of_each(story, share, "plain")
    ended = [e.error for e in cloud.executions("connect")]
    assert ended.count(None) == 1 and ended.count("ConnectionBusy") == 5, ended


def test_a_finished_onboarding_is_replayed(cloud: LocalCloud) -> None:
    """Events, sweeps, and its very input under another name: no mutating call, no write to the ledger, nothing announced."""
    story = Story(cloud)
    begin(story)
    share = story.share(event=True)
    story.ready(share, 1)
    cloud.wait_for_rest()
    before, since = cloud.items(audit=True), story.standin.next_call()
    for _ in range(3):
        cloud.emit({})
        assert cloud.sweep().payload["started"] == 0
    states = cloud.client("stepfunctions")
    for run in cloud.executions():
        states.start_execution(stateMachineArn=cloud.machine(run.machine), name=f"replay-{run.name[:70]}", input=json.dumps(run.input))
    cloud.wait_for_rest()
    assert [c for c in story.calls(since) if c["mutating"]] == []
    assert cloud.items(audit=True) == before
    replays = {e.machine: e for e in cloud.executions() if e.name.startswith("replay-")}
    assert replays["onboard"].status == "SUCCEEDED"
    assert replays["connect"].error in (None, "ConnectionBusy") and replays["connect"].error in fault_names() | {None}
    one_of_each(story, share, "plain")


def test_the_same_share_at_the_same_moment_for_every_trigger_and_task(cloud: LocalCloud) -> None:
    """Everything at once: events, sweeps and tasks, all twice."""
    story = Story(cloud)
    begin(story)
    doubling = Doubling(cloud)
    share = story.share(event=True)
    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(cloud.emit, {}) for _ in range(3)] + [pool.submit(cloud.sweep) for _ in range(3)]:
            each.result()
    story.ready(share, 1)
    doubling.stop()
    cloud.wait_for_rest()
    story.sweep_until(lambda: story.disorder() == [], what="rest")
    one_of_each(story, share, "plain")

