"""Whatever comes in: a named fault or a quiet ignore, never a panic, nothing lost. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from local import LocalCloud, wait_for
from local.cloud import Answer
from local.paths import ROOT
from routes import begin
from story import Json, Story, fault_names

KIB_256 = 256 * 1024
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:connect:x"
CONNECTION = f"conn-{'0a' * 16}"
SHARE = "arn:aws:ram:us-east-1:444455556666:resource-share/0a1b"
HOSTILE_TEXT = "{% $eval('1') %}\r\nINFO \x1b[2Jfake \u202e${jndi:ldap://x} '; DROP TABLE -- \ufffe"

GOOD: dict[str, Json] = {
    "intake": {"trigger": "sweep"},
    "vet": {"share": SHARE, "attempt": 1, "execution": EXECUTION},
    "accept": {"share": SHARE, "attempt": 1, "execution": EXECUTION, "answer": "accept"},
    "open": {"connection": CONNECTION, "attempt": 1, "execution": EXECUTION},
    "guard": {"connection": CONNECTION, "attempt": 1, "execution": EXECUTION},
    "observe": {"connection": CONNECTION, "attempt": 1, "execution": EXECUTION},
    "close": {"connection": CONNECTION, "attempt": 1, "execution": EXECUTION, "fault": {"Error": "x", "Cause": "y"}},
    "announce": {"Records": []},
}

# What is no text of JSON that serde_json takes as a value: refused before any handler sees it, and named all the same.
BEYOND_JSON: dict[str, bytes] = {
    "nested deeper than any parser goes": b"[" * 4000 + b"]" * 4000,
    # A number beyond every float is in functions/runtime: ministack rewrites it as `Infinity`, which is no JSON.
    "half a character": b'{"share": "\\ud800"}',
}

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": -1,
    "a large number": 2**63,
    "a fraction": 0.5,
    "an empty text": "",
    "a text": HOSTILE_TEXT,
    "256 KiB of text": "x" * KIB_256,
    "an empty list": [],
    "a list of nulls": [None] * 1000,
    "an empty object": {},
    "an object of objects": {HOSTILE_TEXT: {"": {HOSTILE_TEXT: None}}},
}


def mistreated(function: str) -> dict[str, Any]:
    """Inputs that this function should not take."""
    good = GOOD[function]
    cases: dict[str, Any] = dict(VALUES)
    for field in good:
        for what, value in VALUES.items():
            cases[f"{field} is {what}"] = {**good, field: value}
        cases[f"{field} is missing"] = {name: value for name, value in good.items() if name != field}
    cases["an unknown field"] = {**good, HOSTILE_TEXT: HOSTILE_TEXT, "padding": "x" * KIB_256}
    if "execution" in good:
        cases["somebody else's execution"] = {**good, "execution": "arn:aws:iam::111122223333:role/x"}
    return cases


def is_named(function: str, what: str, answer: Answer) -> str | None:
    """What is wrong with an answer; None if it is one that may be given."""
    if answer.error is None:
        return None
    if answer.error not in fault_names() or answer.error == "Panicked":
        return f"{function}, given {what}: {answer.error}: {str(answer.payload)[:300]}"
    if len(answer.payload["errorMessage"]) > 20_000:
        return f"{function}, given {what}: the message repeats {len(answer.payload['errorMessage'])} characters of it"
    return None


@pytest.mark.parametrize("function", GOOD)
def test_a_function_is_given_anything(cloud: LocalCloud, function: str) -> None:
    """Null, wrong types, missing and unknown fields, 256 KiB, and what is no JSON value at all."""
    story = Story(cloud)
    begin(story)
    wrong = [is_named(function, what, cloud.invoke(function, payload)) for what, payload in mistreated(function).items()]
    for what, payload in BEYOND_JSON.items():
        wrong.append(is_named(function, what, cloud.invoke(function, payload)))
    assert [each for each in wrong if each] == []
    assert cloud.shares() == cloud.connections() == [], "hostile input was written down"
    assert story.endpoints() == []
    # The function still works.
    answer = cloud.invoke(function, GOOD[function])
    assert answer.error in (None, "ShareNotFound", "ConnectionNotFound"), answer


def samples() -> list[Path]:
    """The events that the repository keeps."""
    return sorted(path for path in (ROOT / "events").glob("*.json") if "schema" not in path.name and not path.name.startswith("announced-"))


def expected() -> dict[str, str]:
    """What intake does with each, as events/README.md says it."""
    rows = [line.split("|") for line in (ROOT / "events/README.md").read_text().splitlines() if line.startswith("| `")]
    return {row[1].strip().strip("`"): row[3].strip() for row in rows}


def test_every_sample_event_does_what_its_table_says(cloud: LocalCloud) -> None:
    """events/*.json, invoked as EventBridge would: woken, ignored, or UndecodableInput."""
    story = Story(cloud)
    begin(story)
    assert samples() and {path.name for path in samples()} == set(expected())
    for path in samples():
        share = story.share(name=f"redis-{path.stem}"[:64])
        answer = cloud.invoke("intake", path.read_bytes())
        says = expected()[path.name]
        if says.startswith("wakes"):
            assert answer.error is None and "ignored" not in answer.payload and answer.payload["started"] >= 1, (path.name, answer)
            record = story.record(share)
            assert record is not None and record["found_by"] == says.split(": ")[1]
        elif says == "ignores":
            assert answer.error is None and answer.payload["ignored"] and answer.payload["started"] == 0, (path.name, answer)
        else:
            assert answer.error == says, (path.name, answer)
    cloud.wait_for_rest(120)
    story.sweep_until(lambda: story.disorder() == [], what="rest")
    assert len(story.connections()) == len(samples()), "a share that came with a bad event was found by the next good one"


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"event": None, "status": 5},
        {"event": HOSTILE_TEXT, "status": [HOSTILE_TEXT], "new": {"deep": [[[[]]]]}},
        {"resource-share-arn": "arn:aws:ram:us-east-1:999988887777:resource-share/evil", "invitation": {"status": "ACCEPTED"}},
        {"padding": "x" * (KIB_256 - 1024)},
    ],
    ids=["empty", "wrong types", "unknown and hostile", "claims", "256 KiB"],
)
def test_an_event_with_any_detail_only_wakes(cloud: LocalCloud, detail: Json) -> None:
    """Over the bus: the body is opaque, so whatever it says, what RAM shows is taken up and nothing else."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    cloud.emit(detail)
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert [s["arn"] for s in cloud.shares()] == [share.arn]
    assert _queued(cloud) == {}
    for run in cloud.executions():
        assert len(json.dumps(run.input)) < 300, "nothing of an event may travel on"
    assert story.disorder() == []


def test_foreign_events_reach_nobody(cloud: LocalCloud) -> None:
    """Another source or another detail-type matches no rule: intake is not even called."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    mark = cloud.mark()
    cloud.emit({}, source="somebody.else")
    cloud.emit({}, detail_type="Resource Sharing State Changed")
    cloud.wait_for_rest()
    assert cloud.spent(mark).invocations_by_function["intake"] == 0
    assert story.record(share) is None and cloud.executions() == []


def test_what_fails_asynchronously_ends_in_the_queue(cloud: LocalCloud) -> None:
    """Invoked as EventBridge and the schedule do (type Event): tried three times, then kept with the fault's name.

    The engine gives EventBridge's own targets neither retry nor dead letters; those are checked in the template.
    """
    story = Story(cloud)
    begin(story)
    mark = cloud.mark()
    lost = {"trigger": HOSTILE_TEXT}
    cloud.invoke_later("intake", lost)
    (kept,) = wait_for(lambda: _queued(cloud).get("FailedTriggers"), what="the queue has it")
    assert kept["requestPayload"] == lost and kept["responsePayload"]["errorType"] == "UndecodableInput"
    cloud.wait_for_rest()
    assert cloud.spent(mark).invocations_by_function["intake"] == 3


def test_a_passing_fault_is_retried_before_anything_is_queued(cloud: LocalCloud) -> None:
    """Intake fails once and is invoked again by Lambda: the share is found, nothing is queued."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    fault = story.fault("intake", "ram", "GetResourceShareInvitations", "server_error", count=3)
    cloud.invoke_later("intake", {"trigger": "sweep"})
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert story.struck(fault) == 3 and _queued(cloud) == {}
    assert story.disorder() == []


def test_names_that_would_like_to_be_something_else(cloud: LocalCloud) -> None:
    """A share's name and a failure's words come from outside: they are carried as text, through JSONata, ledger and bus."""
    story = Story(cloud)
    begin(story)
    name = "{% $states.context %} ${Ledger} <b>'\"; \u202e \U0001f4a9"
    cloud.standin.set(endpoint_outcome="failed", failure_reason=HOSTILE_TEXT.replace("\ufffe", "").replace("\x1b", ""))
    share = story.share(name=name)
    story.look()
    story.settle(share)
    record, connection = story.record(share), story.connection(share)
    assert record is not None and record["name"] == name
    assert connection["fault"]["name"] == "EndpointFailed" and "DROP TABLE" in connection["fault"]["message"]
    run = story.run(connection["execution"])
    assert run is not None and run["error"] == "EndpointFailed" and "DROP TABLE" in run["cause"]
    assert story.disorder() == []


def test_records_that_somebody_broke(cloud: LocalCloud) -> None:
    """A share and a connection written by hand into the table, unreadable: named faults, and the others are not kept waiting."""
    story = Story(cloud)
    begin(story)
    table = cloud.client("dynamodb")
    for pk, sk in [(f"SHARE#{SHARE}", "SHARE"), (f"CONNECTION#{CONNECTION}", "CONNECTION")]:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, "attention": {"S": "found" if sk == "SHARE" else "wanted"}, "since": {"S": "2026-11-21T00:00:00.000000Z"}, "status": {"N": "5"}}
        table.put_item(TableName=cloud.table, Item=item)
    share = story.share()
    answer = cloud.sweep()
    assert answer.error in fault_names() - {"Panicked"}, answer
    assert "SHARE#" in answer.payload["errorMessage"] or "CONNECTION#" in answer.payload["errorMessage"], "which item is broken?"
    story.ready(share, 1)
    for function in ("vet", "accept", "open", "guard", "observe", "close"):
        answer = cloud.invoke(function, GOOD[function])
        assert answer.error in fault_names() - {"Panicked"}, (function, answer)


def _queued(cloud: LocalCloud) -> dict[str, list[Json]]:
    """What is in the stack's queues, by logical id; empty ones left out."""
    queued = {}
    for name, url in cloud.queues.items():
        messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        if messages:
            queued[name] = [json.loads(message["Body"]) for message in messages]
    return queued
