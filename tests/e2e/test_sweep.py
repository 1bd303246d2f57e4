"""No event at all: the sweep finds what is there, and sees what became of it without Drawbridge. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from local import LocalCloud, wait_for
from routes import begin
from story import REDIS, STRANGER, Shared, Story, group


def first_found(cloud: LocalCloud, since: float) -> list[str]:
    """By what the shares were first found, as intake counted in its log (CloudWatch's embedded metric format)."""
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=cloud.log_groups["intake"], startTime=int(since * 1000)
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    metrics: list[Any] = [json.loads(line) for text in lines for line in text.splitlines() if line.startswith('{') and '"FirstFound"' in line]
    return [metric["by"] for metric in metrics if metric.get("FirstFound") == 1]


def test_the_sweep_finds_what_no_event_told_of(cloud: LocalCloud) -> None:
    """An invitation without an event: accepted and connected by the sweep alone, and counted as first found by it."""
    story = Story(cloud)
    begin(story)
    mark = cloud.mark()
    share = story.share()
    answer = cloud.sweep()
    assert answer.payload == {"shares": 1, "connections": 0, "started": 1, "recorded": 0, "aborted": 0, "left_to_others": 0}
    story.ready(share, 1)
    record = story.record(share)
    assert record is not None and record["found_by"] == "sweep"
    assert "sweep" in story.audit(record["pk"])[0]["what"]
    wait_for(lambda: first_found(cloud, mark.at) == ["sweep"], what="the metric")
    told = story.share(event=True, name="redis-told")
    story.ready(told, 1)
    wait_for(lambda: first_found(cloud, mark.at) == ["sweep", "event"], what="the second metric")
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_a_share_that_needs_no_invitation(cloud: LocalCloud) -> None:
    """Within one organization the share is simply there; there is nothing to accept, and what is inside is connected."""
    story = Story(cloud)
    begin(story)
    share = story.share(invitation=False)
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert story.calls(operation="AcceptResourceShareInvitation") == []
    assert story.disorder() == []


@pytest.mark.parametrize(("status", "expected"), [("EXPIRED", "expired"), ("REJECTED", "rejected")])
def test_an_invitation_that_cannot_be_answered(cloud: LocalCloud, status: str, expected: str) -> None:
    """Found for the first time when it is too late: recorded with the reason and what a person can do, and no run started."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, status)
    assert cloud.sweep().payload["recorded"] == 1
    record = story.record(share)
    assert record is not None and record["status"] == expected
    assert "owner" in record["next"], "what a person can do"
    assert cloud.executions() == [] and story.connections() == []
    assert cloud.sweep().payload["recorded"] == 0, "once is enough"
    assert story.disorder() == []


@pytest.mark.parametrize(("status", "expected"), [("EXPIRED", "expired"), ("REJECTED", "rejected"), ("ACCEPTED", "accepted")])
def test_an_invitation_that_changes_after_it_was_held(cloud: LocalCloud, status: str, expected: str) -> None:
    """Held for a person, who lets it expire, rejects it, or accepts it by hand (which alone connects nothing: still untrusted)."""
    story = Story(cloud)
    begin(story)
    share = story.share(owner=STRANGER)
    story.subscribe("other", senders=["555566667777"], otherwise="hold")
    cloud.sweep()
    story.settle(share)
    record = story.record(share)
    assert record is not None and record["status"] == "held"
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, status)
    cloud.sweep()
    story.settle(share)
    record = story.record(share)
    assert record is not None and record["status"] == (expected if status != "ACCEPTED" else "held"), record
    assert story.connections() == [] and story.calls(operation="AcceptResourceShareInvitation") == []
    assert story.disorder() == []


def test_it_expires_while_nobody_looks(cloud: LocalCloud) -> None:
    """Twelve hours and one minute old when the first sweep comes, one minute short of twelve when the other does."""
    story = Story(cloud)
    begin(story)
    late, just = story.share(age_minutes=12 * 60 + 1), story.share(age_minutes=12 * 60 - 1, name="redis-just")
    cloud.sweep()
    story.ready(just, 1)
    cloud.wait_for_rest()
    record = story.record(late)
    assert record is not None and record["status"] == "expired" and "12 hours" in " ".join(record["why"])
    assert story.connections(late) == [] and story.disorder() == []


def test_one_that_was_accepted_by_hand(cloud: LocalCloud) -> None:
    """A person was faster: nothing is left to accept, and what a subscription trusts is connected all the same."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "ACCEPTED")
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    record = story.record(share)
    assert record is not None and record["status"] == "accepted"
    assert story.calls(operation="AcceptResourceShareInvitation") == []
    assert story.disorder() == []


def test_one_that_was_accepted_by_hand_and_nobody_trusts(cloud: LocalCloud) -> None:
    """Accepted by a person, from somebody whom no subscription trusts: it stays so, nothing is connected, and the ledger says
    both."""
    story = Story(cloud)
    begin(story)
    share = story.share(owner=STRANGER)
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "ACCEPTED")
    cloud.sweep()
    story.settle(share)
    record = story.record(share)
    assert record is not None and record["status"] in ("held", "ignored")
    assert any("stays so" in why for why in record["why"]) and any(STRANGER in why for why in record["why"])
    assert story.connections() == [] and story.disorder() == []


def test_expired_and_shared_again(cloud: LocalCloud) -> None:
    """The owner removes the account and adds it again: a new invitation to the same share, which is taken up."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "EXPIRED")
    cloud.sweep()
    record = story.record(share)
    assert record is not None and record["status"] == "expired"
    again = story.tell("POST", "shares/invite", share=share.arn, account=story.account, event=False)["invitation"]
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    record = story.record(share)
    assert record is not None and (record["status"], record["invitation"], record["attempt"]) == ("accepted", again, 2)
    assert len(story.endpoints()) == 1 and story.disorder() == []


def test_it_expires_between_vetting_and_accepting(cloud: LocalCloud) -> None:
    """Trusted, and too late at the last moment: recorded as expired, nothing connected."""
    story = Story(cloud)
    begin(story)
    held = story.fault("accept", "dynamodb", "GetItem", "timeout", hold_ms=800)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="it is vetted and about to be accepted")
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "EXPIRED")
    story.settle(share)
    record = story.record(share)
    assert record is not None and (record["status"], record["fault"]["name"]) == ("expired", "InvitationExpired")
    assert story.connections() == [] and story.disorder() == []


def test_what_is_added_to_a_share_before_it_is_accepted(cloud: LocalCloud) -> None:
    """Everything inside at the moment of accepting is connected; what the owner adds later is another issue's."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    cloud.standin.add_resources(share.arn, [group(name="redis-second")])
    cloud.sweep()
    story.ready(share, 2)
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_reads_that_lag_behind(cloud: LocalCloud) -> None:
    """RAM shows an acceptance only after some reads, EC2 a new endpoint only after a while: looked at again, accepted and made
    once."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(accept_lag_polls=5, describe_lag_ms=400)
    share = story.share()
    cloud.sweep()
    story.ready(share, 1)
    cloud.wait_for_rest()
    assert len([c for c in story.calls(operation="AcceptResourceShareInvitation") if c["status"] == 200]) >= 1
    assert len(story.endpoints()) == 1 and story.disorder() == []


def test_a_share_that_is_gone(cloud: LocalCloud) -> None:
    """Shared, and taken back while its invitation could still be accepted: RAM never shows what was accepted. It is looked for
    until the retries are used up (without waits here: more than an hour on AWS), nothing is connected, the reason is recorded,
    and others are not kept waiting."""
    story = Story(cloud)
    begin(story)
    gone, stays = story.share(), story.share(name="redis-stays")
    story.tell("POST", "shares/revoke", share=gone.arn, account=story.account)
    cloud.sweep()
    story.ready(stays, 1)
    with cloud.waits(0):
        story.settle(gone)
    cloud.wait_for_rest()
    record = story.record(gone)
    assert record is not None and (record["status"], record["fault"]["name"]) == ("failed", "NotReady")
    assert any("stays so" in why for why in record["why"]), "an accepted share stays, and the ledger says so"
    assert story.connections(gone) == []
    assert cloud.sweep().error is None
    assert story.disorder() == []


def test_many_pages(cloud: LocalCloud) -> None:
    """One entry a page and an empty page first, everywhere: nothing is missed."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(page_size=1, empty_pages=True)
    shares: list[Shared] = [story.share(owner=REDIS, name=f"redis-{at}", resources=[group(2)]) for at in range(3)]
    cloud.sweep()
    for share in shares:
        (connection,) = story.ready(share, 1)
        assert len(connection["databases"]) == 2
    cloud.wait_for_rest()
    assert story.disorder() == []
