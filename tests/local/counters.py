"""What a run costs: state transitions, invocations and AWS calls.

A transition is a state entered or a retry, as AWS bills it. The engine's history shows neither the retries as such nor
the states inside a Map: both are worked out from the attempts that it shows and from the definition.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Not counted with a connection's own cost: they are called per trigger and per change, whatever comes of it.
APART = ("intake", "announce", "publish", "adjust")


@dataclass(frozen=True)
class Mark:
    """A moment from which something is counted."""

    at: float
    call: int
    executions: frozenset[str]


@dataclass(frozen=True)
class Spent:
    """What was used since a mark."""

    transitions_by_execution: dict[str, int]
    invocations_by_function: dict[str, int]
    calls: list[Json]

    @property
    def transitions(self) -> int:
        """Over all runs that started since the mark."""
        return sum(self.transitions_by_execution.values())

    @property
    def invocations(self) -> int:
        """Over all functions but those that are apart."""
        return sum(count for name, count in self.invocations_by_function.items() if name not in APART)

    def calls_by_service(self, apart: tuple[str, ...] = ()) -> dict[str, int]:
        """AWS calls that functions made, by service, without those of the functions named in `apart`."""
        left_out = tuple(f"drawbridge-{name}" for name in apart)
        made = (call for call in self.calls if (call.get("caller") or "").startswith("drawbridge-"))
        return dict(sorted(Counter(call["service"] for call in made if call["caller"] not in left_out).items()))

    def mutating(self) -> list[Json]:
        """The calls that change something."""
        return [call for call in self.calls if call["mutating"]]


def transitions(history: list[Json], definition: Json) -> int:
    """The transitions of one run."""
    entered = attempts = 0
    retries = inside = 0
    within: Json | None = None
    for event in history:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            entered += 1
            attempts = 0
            state = definition["States"][event["stateEnteredEventDetails"]["name"]]
            within = state if state["Type"] == "Map" else None
        elif kind == "MapStateExited":
            within = None
        elif kind == "TaskScheduled" and within is not None:
            inside += 1
        elif kind == "TaskScheduled":
            attempts += 1
            retries += attempts > 1
        elif kind == "TaskSucceeded" and within is not None:
            inside += _after_success(within)
        elif kind == "TaskFailed" and within is not None:
            inside += _after_failure(within, event["taskFailedEventDetails"]["error"])
    return entered + retries + inside


def invocations(logs: Any, groups: dict[str, str], since: float) -> dict[str, int]:
    """How often each function ran since `since` (seconds since the epoch); `groups`: name -> its log group."""
    return {name: sum(1 for _ in _starts(logs, group, since)) for name, group in groups.items()}


def logged(logs: Any, group: str, since: float) -> list[str]:
    """What a function logged since `since`."""
    asked = {"logGroupName": group, "startTime": int(since * 1000)}
    pages = logs.get_paginator("filter_log_events").paginate(**asked)
    return [str(event["message"]) for page in pages for event in page["events"]]


def faults(logs: Any, group: str, since: float) -> list[str]:
    """The faults that a function counted since `since`: what the alarm and the dashboard see."""
    lines = (json.loads(line) for line in logged(logs, group, since) if "CloudWatchMetrics" in line)
    return sorted(line["fault"] for line in lines if "Fault" in line)


def _task(state: Json) -> tuple[Json, Json]:
    """The one task that each item of a Map runs, and all of an item's states."""
    states = (state.get("ItemProcessor") or state["Iterator"])["States"]
    tasks = [inner for inner in states.values() if inner["Type"] == "Task"]
    if len(tasks) != 1:
        raise NotImplementedError("transitions inside a Map are only counted for items with one task")
    return tasks[0], states


def _after_success(state: Json) -> int:
    """How many states an item passes after its task has succeeded."""
    task, states = _task(state)
    return _passed(states, task.get("Next"))


def _after_failure(state: Json, error: str) -> int:
    """How many states an item passes after its task has failed: none when that is retried."""
    task, states = _task(state)
    if any(error in retrier["ErrorEquals"] for retrier in task.get("Retry", [])):
        return 0
    caught = (c["Next"] for c in task.get("Catch", []) if {error, "States.ALL"} & set(c["ErrorEquals"]))
    return _passed(states, next(caught, None))


def _passed(states: Json, at: str | None) -> int:
    """The length of the straight line from a state to its end."""
    passed = 0
    while at is not None:
        if states[at]["Type"] == "Choice":
            raise NotImplementedError("transitions inside a Map are not counted across a Choice")
        passed, at = passed + 1, states[at].get("Next")
    return passed


def _starts(logs: Any, group: str, since: float) -> Any:
    asked = {"logGroupName": group, "startTime": int(since * 1000), "filterPattern": '"START RequestId"'}
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**asked):
            yield from (event for event in page["events"] if re.match("START RequestId", event["message"]))
    except logs.exceptions.ResourceNotFoundException:
        return
