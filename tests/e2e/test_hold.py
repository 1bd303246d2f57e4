"""Who waits for a person or for a provider: answered, not answered, answered too early or too late. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from listener import SHARE, Listener
from local import LocalCloud, wait_for
from local.paths import ROOT
from place import Place
from story import REDIS, STRANGER, TO_NETWORK, TO_VPC, Json, Shared, Story, group
from test_adjust import again
from test_truth import past

LONG_AGO = "2026-01-01T00:00:00.000000Z"
HOLD_MS = 1500


def held(story: Story, share: Shared) -> Json:
    """A share's record, once its run waits for a person."""

    def look() -> Json | None:
        record = story.record(share)
        waits = record is not None and (record.get("wait") or {}).get("by_a_run")
        return record if record and waits and story.onboarding(record) in story.cloud.engine.waiting() else None

    return wait_for(look, what="a person is waited for", explain=story.explain)


def asked(story: Story, *, approval: str = "always", **more: Any) -> tuple[Shared, Json]:
    """A share that waits for a person's approval."""
    story.subscribe(approval=approval, **more)
    share = story.share()
    assert story.look().error is None
    return share, held(story, share)


def say(story: Story, command: str, share: Shared, *more: str, **variables: str) -> tuple[int, str]:
    """An operator's word, as a person types it: the exit code and what is said."""
    id_ = share.arn.rsplit("/", 1)[1]
    ran = story.cloud.cli(command, id_, "--by", "ana", *more, check=False, **variables)
    return ran.returncode, ran.stdout + ran.stderr


def token(story: Story, item: Json) -> str:
    """The token on which a run waits, from the one place where it stands."""
    (ticket,) = story.cloud.items(f"WAIT#{item['pk']}")
    return str(ticket["token"])


def time_passes(story: Story, item: Json, **of_wait: str) -> None:
    """Changes a record's wait behind Drawbridge's back, as if time had passed."""
    names = {"#wait": "wait", "#version": "version"} | {f"#{name}": name for name in of_wait}
    story.cloud.client("dynamodb").update_item(
        TableName=story.cloud.table,
        Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
        UpdateExpression="SET " + ", ".join(f"#wait.#{name} = :{name}" for name in of_wait) + " ADD #version :one",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in of_wait.items()} | {":one": {"N": "1"}},
    )


def ago(**time: float) -> str:
    """An instant, as the ledger has it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat().replace("+00:00", "Z")


def hours(since: str, until: str) -> float:
    """How many hours lie between two instants of the ledger."""
    begin, end = (datetime.fromisoformat(at[:19] + "+00:00") for at in (since, until))
    return (end - begin).total_seconds() / 3600


def long_asked(story: Story, waiting: Json, since: str) -> Json:
    """The connection, as if its provider had been asked that long ago, and looked at ever since: its end is 12 hours later."""
    end = datetime.fromisoformat(since[:19] + "+00:00") + timedelta(hours=12)
    until = end.isoformat().replace("+00:00", "Z")
    time_passes(story, waiting, since=since[:19] + "Z", until=until)
    story.overwrite(story._item(waiting["pk"], waiting["sk"]) or {}, deadline=until)
    return story._item(waiting["pk"], waiting["sk"]) or {}


def notifications(story: Story) -> list[Json]:
    """Whom AWS tells of what providers decide."""
    pages = story.cloud.client("ec2").get_paginator("describe_vpc_endpoint_connection_notifications").paginate()
    return [each for page in pages for each in page["ConnectionNotificationSet"]]


def provided(story: Story, **service: Any) -> Place:
    """An endpoint to a service whose owner accepts each, asked for by a subscription; it waits."""
    place = Place(story, acceptance_required=True, **service)
    place.subscribe(place.interface())
    assert story.look().error is None
    return place


def pending(story: Story) -> Json:
    """The one connection, once its run waits for the provider."""

    def look() -> Json | None:
        found = [c for c in story.connections() if "wait" in c and story.connecting(c) in story.cloud.engine.waiting()]
        return found[0] if len(found) == 1 else None

    return wait_for(look, what="the provider is waited for", explain=story.cloud.explain)


def became(story: Story, status: str) -> Json:
    """The one connection that no share brought, in this status."""
    found = wait_for(
        lambda: [c for c in story.connections() if c["status"] == status], what=f"a connection is {status}", explain=story.cloud.explain
    )
    return found[0]


def in_order(story: Story) -> bool:
    """Nothing waits, runs or is left over."""
    story.cloud.wait_for_rest()
    assert story.disorder() == [] and story.cloud.engine.waiting() == set()
    return True


# A person


def test_approved_in_time(cloud: LocalCloud) -> None:
    """Told who is waited for, until when and what to type; then accepted and connected without a sweep; the token is nowhere."""
    story = Story(cloud)
    share, record = asked(story)
    story.cloud.wait_for_rest()
    assert story.disorder() == [], "one that waits is in order"
    assert story.invitation(share) == "PENDING" and record["status"] == "held"
    id_ = share.arn.rsplit("/", 1)[1]
    shown = " ".join(cloud.cli("show", id_).stdout.split())
    for words in ("waits for a person", "until 2", f"drawbridge approve {id_}", f"drawbridge reject {id_} --because TEXT"):
        assert words in shown, shown
    assert "waits for a person until" in " ".join(cloud.cli("ls").stdout.split())
    secret = token(story, record)
    code, said = say(story, "approve", share)
    assert code == 0 and "is approved" in said and "its run" in said, said
    story.ready(share, 1)
    assert in_order(story)
    assert story.invitation(share) == "ACCEPTED"
    trail = story.audit(record["pk"])
    assert any(entry["by"] == "drawbridge approve (ana)" for entry in trail)
    # Not in what is shown, announced, logged or written down.
    told = [cloud.cli("show", id_, "--json").stdout, cloud.cli("show", id_).stdout, cloud.cli("ls", "--json").stdout, json.dumps(trail)]
    told += [json.dumps([i for i in cloud.items(audit=True) if not i["pk"].startswith("WAIT#")], default=str)]
    told += [event["message"] for log in cloud.log_groups.values() for event in cloud.client("logs").filter_log_events(logGroupName=log)["events"]]
    told += [e.cause or "" for e in cloud.executions()]
    assert len(told) > 10 and not any(secret in text for text in told)


def test_who_is_asked_is_announced(cloud: LocalCloud) -> None:
    """Whoever may say yes hears of it without looking: who is asked what, and until when; once, and then what became of it. All as the
    published schema says (events/share-status-change.schema.json)."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "events/share-status-change.schema.json").read_text())
    story = Story(cloud)
    listener = Listener(cloud, SHARE)
    share, record = asked(story)
    (told,) = wait_for(lambda: [d for d in listener.details() if d["status"] == "held"], 30, "it is announced", story.explain)
    assert (told["share"], told["owner"], told["previous"]) == (share.arn, REDIS, "found")
    assert (told["waits_for"], told["asked"]) == ("a person", record["wait"]["what"])
    assert (told["until"], told["sequence"], told["subscriptions"]) == (record["wait"]["until"], record["version"], ["redis"])
    assert "drawbridge approve" in told["next"] and "asks a person" in told["why"]
    for _ in range(2):
        assert cloud.sweep().error is None
    cloud.wait_for_rest()
    assert [d["status"] for d in listener.details()] == ["found", "held"], "told once"
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    assert in_order(story)
    all_told = listener.details()
    assert [d["status"] for d in all_told] == ["found", "held", "accepting", "accepted"]
    assert [d.get("previous") for d in all_told] == [None, "found", "held", "accepting"]
    assert not any("until" in d or "waits_for" in d for d in all_told if d["status"] != "held")
    assert len({d["id"] for d in all_told}) == len(all_told)
    for event in listener.heard():
        assert (event["detail-type"], event["resources"]) == (SHARE, [share.arn])
        jsonschema.validate(event["detail"], schema)


def test_approved_twice(cloud: LocalCloud) -> None:
    """Said again, at once and when it is connected: the same answer, one acceptance, one endpoint."""
    story = Story(cloud)
    share, _ = asked(story)
    assert say(story, "approve", share)[0] == 0
    code, said = say(story, "approve", share)
    assert code == 0 and "approved already" in said, said
    story.ready(share, 1)
    story.cloud.wait_for_rest()
    code, said = say(story, "approve", share)
    assert code == 0 and "approved already" in said, said
    code, said = say(story, "reject", share, "--because", "too late to say no")
    assert code == 1 and "accepted" in said, said
    assert in_order(story)
    assert len([c for c in story.calls(operation="AcceptResourceShareInvitation") if c["status"] == 200]) == 1
    assert len(story.endpoints()) == 1


@pytest.mark.parametrize("moment", ["before the token is stored", "after it is looked for"])
def test_the_answer_comes_first(cloud: LocalCloud, moment: str) -> None:
    """The operator answers while `hold` is about to store the token: it resumes itself, without a sweep."""
    story = Story(cloud)
    call = ("GetItem", 2) if moment == "before the token is stored" else ("PutItem", 1)
    slow = story.fault("hold", "dynamodb", call[0], "timeout", occurrence=call[1], hold_ms=HOLD_MS)
    story.subscribe(approval="always")
    share = story.share()
    assert story.look().error is None
    wait_for(lambda: story.struck(slow), what="hold is under way", explain=story.explain)
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    assert in_order(story)


def test_approved_too_late(cloud: LocalCloud) -> None:
    """Nobody answers: the run ends under a name before the invitation does, which is left unaccepted; an approval then is refused. That
    nobody did is announced."""
    story = Story(cloud)
    listener = Listener(cloud, SHARE)
    share, record = asked(story)
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "PENDING", age_minutes=11 * 60 + 50)
    time_passes(story, record, until=LONG_AGO)
    code, said = say(story, "approve", share)
    assert code == 1 and "too late" in said, said
    assert cloud.sweep().payload["woken"] == 1
    assert in_order(story)
    record = story.record(share) or {}
    assert (record["status"], record["fault"]["name"]) == ("failed", "ApprovalExpired"), record
    assert cloud.executions("onboard")[-1].error == "ApprovalExpired"
    last = listener.details()[-1]
    assert (last["status"], last["previous"], last["fault"]) == ("failed", "held", "ApprovalExpired") and "until" not in last
    code, said = say(story, "approve", share)
    assert code == 1 and "ApprovalExpired" in said, said
    assert story.invitation(share) == "PENDING" and story.calls(operation="AcceptResourceShareInvitation") == []
    cloud.standin.set_invitation(share.invitation, "EXPIRED")
    cloud.sweep()
    record = story.record(share) or {}
    assert record["status"] == "expired" and any("ApprovalExpired" in why for why in record["why"]), record
    assert in_order(story)


def test_one_that_is_found_when_there_is_no_time_left(cloud: LocalCloud) -> None:
    """Ten minutes before the invitation ends nobody is asked any more: told as that at once."""
    story = Story(cloud)
    story.subscribe(approval="always")
    share = story.share(age_minutes=11 * 60 + 50)
    story.look()
    story.settle(share)
    record = story.record(share) or {}
    assert (record["status"], record["fault"]["name"]) == ("failed", "ApprovalExpired"), record
    assert story.invitation(share) == "PENDING" and in_order(story)


def test_rejected_with_a_reason(cloud: LocalCloud) -> None:
    """The invitation is rejected within seconds, and who said so and why is shown."""
    story = Story(cloud)
    share, _ = asked(story)
    assert story.cloud.cli("reject", share.arn, check=False).returncode == 2, "a reason is needed"
    code, said = say(story, "reject", share, "--because", "not ours")
    assert code == 0 and "rejected: not ours" in said, said
    wait_for(lambda: (story.record(share) or {})["status"] == "rejected", what="it is rejected", explain=story.explain)
    assert in_order(story)
    assert story.invitation(share) == "REJECTED" and story.connections() == []
    assert "ana rejected it: not ours" in " ".join(cloud.cli("show", share.arn).stdout.split())
    code, said = say(story, "approve", share)
    assert code == 1 and "rejected" in said, said


def test_a_stranger_is_not_approved_into_trust(cloud: LocalCloud) -> None:
    """`otherwise: hold`: it waits. A person can say no, or subscribe; an approval widens no trust."""
    story = Story(cloud)
    story.subscribe(otherwise="hold")
    share = story.share(owner=STRANGER)
    story.look()
    held(story, share)
    code, said = say(story, "approve", share)
    assert code == 1 and "does not widen trust" in said, said
    assert "approve" not in cloud.cli("show", share.arn).stdout.split("Audit trail")[0].split("next")[1]
    code, said = say(story, "retry", share)
    assert code == 0 and "looks again" in said, said
    assert held(story, share)["attempt"] == 1, "no second run beside the one that waits"
    story.subscribe(senders=[REDIS, STRANGER])
    assert cloud.sweep().payload["woken"] == 1
    story.ready(share, 1)
    assert in_order(story)


def test_the_first_time(cloud: LocalCloud) -> None:
    """The first share of a sender waits, the second does not; another sender's first one does."""
    story = Story(cloud)
    share, _ = asked(story, approval="first-time", senders=[REDIS, STRANGER])
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    story.cloud.wait_for_rest()
    second = story.share(name="redis-second", resources=[group(name="second")])
    story.look()
    story.ready(second, 1)
    assert "wait" not in (story.record(second) or {})
    other = story.share(owner=STRANGER, name="others", resources=[group(name="others")])
    story.look()
    held(story, other)
    assert say(story, "reject", other, "--because", "not them")[0] == 0
    wait_for(lambda: story.invitation(other) == "REJECTED", what="it is rejected")
    again = story.share(owner=STRANGER, name="others-again", resources=[group(name="again")])
    story.look()
    held(story, again)
    assert len([i for i in cloud.items("SENDER#")]) == 1


def test_the_first_time_lets_the_others_go_on(cloud: LocalCloud) -> None:
    """Three shares of one sender wait. With the first approved, the second goes on by itself; the third, for which there is another
    reason, is decided on once more and waits, and no sweep wakes it for nothing."""
    story = Story(cloud)
    first, _ = asked(story, approval="first-time", limits={"connections_per_share": 1})
    second = story.share(name="redis-second", resources=[group(name="second")])
    third = story.share(name="redis-third", resources=[group(name="third-one"), group(name="third-two")])
    story.look()
    held(story, second)
    before = held(story, third)
    assert any("for the first time" in why for why in before["why"])
    assert cloud.sweep().payload.get("woken", 0) == 0, "nobody is approved yet"
    assert say(story, "approve", first)[0] == 0
    story.ready(first, 1)
    cloud.wait_for_rest()
    answer = cloud.sweep()
    assert answer.error is None and answer.payload["woken"] == 2, answer
    story.ready(second, 1)
    after = wait_for(
        lambda: (r := held(story, third))["version"] > before["version"] and r, what="it is decided on anew", explain=story.explain
    )
    assert not any("for the first time" in why for why in after["why"]) and after["wait"]["approved"] == ["redis"]
    assert any("connections_per_share" in why for why in after["why"])
    for _ in range(2):
        cloud.wait_for_rest()
        answer = cloud.sweep()
        assert answer.error is None and answer.payload.get("woken", 0) == 0, answer
    assert held(story, third)["version"] == after["version"]
    assert say(story, "approve", third)[0] == 0
    story.ready(third, 2)
    assert in_order(story)


def test_the_first_time_where_nobody_waits_any_more(cloud: LocalCloud) -> None:
    """Shared within the organization, and the run that waited is over: approved with another share, the sweep starts a run."""
    story = Story(cloud)
    story.subscribe(approval="first-time")
    late = story.share(invitation=False)
    story.look()
    time_passes(story, held(story, late), since=LONG_AGO, until=LONG_AGO)
    assert cloud.sweep().payload["woken"] == 1
    assert in_order(story)
    other = story.share(name="redis-second", resources=[group(name="second")])
    story.look()
    held(story, other)
    assert say(story, "approve", other)[0] == 0
    story.ready(other, 1)
    cloud.wait_for_rest()
    assert cloud.sweep().payload["started"] == 1
    story.ready(late, 1)
    assert in_order(story)


def test_what_is_inside_changes_while_it_waits(cloud: LocalCloud) -> None:
    """What was approved is not what is shared by then: it waits again, and says so."""
    story = Story(cloud)
    share, before = asked(story)
    cloud.standin.add_resources(share.arn, [group(name="slipped-in")])
    assert say(story, "approve", share)[0] == 0
    again = wait_for(
        lambda: (r := held(story, share))["wait"]["asked"] != before["wait"]["asked"] and r, what="it is asked anew", explain=story.explain
    )
    assert any("something else was inside" in why for why in again["why"]), again["why"]
    assert story.invitation(share) == "PENDING"
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 2)
    assert in_order(story)


def test_a_limit_is_lifted_by_a_person(cloud: LocalCloud) -> None:
    """More connections than the subscription allows: it waits, and an approval lets this share make them."""
    story = Story(cloud)
    share, record = asked(story, approval="never", limits={"connections_per_share": 1}, targets=[TO_VPC, TO_NETWORK])
    assert any("limits.connections_per_share" in why for why in record["why"])
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 2)
    assert in_order(story)
    story.subscribe(limits={"connections_per_share": 1}, targets=[TO_VPC, TO_NETWORK], tags={"team": "other"})
    cloud.sweep()
    story.wait_for_runs()
    assert {c["status"] for c in story.connections(share)} == {"ready"}, "approved once, it stays so"
    assert in_order(story)


@pytest.mark.parametrize("approval", ["never", "always"])
def test_withdrawn_while_it_waits(cloud: LocalCloud, approval: str) -> None:
    """The subscription goes: the wait ends with the next sweep, and nothing stays waiting."""
    story = Story(cloud)
    limits = {"limits": {"connections_per_share": 1}, "targets": [TO_VPC, TO_NETWORK]} if approval == "never" else {}
    share, _ = asked(story, approval=approval, **limits)
    cloud.cli("withdraw", "redis", "--yes")
    assert cloud.sweep().payload["woken"] == 1
    assert in_order(story)
    record = story.record(share) or {}
    assert record["status"] == "ignored" and "wait" not in record, record
    assert story.invitation(share) == "PENDING" and [e.status for e in cloud.executions("onboard")] == ["SUCCEEDED"]


def test_the_sweep_resumes_what_was_missed(cloud: LocalCloud) -> None:
    """The answer is written, and Step Functions can't be told: said so, and the sweep does it."""
    story = Story(cloud)
    share, record = asked(story)
    code, said = say(story, "approve", share, AWS_ENDPOINT_URL_SFN="http://127.0.0.1:9")
    assert code == 0 and "the sweep" in said, said
    assert story.onboarding(record) in cloud.engine.waiting()
    assert cloud.sweep().payload["woken"] == 1
    story.ready(share, 1)
    assert in_order(story)


@pytest.mark.parametrize("answered", [False, True])
def test_a_run_is_stopped_while_it_waits(cloud: LocalCloud, answered: bool) -> None:
    """The sweep starts another, which waits again; or goes on with the answer that came meanwhile."""
    story = Story(cloud)
    share, record = asked(story)
    cloud.client("stepfunctions").stop_execution(executionArn=story.onboarding(record))
    wait_for(lambda: cloud.engine.waiting() == set(), what="it is stopped")
    if answered:
        code, said = say(story, "approve", share)
        assert code == 0 and "the sweep" in said, said
    story.sweep_until(lambda: (story.record(share) or {})["attempt"] == 2, what="another run")
    if not answered:
        held(story, share)
        assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    assert in_order(story)


# The fault of each kind of trouble that does not pass by itself.
LASTING = {"throttle": "Throttled", "server_error": "ServiceUnavailable", "access_denied": "AccessDenied"}
CALLS = [call for call in json.loads((ROOT / "tests/tests/permissions.json").read_text())["functions"]["hold"]["calls"]]


def test_every_call_of_hold_is_broken() -> None:
    """A call that is added is broken below, too."""
    told = "ec2:CreateVpcEndpointConnectionNotification"
    broken = ["dynamodb:GetItem", "dynamodb:PutItem", told, "ec2:DescribeVpcEndpoints", "states:SendTaskFailure", "states:SendTaskSuccess"]
    assert broken == CALLS


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("call", ["dynamodb:GetItem", "dynamodb:PutItem", "ec2:DescribeVpcEndpoints", "states:SendTaskSuccess"])
def test_nobody_waits_on_a_token_that_nobody_has(cloud: LocalCloud, call: str, kind: str) -> None:
    """`hold` can't: it fails the task itself, so the run ends under the fault's name in either engine, and nothing waits. Once
    nothing is wrong any more, what only passed is tried again."""
    story = Story(cloud)
    service, operation = call.split(":")
    broken = story.fault("hold", service, operation, kind, occurrence=0)
    # It resumes by itself only what was answered before it looks.
    slow = story.fault("hold", "dynamodb", "PutItem", "timeout", hold_ms=HOLD_MS) if service == "states" else None
    place = provided(story)
    if slow:
        wait_for(lambda: story.struck(slow), what="hold is under way")
        (endpoint,) = story.endpoints(live=True)
        story.tell("POST", "endpoints/accept", id=endpoint["id"])
    failed = became(story, "failed")
    assert failed["fault"]["name"] == LASTING[kind] and operation in failed["fault"]["message"], failed
    assert story.struck(broken) and in_order(story) and story.endpoints(live=True) == []
    story.mend()
    answer = cloud.sweep()
    assert answer.error is None and answer.payload["started"] == (kind != "access_denied"), answer
    if kind != "access_denied":
        pending(story)
        assert place.vpc in json.dumps(story.connections()[0]["target"])


@pytest.mark.parametrize("kind", LASTING)
def test_the_sweep_cannot_resume(cloud: LocalCloud, kind: str) -> None:
    """It says so under the fault's name, the run goes on waiting, and a later sweep resumes it."""
    story = Story(cloud)
    share, record = asked(story)
    assert say(story, "approve", share, AWS_ENDPOINT_URL_SFN="http://127.0.0.1:9")[0] == 0
    story.fault("intake", "states", "SendTaskSuccess", kind, occurrence=0)
    answer = cloud.sweep()
    assert answer.error == LASTING[kind] and "SendTaskSuccess" in json.dumps(answer.payload), answer
    assert story.onboarding(record) in cloud.engine.waiting()
    story.mend()
    assert cloud.sweep().payload["woken"] == 1
    story.ready(share, 1)
    assert in_order(story)


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize(("function", "service", "operation"), [("hold", "dynamodb", "PutItem"), ("intake", "states", "SendTaskSuccess")])
def test_an_answer_is_lost(cloud: LocalCloud, function: str, service: str, operation: str, kind: str) -> None:
    """The connection is cut before or after the token is stored, or the run resumed: as if nothing had been."""
    story = Story(cloud)
    story.subscribe(approval="always")
    cut = story.fault(function, service, operation, kind, count=3)
    share = story.share()
    story.look()
    held(story, share)
    assert say(story, "approve", share, AWS_ENDPOINT_URL_SFN="http://127.0.0.1:9")[0] == 0
    for _ in range(3):
        if (story.record(share) or {})["status"] != "accepted":
            cloud.sweep()
            story.wait_for_runs()
    story.ready(share, 1)
    assert story.struck(cut) and in_order(story)
    assert len([c for c in story.calls(operation="AcceptResourceShareInvitation") if c["status"] == 200]) == 1


def test_what_passes_at_hold_is_tried_again(cloud: LocalCloud) -> None:
    """A throttled ledger: retried by the machine, with the token stored in the end."""
    story = Story(cloud)
    story.fault("hold", "dynamodb", "PutItem", "throttle", count=4)
    share, record = asked(story)
    assert story.errors(story.onboarding(record)) == ["Throttled"]
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    assert in_order(story)


def test_hold_delivered_twice(cloud: LocalCloud) -> None:
    """Its input again, while it waits and after the end: the same wait, and nothing after."""
    story = Story(cloud)
    share, record = asked(story)
    (given,) = [i for f, i in cloud.task_inputs(story.onboarding(record)) if f == "hold"]
    assert cloud.invoke("hold", given).error is None
    assert story.record(share) == record and story.onboarding(record) in cloud.engine.waiting()
    assert say(story, "approve", share)[0] == 0
    story.ready(share, 1)
    story.cloud.wait_for_rest()
    before = cloud.items(audit=True)
    assert cloud.invoke("hold", given).payload == {"resumed": "nobody is waited for any more"}
    assert cloud.items(audit=True) == before and in_order(story)


@pytest.mark.parametrize("late", [False, True])
def test_where_no_invitation_ends(cloud: LocalCloud, late: bool) -> None:
    """Shared within the organization: a run waits for half a day; after that it stays held, and an answer starts another run."""
    story = Story(cloud)
    story.subscribe(approval="always")
    share = story.share(invitation=False)
    story.look()
    record = held(story, share)
    if late:
        time_passes(story, record, since=LONG_AGO, until=LONG_AGO)
        assert cloud.sweep().payload["woken"] == 1
        assert in_order(story)
        record = story.record(share) or {}
        assert record["status"] == "held" and record["wait"]["by_a_run"] is False, record
        assert cloud.sweep().payload["started"] == 0 and story.record(share) == record, "and stays so"
    assert say(story, "approve", share)[0] == 0
    if late:
        assert cloud.sweep().payload["started"] == 1
    story.ready(share, 1)
    assert in_order(story)


def test_a_sweep_costs_little_while_somebody_is_waited_for(cloud: LocalCloud) -> None:
    """For each: its record, whether its run is there. Nothing is written, nothing resumed."""
    story = Story(cloud)
    share, record = asked(story)
    since = story.standin.next_call()
    answer = cloud.sweep()
    assert answer.error is None and answer.payload["recorded"] == 0 and "woken" not in answer.payload, answer
    of_sfn = [c["operation"] for c in story.calls(since, "intake") if c["service"] == "states"]
    assert of_sfn == ["DescribeExecution"], of_sfn
    assert story.record(share) == record and story.onboarding(record) in cloud.engine.waiting()


# A provider


@pytest.mark.parametrize("told_by", ["the sweep", "a notification"])
@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_the_provider_answers(cloud: LocalCloud, answer: str, told_by: str) -> None:
    """Who is waited for and until when is shown; the answer itself lets the run look again, within seconds and with nobody's help,
    and where AWS refuses to tell of it, the next sweep."""
    story = Story(cloud)
    mark = cloud.mark()
    if told_by == "the sweep":
        refused = story.fault("hold", "ec2", "CreateVpcEndpointConnectionNotification", "access_denied", occurrence=0)
    provided(story)
    waiting = pending(story)
    cloud.wait_for_rest()
    assert story.disorder() == [], "one that waits is in order"
    assert waiting["wait"]["who"].startswith("the owner of com.amazonaws.vpce.") and waiting["wait"]["until"] == waiting["deadline"]
    shown = " ".join(cloud.cli("show", waiting["id"]).stdout.split())
    assert "waits for the owner of" in shown and "until 2" in shown, shown
    assert "waits for the owner of" in " ".join(cloud.cli("ls").stdout.split())
    secret = token(story, waiting)
    assert secret not in cloud.cli("show", waiting["id"], "--json").stdout
    polls = len(story.errors(story.connecting(waiting), "Observe"))
    (endpoint,) = story.endpoints(live=True)
    if told_by == "a notification":
        (made,) = notifications(story)
        assert made["VpcEndpointId"] == endpoint["id"] and set(made["ConnectionEvents"]) == {"Accept", "Reject", "Delete"}, made
    story.tell("POST", f"endpoints/{answer}", id=endpoint["id"])
    if told_by == "the sweep":
        assert story.struck(refused) == 1 and notifications(story) == []
        assert cloud.faults(mark, "hold") == ["AccessDenied"], "somebody is rung"
        assert cloud.sweep().payload["woken"] == 1
    connection = became(story, "ready" if answer == "accept" else "failed")
    assert in_order(story)
    assert "wait" not in connection and polls <= 3, "it is not polled"
    if answer == "reject":
        assert connection["fault"]["name"] == "EndpointRejected" and story.endpoints(live=True) == []
        assert notifications(story) == [], "it goes with the endpoint"


@pytest.mark.parametrize("kind", ["throttle", "cut_after", "timeout"])
def test_the_provider_is_heard_though_asking_for_it_went_wrong(cloud: LocalCloud, kind: str) -> None:
    """Throttled, or made without an answer: it is asked for once more, by the SDK or with the next token, and there is one."""
    story = Story(cloud)
    broken = story.fault("hold", "ec2", "CreateVpcEndpointConnectionNotification", kind, count=3 if kind == "throttle" else 1, hold_ms=HOLD_MS * 4)
    provided(story)
    waiting = pending(story)
    assert story.struck(broken) == (3 if kind == "throttle" else 1)
    if kind == "throttle":
        assert notifications(story) == []
        before = token(story, waiting)
        assert cloud.sweep().payload["woken"] == 1
        wait_for(lambda: token(story, waiting) != before, what="it waits with another token", explain=story.explain)
        pending(story)
    assert len(notifications(story)) == 1
    asked = len(story.calls(function="hold", operation="CreateVpcEndpointConnectionNotification"))
    before = token(story, waiting)
    assert cloud.sweep().payload["woken"] == 1
    wait_for(lambda: token(story, waiting) != before, what="it waits with another token", explain=story.explain)
    assert len(story.calls(function="hold", operation="CreateVpcEndpointConnectionNotification")) == asked, "known, it is not asked again"
    pending(story)
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    became(story, "ready")
    assert in_order(story)


@pytest.mark.parametrize("stays", [True, False])
def test_what_tells_of_the_provider_is_removed_with_its_endpoint(cloud: LocalCloud, stays: bool) -> None:
    """Whether AWS removes it or not, and though the first try is refused: that keeps no endpoint, and nothing is left."""
    story = Story(cloud)
    cloud.standin.set(notifications_stay=stays)
    provided(story)
    waiting = pending(story)
    (ours,) = notifications(story)
    other = f"{ours['ConnectionNotificationArn']}-of-somebody"
    told = {"VpcEndpointId": ours["VpcEndpointId"], "ConnectionNotificationArn": other, "ConnectionEvents": ["Accept"]}
    cloud.client("ec2").create_vpc_endpoint_connection_notification(**told)
    refused = story.fault("close", "ec2", "DeleteVpcEndpointConnectionNotifications", "unsuccessful", code="UnauthorizedOperation")
    cloud.cli("close", waiting["id"], "--reason", "not needed")
    became(story, "closed")
    assert story.struck(refused) == 1
    assert in_order(story) and story.endpoints(live=True) == []
    assert [each["ConnectionNotificationArn"] for each in notifications(story)] == ([other] if stays else []), "somebody else's is theirs"


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("call", ["DescribeVpcEndpointConnectionNotifications", "DeleteVpcEndpointConnectionNotifications"])
def test_what_can_t_be_untold(cloud: LocalCloud, call: str, kind: str) -> None:
    """What passes is tried until it is done. What lasts keeps no endpoint standing, and the record says what may be left and which
    action is missing."""
    story = Story(cloud)
    provided(story)
    waiting = pending(story)
    (ours,) = notifications(story)
    broken = story.fault("close", "ec2", call, kind, occurrence=0)
    cloud.cli("close", waiting["id"], "--reason", "not needed")
    if kind != "access_denied":
        wait_for(lambda: story.struck(broken) > 3, what="it is tried again", explain=story.cloud.explain)
        cloud.wait_for_rest()
        assert story.connections()[0]["status"] == "closing"
        story.mend()
        story.sweep_until(lambda: story.connections()[0]["status"] == "closed", what="it is closed")
        assert in_order(story) and notifications(story) == story.endpoints(live=True) == []
        return
    closed = became(story, "closed")
    told = f"a connection notification of {ours['VpcEndpointId']} may be left: AccessDenied: ec2:{call}"
    assert any(told in entry["what"] for entry in story.audit(closed["pk"])), story.audit(closed["pk"])
    cloud.wait_for_rest()
    assert story.endpoints(live=True) == []
    assert story.disorder() == [f"{ours['ConnectionNotificationId']} of {ours['VpcEndpointId']} is left"], "and every test sees it"


def test_the_provider_is_faster_than_the_token(cloud: LocalCloud) -> None:
    """Accepted while `hold` is about to store the token: it reads the truth once more and resumes itself, without a sweep."""
    story = Story(cloud)
    slow = story.fault("hold", "dynamodb", "PutItem", "timeout", hold_ms=HOLD_MS)
    provided(story)
    wait_for(lambda: story.struck(slow), what="hold is under way", explain=story.cloud.explain)
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    became(story, "ready")
    assert in_order(story)
    assert story.calls(function="hold", operation="SendTaskSuccess")


def test_the_provider_says_nothing(cloud: LocalCloud) -> None:
    """The sweep ends the wait when its time is over: the deadline's fault, with who was waited for, and nothing is left. Until
    then the connection's own deadline does not end it."""
    story = Story(cloud)
    provided(story)
    waiting = pending(story)
    assert 11.9 < hours(waiting["wait"]["since"], waiting["wait"]["until"]) < 12.1, waiting["wait"]
    # As it was written when a provider was waited for as long as anything else.
    since, over = ago(hours=11), ago(hours=10, minutes=30)
    time_passes(story, waiting, since=since, until=over)
    story.overwrite(story._item(waiting["pk"], waiting["sk"]) or {}, deadline=over)
    assert cloud.sweep().payload["woken"] == 1
    waiting = wait_for(
        lambda: next((c for c in story.connections() if c["deadline"] != over), None), what="it is looked at", explain=story.explain
    )
    assert waiting["wait"]["since"] == since and 11.9 < hours(since, waiting["wait"]["until"]) < 12.1, waiting["wait"]
    assert waiting["deadline"] == waiting["wait"]["until"], waiting
    waiting = pending(story)
    long_asked(story, waiting, since=ago(hours=13))
    assert cloud.sweep().payload["woken"] == 1
    failed = became(story, "failed")
    assert failed["fault"]["name"] == "DeadlinePassed" and "has to accept it" in failed["fault"]["message"], failed
    assert failed["fault"]["message"].startswith("the owner of com.amazonaws.vpce."), failed
    assert in_order(story) and story.endpoints(live=True) == []


def test_the_provider_accepts_after_hours(cloud: LocalCloud) -> None:
    """Far later than a connection may take otherwise, and when the end of the wait is a minute away: what is accepted has the time of
    any connection from then on, so it becomes ready. Until when it was waited for was announced."""
    story = Story(cloud)
    listener = Listener(cloud)
    provided(story)
    waiting = pending(story)

    def announced() -> list[Json]:
        return [detail for detail in listener.details() if "waits_until" in detail]

    wait_for(announced, what="it is announced who is waited for", explain=story.explain)
    (said,) = announced()
    assert (said["status"], said["previous"], said["waits_until"]) == ("waiting", "waiting", waiting["wait"]["until"]), said
    assert said["waits_for"] == f"{waiting['wait']['who']}, {waiting['wait']['what']}", said
    waiting = long_asked(story, waiting, since=ago(hours=11, minutes=59))
    (endpoint,) = story.endpoints(live=True)
    story.standin.set(endpoint_outcome="stuck")
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    accepted = wait_for(
        lambda: next((c for c in story.connections() if "wait" not in c and c["status"] == "waiting"), None),
        what="it is seen to be accepted",
        explain=story.explain,
    )
    assert 29 / 60 < hours(ago(), accepted["deadline"]) < 31 / 60, accepted
    assert accepted["why"] == f"endpoint {endpoint['id']} is pending", accepted
    polls = len(story.errors(story.connecting(accepted), "Observe"))
    wait_for(lambda: len(story.errors(story.connecting(accepted), "Observe")) > polls + 2, what="it is looked at again", explain=story.explain)
    (again,) = story.connections()
    assert again["deadline"] == accepted["deadline"], "which begins once"
    story.standin.set(endpoint_outcome="available")
    ready = became(story, "ready")
    assert in_order(story) and "deadline" not in ready


def test_a_look_that_shows_nothing_says_nothing_of_the_provider(cloud: LocalCloud) -> None:
    """EC2's reads lag: what is not shown for a moment was not answered by that, and its wait does not begin anew."""
    story = Story(cloud)
    provided(story)
    waiting = long_asked(story, pending(story), since=ago(hours=7))
    # It became visible long ago, so that nothing lags any more as after it was made.
    story.overwrite(story._item(waiting["pk"], waiting["sk"]) or {}, since=LONG_AGO)
    before = token(story, waiting)
    unseen = story.fault("observe", "ec2", "DescribeVpcEndpoints", "error", code="InvalidVpcEndpointId.NotFound", count=2)
    assert cloud.sweep().payload["woken"] == 1
    wait_for(lambda: token(story, waiting) != before, what="it waits with another token", explain=story.explain)
    again = pending(story)
    assert story.struck(unseen) == 2 and "NotReady" in story.errors(story.connecting(again), "Observe")
    assert again["wait"] == waiting["wait"] and again["deadline"] == waiting["deadline"]
    (endpoint,) = story.endpoints(live=True)
    assert "missing" not in again, "it was shown again"
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    became(story, "ready")
    assert in_order(story)


def test_what_is_gone_while_its_provider_is_waited_for(cloud: LocalCloud) -> None:
    """Not shown at two looks five minutes apart: the first is written down, the second ends the wait."""
    story = Story(cloud)
    provided(story)
    waiting = long_asked(story, pending(story), since=ago(hours=7))
    story.overwrite(story._item(waiting["pk"], waiting["sk"]) or {}, since=LONG_AGO)
    unseen = story.fault("observe", "ec2", "DescribeVpcEndpoints", "error", code="InvalidVpcEndpointId.NotFound", occurrence=0)
    assert cloud.sweep().payload["woken"] == 1
    lost = wait_for(lambda: next((c for c in story.connections() if "missing" in c), None), what="it is missed", explain=cloud.explain)
    wait_for(lambda: story.struck(unseen) > 2, what="it is looked at again", explain=cloud.explain)
    assert again(story, lost)["status"] == "waiting", "not on one look, nor on several of one minute"
    assert lost["status"] == "waiting" and lost["missing"]["what"] == [waiting["made"]["endpoint"]]
    past(story, lost)
    failed = became(story, "failed")
    assert failed["fault"]["name"] == "EndpointGone" and "missing" not in failed
    assert in_order(story)


@pytest.mark.parametrize("by", ["close", "withdraw"])
def test_ended_while_the_provider_is_waited_for(cloud: LocalCloud, by: str) -> None:
    """An operator closes it, within seconds; or its subscription is withdrawn, with the next sweep. Nothing stays waiting."""
    story = Story(cloud)
    provided(story)
    waiting = pending(story)
    if by == "close":
        cloud.cli("close", waiting["id"], "--reason", "not needed")
    else:
        cloud.cli("withdraw", "asking", "--yes")
        assert cloud.sweep().error is None
    closed = became(story, "closed")
    assert in_order(story)
    assert story.endpoints(live=True) == [] and "wait" not in closed


def test_a_run_is_stopped_while_the_provider_is_waited_for(cloud: LocalCloud) -> None:
    """The sweep finishes it: another run adopts what was made and waits again."""
    story = Story(cloud)
    provided(story)
    waiting = long_asked(story, pending(story), since=ago(hours=7))
    asked_at, until = waiting["wait"]["since"], waiting["wait"]["until"]
    cloud.client("stepfunctions").stop_execution(executionArn=story.connecting(waiting))
    wait_for(lambda: cloud.engine.waiting() == set(), what="it is stopped")
    story.sweep_until(lambda: story.connections()[0]["attempt"] > 1, what="another run")
    again = pending(story)
    assert len(story.endpoints(live=True)) == 1
    assert (again["wait"]["since"], again["wait"]["until"]) == (asked_at, until), "however many runs wait, it is one wait"
    assert again["deadline"] == until
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    story.sweep_until(lambda: story.connections()[0]["status"] == "ready", what="it is ready")
    assert again["generation"] == waiting["generation"] and in_order(story)
