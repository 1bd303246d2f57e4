"""`on_revoke: close-after`: what was revoked can be used for a while, and is kept if it is shared again by then. Waits are 1/50 of
AWS's; a grace period is over when its end is moved into the past."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from drift import delete, is_shown
from listener import Listener
from local import LocalCloud, wait_for
from story import SUBNETS, TO_NETWORK, TO_VPC, Json, Shared, Story, databases, group
from test_end import LONG_AGO, closed, codes, connected, living, made, revoke, shown, withdraw
from test_hold import held, say, time_passes
from test_truth import past
from test_twice import LATE, Doubling

GRACE = {"on_revoke": {"close-after": "72h"}}
HOLD_MS = 1500
# As often as the SDK tries one call: so often, and the invocation fails and is repeated.
INVOCATION = 3


def graceful(story: Story, share: Shared) -> Json:
    """The one connection, once its run waits for its owner."""

    def look() -> Json | None:
        connection = story.connection(share)
        waits = connection["status"] == "closing" and "wait" in connection
        return connection if waits and story.disconnecting(connection) in story.cloud.engine.waiting() else None

    return wait_for(look, what="its owner is waited for", explain=story.explain)


def in_grace(story: Story, **more: Any) -> tuple[Shared, Json]:
    """Something that could be used, and was revoked since."""
    share, _ = connected(story, **(GRACE | more))
    revoke(story, share)
    return share, graceful(story, share)


def three_days_pass(story: Story, connection: Json) -> None:
    """Its grace period is over."""
    time_passes(story, connection, since=LONG_AGO, until="2026-01-04T00:00:00Z")


def share_again(story: Story, share: Shared, *, invitation: bool = False) -> None:
    """The owner shares it again."""
    story.tell("POST", "shares/invite", share=share.arn, account=story.account, invitation=invitation, event=False)


def used_again(story: Story, share: Shared) -> Json:
    """Sweeps until it is ready."""
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    return story.connection(share)


def changed(story: Story, since: int) -> list[str]:
    """What was changed outside the ledger."""
    return [c["operation"] for c in story.calls(since) if c["mutating"] and c["service"] in ("ec2", "vpc-lattice")]


def in_order(story: Story) -> None:
    """Nothing is left over and nobody waits."""
    story.cloud.wait_for_rest()
    assert story.disorder() == [] and story.cloud.engine.waiting() == set()


@pytest.mark.parametrize("target", [TO_VPC, TO_NETWORK], ids=["vpc", "network"])
@pytest.mark.parametrize("again", ["in the organization", "by an invitation"])
def test_revoked_then_restored_within_the_grace_period(cloud: LocalCloud, again: str, target: Json) -> None:
    """The very same endpoint or association, under the same names, and nothing was changed at AWS. Revoked once more, it has
    another grace period."""
    story = Story(cloud)
    share, before = connected(story, targets=[target], **GRACE)
    since = story.standin.next_call()
    revoke(story, share)
    waits = graceful(story, share)
    cloud.wait_for_rest()
    assert story.disorder() == [], "one that waits is in order"
    assert (waits["made"], waits["databases"], codes(waits)) == (before["made"], before["databases"], ["ShareRevoked"])
    assert waits["attempt"] == before["attempt"] + 1 and made(waits) in living(story)
    text = shown(story, waits["id"])
    for words in ("it can be used until 2", "waits for its owner", "on_revoke: keep", f"drawbridge close {waits['id']} --reason TEXT"):
        assert words in text, text
    assert "closing, can be used until 2" in " ".join(cloud.cli("ls").stdout.split())
    for _ in range(3):
        assert cloud.sweep().payload.get("woken", 0) == 0, "nothing to look at, nothing to pay for"
    assert story.connection(share) == waits
    share_again(story, share, invitation=again == "by an invitation")
    back = used_again(story, share)
    assert (back["made"], back["databases"], back["generation"]) == (before["made"], before["databases"], 1)
    assert "ending" not in back and "wait" not in back and changed(story, since) == []
    run = story.run(story.disconnecting(waits))
    assert run is not None and run["status"] == "SUCCEEDED", run
    assert cloud.sweep().error is None
    assert codes(story.connection(share)) == [] and "shared it again" in shown(story, back["id"])
    in_order(story)
    revoke(story, share)
    once_more = graceful(story, share)
    assert once_more["attempt"] == back["attempt"] + 1
    three_days_pass(story, once_more)
    closed(story, share)
    assert living(story) == set()
    in_order(story)


@pytest.mark.parametrize("missed", [False, True])
def test_kept_within_seconds(cloud: LocalCloud, missed: bool) -> None:
    """Who accepts it wakes the run: ready without another sweep. Where that can't be told, it is accepted all the same, and the next
    sweep does it."""
    story = Story(cloud)
    share, waits = in_grace(story)
    if missed:
        unheard = story.fault("accept", "states", "SendTaskSuccess", "access_denied", occurrence=0)
    share_again(story, share)
    assert cloud.sweep().error is None
    wait_for(lambda: (story.record(share) or {})["status"] == "accepted", what="it is accepted", explain=story.explain)
    if missed:
        story.wait_for_runs()
        assert story.struck(unheard) and graceful(story, share)["wait"] == waits["wait"]
        story.mend()
        assert cloud.sweep().payload["woken"] == 1
    wait_for(lambda: story.connection(share)["status"] == "ready", what="it is kept", explain=story.explain)
    assert story.connection(share)["made"] == waits["made"] and living(story) == {made(waits)}
    assert missed or story.calls(function="accept", operation="SendTaskSuccess")
    in_order(story)


def test_the_grace_period_is_over(cloud: LocalCloud) -> None:
    """Nobody shared it again: closed as for `close`, with the reason. Shared again afterwards, it is opened anew."""
    story = Story(cloud)
    share, waits = in_grace(story)
    three_days_pass(story, waits)
    assert cloud.sweep().payload["woken"] == 1
    (over,) = closed(story, share)
    assert (over["ending"]["cause"], over["claims"], over["attempt"]) == ("revoked", ["redis"], waits["attempt"])
    assert living(story) == set() and "is not shared with this account any more" in shown(story, over["id"])
    in_order(story)
    assert cloud.sweep().payload["started"] == 0, "nothing until it is shared again"
    share_again(story, share)
    back = used_again(story, share)
    assert back["generation"] == 2 and made(back) != made(waits) and living(story) == {made(back)}
    in_order(story)


@pytest.mark.parametrize("word", ["withdrawn", "an operator", "on_revoke: close", "a shorter time"])
def test_it_is_cut_short(cloud: LocalCloud, word: str) -> None:
    """Whoever may end it ends it at once; an operator needs no sweep for it."""
    story = Story(cloud)
    share, waits = in_grace(story)
    cause = {"withdrawn": "withdrawn", "an operator": "operator"}.get(word, "revoked")
    if word == "withdrawn":
        withdraw(story)
    elif word == "an operator":
        refused = cloud.cli("retry", waits["id"], check=False)
        assert refused.returncode == 1 and "can be used until" in refused.stderr
        cloud.cli("close", waits["id"], "--reason", "the service moved")
        wait_for(lambda: story.connection(share)["status"] == "closed", what="it is closed", explain=story.explain)
    elif word == "on_revoke: close":
        story.subscribe(on_revoke="close")
    else:
        time_passes(story, waits, since=LONG_AGO)
        story.subscribe(on_revoke={"close-after": "5m"})
    if word != "an operator":
        answer = cloud.sweep()
        assert answer.error is None and answer.payload["ended"] == 1, answer
        wait_for(lambda: story.connection(share)["status"] == "closed", what="it is closed", explain=story.explain)
    over = story.connection(share)
    assert over["ending"]["cause"] == cause and living(story) == set()
    in_order(story)


def test_it_is_kept_after_all(cloud: LocalCloud) -> None:
    """The subscription says `keep` while it waits: it is, and says that it is revoked still."""
    story = Story(cloud)
    share, waits = in_grace(story)
    since = story.standin.next_call()
    story.subscribe(on_revoke="keep")
    back = used_again(story, share)
    assert (back["made"], back["generation"], codes(back)) == (waits["made"], 1, ["ShareRevoked"])
    assert "on_revoke: keep" in back["why"] and changed(story, since) == []
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    assert story.connection(share)["made"] == waits["made"] and story.connection(share)["status"] == "ready"
    in_order(story)


def test_replaced_after_it_was_kept(cloud: LocalCloud) -> None:
    """Its settings changed while it waited. That waits, too, and is done once it is ready again."""
    story = Story(cloud)
    share, waits = in_grace(story)
    story.subscribe(on_change="replace", targets=[{**TO_VPC, "subnets": [SUBNETS[0]]}], **GRACE)
    assert cloud.sweep().error is None
    assert (graceful(story, share)["made"], living(story)) == (waits["made"], {made(waits)})
    story.fault("accept", "states", "SendTaskSuccess", "access_denied", occurrence=0)
    share_again(story, share)
    assert cloud.sweep().error is None
    record = wait_for(lambda: (r := story.record(share) or {})["status"] == "accepted" and r, what="it is accepted", explain=story.explain)
    # The sweep that wakes the run holds the connections against the subscriptions before the run has seen anything.
    story.overwrite(record, since=LONG_AGO)
    slow = story.fault("close", "dynamodb", "GetItem", "timeout", occurrence=1, hold_ms=HOLD_MS)
    assert cloud.sweep().error is None
    wait_for(lambda: story.struck(slow), what="close is under way")
    story.wait_for_runs()
    story.sweep_until(lambda: (c := story.connection(share))["status"] == "ready" and c["generation"] == 2, what="its replacement")
    again = story.connection(share)
    assert made(again) != made(waits) and living(story) == {made(again)}
    in_order(story)


def test_a_longer_time(cloud: LocalCloud) -> None:
    """What the subscription says now holds, and nobody is woken for it."""
    story = Story(cloud)
    share, waits = in_grace(story)
    listener = Listener(cloud)
    story.subscribe(on_revoke={"close-after": "10d"})
    for _ in range(2):
        assert cloud.sweep().payload.get("woken", 0) == 0
    longer = graceful(story, share)
    (told,) = wait_for(lambda: [d for d in listener.details() if d["sequence"] > waits["version"]], what="it is announced")
    assert (told["previous"], told["status"], told["until"]) == ("closing", "closing", longer["wait"]["until"])
    assert longer["wait"]["until"] > waits["wait"]["until"] and longer["wait"]["until"] in shown(story, longer["id"])
    assert [e for e in story.errors(story.disconnecting(longer)) if e == "GraceRunning"] == ["GraceRunning"], "it looked once"


def test_a_share_that_is_only_offered_again(cloud: LocalCloud) -> None:
    """A new invitation that waits for a person keeps nothing; accepted, it does."""
    story = Story(cloud)
    story.subscribe(approval="always", **GRACE)
    share = story.share()
    story.look()
    held(story, share)
    assert say(story, "approve", share)[0] == 0
    (before,) = story.ready(share, 1)
    cloud.wait_for_rest()
    revoke(story, share)
    waits = graceful(story, share)
    share_again(story, share, invitation=True)
    assert cloud.sweep().error is None
    held(story, share)
    for _ in range(2):
        assert cloud.sweep().error is None
    assert graceful(story, share)["wait"] == waits["wait"]
    assert say(story, "approve", share)[0] == 0
    wait_for(lambda: (story.record(share) or {})["status"] == "accepted", what="it is accepted", explain=story.explain)
    assert used_again(story, share)["made"] == before["made"]
    in_order(story)


@pytest.mark.parametrize("moment", ["while it waits", "when its grace is over"])
def test_its_run_is_stopped(cloud: LocalCloud, moment: str) -> None:
    """Another takes its place: it waits until the same time, or goes on with what is due."""
    story = Story(cloud)
    share, waits = in_grace(story)
    cloud.client("stepfunctions").stop_execution(executionArn=story.disconnecting(waits))
    wait_for(lambda: cloud.engine.waiting() == set(), what="it is stopped")
    if moment == "while it waits":
        assert cloud.sweep().payload["aborted"] == 1
        again = graceful(story, share)
        assert (again["attempt"], again["wait"], again["made"]) == (waits["attempt"] + 1, waits["wait"], waits["made"])
        three_days_pass(story, again)
    else:
        three_days_pass(story, waits)
    closed(story, share)
    assert living(story) == set()
    in_order(story)


def test_two_runs(cloud: LocalCloud) -> None:
    """A second run of the same end: only one waits, the other ends, and nothing is removed."""
    story = Story(cloud)
    share, waits = in_grace(story)
    states = cloud.client("stepfunctions")
    other = states.start_execution(
        stateMachineArn=cloud.machine("disconnect"),
        name=f"another-run-{waits['id']}",
        input=json.dumps({"connection": waits["id"], "attempt": waits["attempt"]}),
    )["executionArn"]
    run = wait_for(lambda: (r := story.run(other)) and r["status"] != "RUNNING" and r, what="the other ends")
    assert run["error"] == "ConnectionBusy" and cloud.engine.waiting() == {waits["execution"]}
    # Nor can a run that opens end it.
    other = states.start_execution(
        stateMachineArn=cloud.machine("connect"),
        name=f"a-run-that-opens-{waits['id']}",
        input=json.dumps({"connection": waits["id"], "attempt": waits["attempt"]}),
    )["executionArn"]
    run = wait_for(lambda: (r := story.run(other)) and r["status"] != "RUNNING" and r, what="the other ends")
    assert run["error"] == "ConnectionBusy" and story.connection(share) == waits and living(story) == {made(waits)}
    three_days_pass(story, waits)
    closed(story, share)
    in_order(story)


@pytest.mark.parametrize("then", ["restored", "over"])
def test_every_task_is_delivered_twice(cloud: LocalCloud, then: str) -> None:
    """Each task of the run again, at once and after the end: one wait, one end. After it a repetition changes nothing."""
    story = Story(cloud)
    share, before = connected(story, **GRACE)
    doubling = Doubling(cloud)
    revoke(story, share)
    waits = graceful(story, share)
    since = story.standin.next_call()
    if then == "restored":
        share_again(story, share)
        back = used_again(story, share)
        assert (back["made"], back["generation"]) == (before["made"], 1) and changed(story, since) == []
    else:
        three_days_pass(story, waits)
        closed(story, share)
        assert living(story) == set()
    at_once = doubling.stop()
    cloud.wait_for_rest()
    assert {"close", "hold"} <= {function for function, _ in at_once}
    for function, answer in at_once:
        assert answer.error is None or answer.error in LATE | {"GraceRunning", "KeptAfterAll"}, (function, answer)
    in_order(story)
    records, since = cloud.items(audit=True), story.standin.next_call()
    run = story.disconnecting(waits)
    for function, payload in cloud.task_inputs(run):
        answer = cloud.invoke(function, payload)
        assert answer.error is None or answer.error in LATE | {"KeptAfterAll"}, (function, answer)
    assert changed(story, since) == []
    tickets = [item for item in records if not item["pk"].startswith("WAIT#")]
    assert [item for item in cloud.items(audit=True) if not item["pk"].startswith("WAIT#")] == tickets


@pytest.mark.parametrize("first", ["who accepts it", "who closes it"])
def test_shared_again_at_the_very_end(cloud: LocalCloud, first: str) -> None:
    """Close and accept write at the same time. Whoever is first wins: it is kept, or closed and opened anew, and never half."""
    story = Story(cloud)
    share, waits = in_grace(story)
    call = "GetItem" if first == "who accepts it" else "TransactWriteItems"
    slow = story.fault("close", "dynamodb", call, "timeout", occurrence=1, hold_ms=HOLD_MS)
    three_days_pass(story, waits)
    share_again(story, share)
    # It wakes the run and starts the onboarding in one.
    assert cloud.sweep().error is None
    wait_for(lambda: story.struck(slow), what="close is under way")
    back = used_again(story, share)
    kept = first == "who accepts it"
    assert (back["made"] == waits["made"], back["generation"]) == (kept, 1 if kept else 2) and living(story) == {made(back)}
    in_order(story)


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("then", ["restored", "over"])
def test_an_answer_of_the_ledger_is_lost(cloud: LocalCloud, then: str, kind: str) -> None:
    """The write that leaves the grace period is cut off before or after it took effect, until the invocation fails: as if nothing
    had been."""
    story = Story(cloud)
    share, waits = in_grace(story)
    cut = story.fault("close", "dynamodb", "TransactWriteItems", kind, count=INVOCATION)
    if then == "restored":
        share_again(story, share)
        assert cloud.sweep().error is None
        wait_for(lambda: (story.record(share) or {})["status"] == "accepted", what="it is accepted", explain=story.explain)
    else:
        three_days_pass(story, waits)
    if then == "restored":
        assert used_again(story, share)["made"] == waits["made"] and living(story) == {made(waits)}
    else:
        closed(story, share)
        assert living(story) == set()
    assert story.struck(cut)
    run = story.run(story.disconnecting(waits))
    assert run is not None and run["status"] == "SUCCEEDED", run
    in_order(story)


def test_nobody_can_be_waited_for(cloud: LocalCloud) -> None:
    """`hold` is denied: the run fails under the fault's name, nothing is removed before its time, and a later run waits."""
    story = Story(cloud)
    share, before = connected(story, **GRACE)
    story.fault("hold", "dynamodb", "PutItem", "access_denied", occurrence=0)
    since = story.standin.next_call()
    revoke(story, share)
    connection = story.connection(share)
    run = wait_for(lambda: (r := story.run(story.disconnecting(connection))) and r["status"] == "FAILED" and r, what="it failed")
    assert run["error"] == "AccessDenied" and "PutItem" in run["cause"]
    assert story.connection(share)["made"] == before["made"] and changed(story, since) == []
    story.mend()
    assert cloud.sweep().payload["aborted"] == 1
    waits = graceful(story, share)
    assert waits["wait"] == connection["wait"] and waits["made"] == before["made"]


def hint(story: Story, connection: Json) -> None:
    """An event that may be about it."""
    answer = story.cloud.invoke("endpoint-event", {"detail": {"requestParameters": {"id": made(connection)}}})
    assert answer.error is None, answer


@pytest.mark.parametrize("target", [TO_VPC, TO_NETWORK], ids=["vpc", "network"])
def test_somebody_deletes_it_meanwhile(cloud: LocalCloud, target: Json) -> None:
    """Its endpoint or association goes in the grace period, and an event tells: nothing is left to be used, so nobody is told any more
    that there is. Its run closes it without a sweep; shared again, it is opened anew."""
    story = Story(cloud)
    cloud.standin.set(delete_pending_polls=6)
    listener = Listener(cloud)
    share, waits = in_grace(story, targets=[target])
    delete(story, waits)
    hint(story, waits)
    over = wait_for(lambda: (c := story.connection(share))["status"] == "closed" and c, what="it is closed", explain=story.explain)
    assert (over["ending"]["cause"], over["ending"]["by"], over["attempt"]) == ("gone", "endpoint-event", waits["attempt"])
    assert "EndpointGone" in over["why"] and living(story) == set()
    in_order(story)
    told = [(d["previous"], d["status"], "until" in d) for d in listener.details() if d["sequence"] > waits["version"]]
    assert told == [("closing", "closing", False), ("closing", "closed", False)]
    run = story.run(story.disconnecting(waits))
    assert run is not None and run["status"] == "SUCCEEDED", run
    share_again(story, share)
    back = used_again(story, share)
    assert back["generation"] == 2 and made(back) != made(waits) and living(story) == {made(back)}
    in_order(story)


def test_somebody_deletes_it_meanwhile_and_nothing_tells(cloud: LocalCloud) -> None:
    """Reconcile misses it; not shown once is no proof, not shown twice ends the grace period. The sweep wakes its run."""
    story = Story(cloud)
    share, waits = in_grace(story)
    delete(story, waits)
    wait_for(lambda: not is_shown(story, waits), what="AWS shows it no more")
    assert cloud.invoke("reconcile", {}).payload["recorded"] == 1
    missed = graceful(story, share)
    assert (missed["wait"], missed["missing"]["what"]) == (waits["wait"], [made(waits)]) and "NotShown" in codes(missed)
    assert "it can be used until" in missed["why"]
    past(story, missed)
    assert cloud.invoke("reconcile", {}).payload["ended"] == 1
    assert cloud.sweep().payload["woken"] == 1
    over = wait_for(lambda: (c := story.connection(share))["status"] == "closed" and c, what="it is closed", explain=story.explain)
    assert (over["ending"]["cause"], over["ending"]["by"]) == ("gone", "reconcile") and living(story) == set()
    in_order(story)


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_it_can_not_be_used_any_more(cloud: LocalCloud, state: str) -> None:
    """AWS's own word ends the grace period at one look, and what is left is removed."""
    story = Story(cloud)
    share, waits = in_grace(story)
    story.standin.set_endpoint(made(waits), state)
    hint(story, waits)
    over = wait_for(lambda: (c := story.connection(share))["status"] == "closed" and c, what="it is closed", explain=story.explain)
    assert over["ending"]["cause"] == state
    assert living(story) == set()
    in_order(story)


@pytest.mark.parametrize("first", ["who accepts it", "who looks at it"])
def test_shared_again_while_it_is_found_gone(cloud: LocalCloud, first: str) -> None:
    """Accept and endpoint-event write at the same time: whoever is first, it is closed and opened anew, and never called ready."""
    story = Story(cloud)
    cloud.standin.set(delete_pending_polls=40)
    share, waits = in_grace(story)
    delete(story, waits)
    function = "endpoint-event" if first == "who accepts it" else "accept"
    slow = story.fault(function, "dynamodb", "TransactWriteItems", "timeout", occurrence=1, hold_ms=HOLD_MS)
    if first == "who looks at it":
        share_again(story, share)
        assert cloud.sweep().error is None
        wait_for(lambda: story.struck(slow), what="accept is under way")
        hint(story, waits)
    else:
        looking = threading.Thread(target=hint, args=(story, waits))
        looking.start()
        wait_for(lambda: story.struck(slow), what="endpoint-event is under way")
        share_again(story, share)
        assert cloud.sweep().error is None
        looking.join()
    # EC2 shows it until its end is written: what is not shown at all proves nothing at one look.
    wait_for(lambda: (story.connection(share).get("ending") or {}).get("cause") == "gone" or story.connection(share)["generation"] == 2, what="its end", explain=story.explain)
    cloud.standin.set(delete_pending_polls=0)
    back = used_again(story, share)
    assert back["generation"] == 2 and made(back) != made(waits) and living(story) == {made(back)}
    assert not any(entry["what"].endswith("it is kept as it was") for entry in story.audit(back["pk"]))
    in_order(story)


def test_other_names_meanwhile(cloud: LocalCloud) -> None:
    """A database more behind it: its names are told, under a new version, and it can be used as long as before."""
    story = Story(cloud)
    story.subscribe(**GRACE)
    share = story.share(resources=[group(3)])
    story.look()
    story.ready(share, 1)
    cloud.wait_for_rest()
    listener = Listener(cloud)
    revoke(story, share)
    waits = graceful(story, share)
    story.standin.add_children(share.resources[0], databases(4)[3:])

    def look() -> Json | None:
        # A new child is not usable at once.
        hint(story, waits)
        connection = graceful(story, share)
        return connection if len(connection["databases"]) == 4 else None

    grown = wait_for(look, 30, "the names of four", story.explain)
    assert grown["names_version"] > 1 and grown["wait"] == waits["wait"] and "it can be used until" in grown["why"]
    version = grown["names_version"]
    (told,) = wait_for(lambda: [d for d in listener.details() if d["names_version"] == version], 30, "it is announced", story.explain)
    assert (told["previous"], told["status"], told["until"], len(told["databases"])) == ("closing", "closing", waits["wait"]["until"], 4)


@pytest.mark.parametrize("target", [TO_VPC, TO_NETWORK], ids=["vpc", "network"])
def test_shared_again_when_somebody_deleted_it(cloud: LocalCloud, target: Json) -> None:
    """It is not called ready because it was: AWS's own word counts, and it is opened anew."""
    story = Story(cloud)
    cloud.standin.set(delete_pending_polls=6)
    share, waits = in_grace(story, targets=[target])
    if target == TO_VPC:
        cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made(waits)])
    else:
        cloud.client("vpc-lattice").delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made(waits))
    share_again(story, share)
    back = used_again(story, share)
    assert back["generation"] == 2 and made(back) != made(waits) and living(story) == {made(back)}
    assert not any(entry["what"].endswith("it is kept as it was") for entry in story.audit(back["pk"]))
    in_order(story)


def test_what_is_announced(cloud: LocalCloud) -> None:
    """Applications are told when its end begins and until when it can be used, and that it is ready again, under the same names."""
    story = Story(cloud)
    listener = Listener(cloud)
    share, before = connected(story, **GRACE)
    revoke(story, share)
    waits = graceful(story, share)
    share_again(story, share)
    used_again(story, share)
    wait_for(lambda: [d["status"] for d in listener.details()].count("ready") == 2, what="it is announced")
    of_grace = [d for d in listener.details() if d["sequence"] > before["version"]]
    assert [(d["previous"], d["status"]) for d in of_grace] == [("ready", "closing"), ("closing", "ready")]
    assert waits["wait"]["until"] == of_grace[0]["until"] and "until" not in of_grace[1]
    assert waits["wait"]["until"] in of_grace[0]["why"] and of_grace[0]["databases"] == of_grace[1]["databases"] != []
