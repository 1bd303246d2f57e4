"""Whom and what is not trusted: nothing is accepted, and the reason is in the ledger. Waits are 1/50 of AWS's."""

from __future__ import annotations

from typing import Any

import pytest
from local import LocalCloud, wait_for
from story import REDIS, STRANGER, TO_NETWORK, TO_VPC, Json, Shared, Story, group

STATUS = {"hold": "held", "reject": "rejected", "ignore": "ignored"}
ANSWER = {"hold": "PENDING", "reject": "REJECTED", "ignore": "PENDING"}


def refused(story: Story, share: Shared, otherwise: str = "hold") -> Json:
    """Nothing accepted, nothing connected, and the record says why."""
    story.look()
    story.settle(share)
    # Those of other shares, too.
    story.wait_for_runs()
    record = story.record(share)
    assert record is not None and record["status"] == STATUS[otherwise], record
    assert story.invitation(share) == ANSWER[otherwise]
    assert story.calls(operation="AcceptResourceShareInvitation") == []
    assert "accepted_at" not in record and story.connections() == [] and story.endpoints() == []
    assert story.disorder() == []
    return record


@pytest.mark.parametrize("otherwise", STATUS)
def test_a_stranger_with_a_trusted_name(cloud: LocalCloud, otherwise: str) -> None:
    """The sender chooses the share's name, so a name grants nothing."""
    story = Story(cloud)
    story.subscribe(trust={"share_names": ["redis-*"]}, otherwise=otherwise)
    trusted = story.share(name="redis-production")
    story.look()
    story.ready(trusted, 1)
    accepted = len(story.calls(operation="AcceptResourceShareInvitation"))
    share = story.share(owner=STRANGER, name="redis-production")
    story.look()
    story.settle(share)
    record = story.record(share)
    assert record is not None and record["status"] == STATUS[otherwise]
    assert any(STRANGER in why and "trusted by no subscription" in why for why in record["why"]), record["why"]
    assert story.invitation(share) == ANSWER[otherwise]
    assert len(story.calls(operation="AcceptResourceShareInvitation")) == accepted
    assert story.connections(share) == [] and story.disorder() == []


@pytest.mark.parametrize("otherwise", STATUS)
@pytest.mark.parametrize("ram_type", ["vpc-lattice:Service", "vpc-lattice:ServiceNetwork", "ec2:Subnet"])
def test_a_trusted_sender_shares_another_type(cloud: LocalCloud, ram_type: str, otherwise: str) -> None:
    """One foreign resource beside one that would be fine: accepting cannot be undone, so all of it is refused."""
    story = Story(cloud)
    story.subscribe(otherwise=otherwise)
    share = story.share(resources=[group(), {"ram_type": ram_type, "name": "other"}])
    record = refused(story, share, otherwise)
    assert any(ram_type in why for why in record["why"]), record["why"]


@pytest.mark.parametrize(
    ("trust", "word"),
    [
        ({"share_names": ["redis-staging-*"]}, "trust.share_names"),
        ({"shares": [f"arn:aws:ram:us-east-1:{REDIS}:resource-share/00000000-0000-0000-0000-000000000000"]}, "trust.shares"),
    ],
)
def test_trust_that_is_narrowed(cloud: LocalCloud, trust: Json, word: str) -> None:
    """A trusted sender, and a share that the subscription does not mean."""
    story = Story(cloud)
    story.subscribe(trust=trust)
    record = refused(story, story.share())
    assert any(word in why for why in record["why"]), record["why"]


def test_nobody_subscribed(cloud: LocalCloud) -> None:
    """Without any subscription everybody is a stranger, and default is deny: ignored, not rejected."""
    story = Story(cloud)
    record = refused(story, story.share(), "ignore")
    assert any("0 looked at" in why for why in record["why"])


def test_a_resource_that_is_not_the_senders(cloud: LocalCloud) -> None:
    """A trusted sender's share with a resource configuration of somebody else in it."""
    story = Story(cloud)
    story.subscribe()
    theirs = story.share(owner=STRANGER, name="theirs", resources=[group()])
    share = story.share(resources=[group(), {"arn": theirs.resources[0]}])
    record = refused(story, share)
    assert any(STRANGER in why and "belongs to account" in why for why in record["why"]), record["why"]


def test_an_empty_share(cloud: LocalCloud) -> None:
    """RAM lists nothing inside: looked at again while reads may lag, then it counts as empty. The test moves the instants that
    this goes by, the invitation's and the record's, into the past."""
    story = Story(cloud)
    story.subscribe()
    share = story.share(resources=[], age_minutes=60)
    story.look()
    record = wait_for(lambda: story.record(share), what="the record")
    run = story.onboarding(record)
    wait_for(lambda: "NotReady" in story.errors(run), what="it is looked at again")
    story.overwrite(record, since="2026-01-01T00:00:00.000000Z", found_at="2026-01-01T00:00:00.000000Z")
    story.settle(share)
    held = story.record(share)
    assert held is not None and held["status"] == "held" and any("nothing is inside" in why for why in held["why"]), held
    assert story.invitation(share) == "PENDING" and story.calls(operation="AcceptResourceShareInvitation") == []


def test_more_connections_than_it_may_cost(cloud: LocalCloud) -> None:
    """A share that would make more connections than the subscription allows waits for a person."""
    story = Story(cloud)
    story.subscribe(limits={"connections_per_share": 2}, otherwise="ignore", targets=[TO_VPC, TO_NETWORK])
    record = refused(story, story.share(resources=[group(name="redis-one"), group(name="redis-two")]), "hold")
    assert any("limits.connections_per_share" in why for why in record["why"])


def test_trust_is_withdrawn_between_vetting_and_accepting(cloud: LocalCloud) -> None:
    """The subscription changes while the run is on its way: nothing is accepted."""
    story = Story(cloud)
    story.subscribe()
    held = story.fault("accept", "dynamodb", "GetItem", "timeout", hold_ms=800)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="it is vetted")
    story.subscribe(senders=["555566667777"])
    story.settle(share)
    record = story.record(share)
    assert record is not None and (record["status"], record["fault"]["name"]) == ("failed", "TrustWithdrawn"), record
    assert story.invitation(share) == "PENDING" and story.connections() == []
    assert story.disorder() == []


def test_something_is_slipped_in_between_vetting_and_accepting(cloud: LocalCloud) -> None:
    """The owner adds a resource of another type after the verdict: the verdict is made again, and nothing is accepted."""
    story = Story(cloud)
    story.subscribe()
    held = story.fault("accept", "dynamodb", "GetItem", "timeout", hold_ms=800)
    share = story.share()
    story.look()
    wait_for(lambda: story.struck(held), what="it is vetted")
    cloud.standin.add_resources(share.arn, [{"ram_type": "vpc-lattice:Service", "name": "slipped-in"}])
    story.settle(share)
    record = story.record(share)
    assert record is not None and record["fault"]["name"] == "TrustWithdrawn" and "vpc-lattice:Service" in record["fault"]["message"]
    assert story.invitation(share) == "PENDING" and story.connections() == []
    assert story.disorder() == []


def test_a_subscription_that_cannot_be_read_trusts_nobody(cloud: LocalCloud) -> None:
    """One written by hand into the table, invalid: it is left out, the valid one decides, and nothing fails."""
    story = Story(cloud)
    story.subscribe("redis", senders=["555566667777"])
    hostile: dict[str, Any] = {"pk": {"S": "SUBSCRIPTION"}, "sk": {"S": "broken"}, "document": {"S": "{trust: everybody"}}
    cloud.client("dynamodb").put_item(TableName=cloud.table, Item=hostile)
    record = refused(story, story.share())
    assert any("1 looked at" in why for why in record["why"]), record["why"]


def test_two_subscriptions_that_trust_the_same_share(cloud: LocalCloud) -> None:
    """One connection, claimed by both; the first one's settings hold, and what differs is a finding."""
    story = Story(cloud)
    story.subscribe("alpha", tags={"team": "alpha"})
    story.subscribe("beta", tags={"team": "beta"}, targets=[TO_VPC, TO_NETWORK])
    share = story.share()
    story.look()
    by_kind = {c["kind"]: c for c in story.ready(share, 2)}
    shared = by_kind["resource-endpoint"]
    assert shared["claims"] == ["alpha", "beta"] and by_kind["service-network-resource"]["claims"] == ["beta"]
    assert [f["code"] for f in shared["findings"] if f["severity"] == "warning"].count("ClaimDiffers") == 1
    assert {e["tags"]["team"] for e in story.endpoints() if e["id"].startswith("vpce-")} == {"alpha"}
    cloud.wait_for_rest()
    assert story.disorder() == []
