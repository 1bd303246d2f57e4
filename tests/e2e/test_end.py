"""The end of a connection: withdrawn, revoked, closed by an operator. Waits are 1/50 of AWS's.

In each story nothing of ours stays without a record, nothing of others is touched, and `drawbridge show` says why.
"""

from __future__ import annotations

from typing import Any

import pytest
from drift import reconcile
from local import LocalCloud, wait_for
from story import GROUP, TO_NETWORK, TO_VPC, VPC, Json, Shared, Story, environment

OTHER_GROUP = "sg-0b1b2c3d4e5f60718"
LONG_AGO = "2026-01-01T00:00:00.000000Z"


def connected(story: Story, **more: Any) -> tuple[Shared, Json]:
    """Something is shared, subscribed to, and can be used."""
    story.subscribe(**more)
    share = story.share()
    story.look()
    (connection,) = story.ready(share, 1)
    story.cloud.wait_for_rest()
    return share, connection


def withdraw(story: Story, name: str = "redis") -> str:
    """Withdraws a subscription with the real command."""
    return str(story.cloud.cli("withdraw", name, "--yes").stdout)


def shown(story: Story, subject: str) -> str:
    """What an operator is shown, on one line."""
    return " ".join(story.cloud.cli("show", subject).stdout.split())


def closed(story: Story, share: Shared) -> list[Json]:
    """Sweeps until every connection of a share is closed."""
    return list(
        story.sweep_until(
            lambda: all(c["status"] == "closed" for c in story.connections(share)) and story.connections(share),
            what="the connections' end",
        )
    )


def made(connection: Json) -> str:
    """The id of what was made for a connection."""
    (only,) = connection["made"].values()
    return str(only)


def living(story: Story) -> set[str]:
    """The ids of the endpoints and associations that live."""
    return {each["id"] for each in story.endpoints(live=True)}


def codes(connection: Json) -> list[str]:
    """The findings of a connection."""
    return [finding["code"] for finding in connection.get("findings", [])]


# Withdrawn


@pytest.mark.parametrize("settings", ["the same", "others"])
def test_two_subscriptions_are_withdrawn_in_turn(cloud: LocalCloud, settings: str) -> None:
    """Both want the same resource in the same VPC: nothing is closed at the first, and what was made stays as it is; at the
    last it is closed."""
    story = Story(cloud)
    rules = [{"from": 8070, "to": 19999, "cidr": "10.0.0.0/16"}]
    story.standin.seed(story.account, security_groups=[{"id": OTHER_GROUP, "vpc": VPC, "ingress": rules}])
    story.subscribe("second", targets=[{**TO_VPC, "security_groups": [GROUP if settings == "the same" else OTHER_GROUP]}])
    share, first = connected(story, name="first")
    assert first["claims"] == ["first", "second"]
    assert codes(first) == ([] if settings == "the same" else ["ClaimDiffers"])

    assert "stays: it is claimed by second, whose settings hold from then on: second" in withdraw(story, "first")
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    (held,) = story.connections(share)
    assert (held["status"], held["claims"], held["made"]) == ("ready", ["second"], first["made"])
    assert codes(held) == ([] if settings == "the same" else ["SettingsDiffer"])
    if settings == "others":
        assert f"security groups {GROUP} instead of {OTHER_GROUP}" in shown(story, held["id"])
    assert cloud.executions("disconnect") == [] and living(story) == {made(first)}

    said = withdraw(story, "second")
    assert "is closed, and what was made for it deleted" in said and made(first) in said
    (over,) = closed(story, share)
    assert over["ending"]["cause"] == "withdrawn" and living(story) == set()
    assert "subscription second is withdrawn" in shown(story, over["id"])
    (run,) = cloud.executions("disconnect")
    assert (run.status, run.output["removed"]) == ("SUCCEEDED", [made(first)])
    assert story.disorder() == []
    before = story.standin.next_call()
    assert cloud.sweep().error is None
    story.wait_for_runs()
    assert not [c for c in story.calls(before) if c["mutating"] and c["service"] != "events"], "it is over"


def test_a_withdrawal_asks_first(cloud: LocalCloud) -> None:
    """Where nobody can answer, nothing is withdrawn without --yes, and what it would close is said."""
    story = Story(cloud)
    share, connection = connected(story)
    refused = cloud.cli("withdraw", "redis", check=False)
    assert refused.returncode == 1 and made(connection) in refused.stderr and "--yes" in refused.stderr
    assert cloud.cli("withdraw", "nobody", "--yes", check=False).returncode == 1
    assert cloud.sweep().error is None
    story.wait_for_runs()
    assert story.connection(share)["status"] == "ready"


def test_what_was_withdrawn_and_is_applied_again_is_opened_anew(cloud: LocalCloud) -> None:
    """Closed, then the very same document again: a new generation, with a new endpoint."""
    story = Story(cloud)
    share, first = connected(story)
    file = next((cloud.settings.home / story.account).glob("redis.yaml"))
    withdraw(story)
    closed(story, share)
    cloud.cli("subscribe", str(file))
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    again = story.connection(share)
    assert (again["generation"], again["claims"]) == (2, ["redis"]) and "ending" not in again
    assert living(story) == {made(again)} and made(again) != made(first)
    assert story.disorder() == []


def test_applied_again_while_it_is_being_closed(cloud: LocalCloud) -> None:
    """The close is finished first, then it is opened anew, without anybody's help."""
    story = Story(cloud)
    share, first = connected(story)
    cloud.standin.set(delete_pending_polls=15)
    withdraw(story)
    assert cloud.sweep().error is None
    wait_for(lambda: story.connection(share)["status"] == "closing", what="it is being closed")
    story.subscribe()
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    again = story.connection(share)
    assert again["generation"] == 2 and living(story) == {made(again)} and made(again) != made(first)
    assert story.disorder() == []


def test_a_target_that_is_taken_out_of_the_document(cloud: LocalCloud) -> None:
    """One of two targets goes: its connection is closed, the other is not touched. It comes back: opened anew."""
    story = Story(cloud)
    story.subscribe(targets=[TO_VPC, TO_NETWORK])
    share = story.share()
    story.look()
    story.ready(share, 2)
    cloud.wait_for_rest()
    by_kind = {c["kind"]: c for c in story.connections(share)}
    for gone, stays, target in [
        ("resource-endpoint", "service-network-resource", TO_NETWORK),
        ("service-network-resource", "resource-endpoint", TO_VPC),
    ]:
        story.subscribe(targets=[target])

        def one_is_closed(gone: str = gone) -> bool:
            return {c["kind"]: c["status"] for c in story.connections(share)}[gone] == "closed"

        story.sweep_until(one_is_closed, what=f"the end of the {gone}")
        now = {c["kind"]: c for c in story.connections(share)}
        assert now[stays]["status"] == "ready" and now[stays]["made"] == by_kind[stays]["made"]
        assert "does not name" in shown(story, now[gone]["id"])
        assert living(story) == {made(now[stays])} and story.disorder() == []
        story.subscribe(targets=[TO_VPC, TO_NETWORK])
        story.sweep_until(lambda: {c["status"] for c in story.connections(share)} == {"ready"}, what="both")
        by_kind = {c["kind"]: c for c in story.connections(share)}
        assert by_kind[gone]["generation"] == 2 and by_kind[stays]["generation"] <= 2
        assert story.disorder() == []


def test_a_subscription_that_cannot_be_read_is_not_withdrawn(cloud: LocalCloud) -> None:
    """Broken by hand in the ledger: what is connected stays, however often the sweep comes. Withdrawn after that, it goes."""
    story = Story(cloud)
    share, connection = connected(story)
    (item,) = cloud.items("SUBSCRIPTION")
    story.overwrite(item, document="version: [")
    for _ in range(3):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    held = story.connection(share)
    assert (held["status"], held["claims"], held["made"]) == ("ready", ["redis"], connection["made"])
    assert story.disorder() == []
    withdraw(story)
    closed(story, share)
    assert living(story) == set() and story.disorder() == []


# Revoked


def revoke(story: Story, share: Shared) -> None:
    """The owner stops sharing. Two looks are needed, five minutes apart: the first is moved into the past."""
    story.standin.revoke(share.arn, story.account)
    for _ in range(2):
        assert story.cloud.sweep().error is None
        record = story.record(share)
        assert record is not None and record["status"] == "accepted" and record["unseen_since"], "one look says nothing"
    story.overwrite(record, unseen_since=LONG_AGO)
    assert story.cloud.sweep().error is None
    story.wait_for_runs()
    record = story.record(share)
    assert record is not None and record["status"] == "revoked", record


def restore(story: Story, share: Shared) -> None:
    """The owner shares it again, within one organization: no invitation is needed."""
    story.tell("POST", "shares/invite", share=share.arn, account=story.account, invitation=False, event=False)
    story.sweep_until(lambda: {c["status"] for c in story.connections(share)} == {"ready"}, what="the connection")
    record = story.record(share)
    assert record is not None and record["status"] == "accepted" and "unseen_since" not in record


def test_revoked_and_kept(cloud: LocalCloud) -> None:
    """AWS keeps what is connected, and so does Drawbridge unless told otherwise: it stays, and says what happened. Restored:
    nothing is made anew."""
    story = Story(cloud)
    share, connection = connected(story)
    revoke(story, share)
    kept = story.connection(share)
    assert (kept["status"], kept["made"], codes(kept)) == ("ready", connection["made"], ["ShareRevoked"])
    assert "ShareRevoked" in shown(story, kept["id"]) and "stopped sharing" in shown(story, share.arn)
    assert living(story) == {made(kept)}
    restore(story, share)
    back = story.connection(share)
    assert (back["made"], back["generation"], codes(back)) == (connection["made"], 1, [])
    assert story.disorder() == []


def test_revoked_and_closed(cloud: LocalCloud) -> None:
    """`on_revoke: close`: closed with the reason, claims kept. Restored: opened anew."""
    story = Story(cloud)
    share, connection = connected(story, on_revoke="close")
    revoke(story, share)
    (over,) = closed(story, share)
    assert (over["ending"]["cause"], over["claims"]) == ("revoked", ["redis"]) and living(story) == set()
    assert "is not shared with this account any more" in shown(story, over["id"])
    assert story.disorder() == []
    assert cloud.sweep().payload["started"] == 0, "nothing until it is shared again"
    restore(story, share)
    back = story.connection(share)
    assert back["generation"] == 2 and made(back) != made(connection) and living(story) == {made(back)}
    assert story.disorder() == []


def test_revoked_and_invited_anew(cloud: LocalCloud) -> None:
    """Restored by a new invitation, as between organizations."""
    story = Story(cloud)
    share, _ = connected(story, on_revoke="close")
    revoke(story, share)
    closed(story, share)
    story.tell("POST", "shares/invite", share=share.arn, account=story.account, event=False)
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    assert story.connection(share)["generation"] == 2 and story.disorder() == []


def test_revoked_is_decided_by_the_subscription_as_it_is(cloud: LocalCloud) -> None:
    """Kept at first; then the subscription says `close`, and that is done. Withdrawn while revoked: closed as well."""
    for last_word in ("on_revoke", "withdraw"):
        cloud.reset()
        story = Story(cloud)
        share, _ = connected(story)
        revoke(story, share)
        if last_word == "withdraw":
            withdraw(story)
        else:
            story.subscribe(on_revoke="close")
        (over,) = closed(story, share)
        assert over["ending"]["cause"] == ("revoked" if last_word == "on_revoke" else "withdrawn")
        assert living(story) == set() and story.disorder() == []


def test_ram_that_does_not_answer_revokes_nothing(cloud: LocalCloud) -> None:
    """A call that failed says nothing about what is shared, and keeps no withdrawal waiting."""
    story = Story(cloud)
    share, connection = connected(story, on_revoke="close")
    story.fault("intake", "ram", "GetResourceShares", "access_denied", occurrence=0)
    for _ in range(3):
        assert cloud.sweep().error == "AccessDenied"
    record = story.record(share)
    assert record is not None and record["status"] == "accepted" and "unseen_since" not in record
    assert story.connection(share)["made"] == connection["made"]
    withdraw(story)
    assert cloud.sweep().error == "AccessDenied"
    wait_for(lambda: story.connection(share)["status"] == "closed", what="it is closed all the same")
    assert living(story) == set()
    story.mend()


# An operator's word


def test_an_operator_closes_and_retries(cloud: LocalCloud) -> None:
    """Closed with the reason given, and stays so whatever sweeps come; a retry opens it anew."""
    story = Story(cloud)
    share, connection = connected(story)
    assert cloud.cli("close", connection["id"], check=False).returncode == 2, "a reason is needed"
    cloud.cli("close", connection["id"], "--reason", "the service moved")
    (over,) = closed(story, share)
    assert over["ending"]["cause"] == "operator" and living(story) == set()
    assert "the service moved" in shown(story, over["id"])
    for _ in range(2):
        assert cloud.sweep().payload["started"] == 0
    assert cloud.cli("close", over["id"], "--reason", "again", check=False).returncode == 1
    cloud.cli("retry", over["id"])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    again = story.connection(share)
    assert again["generation"] == 2 and "ending" not in again and living(story) == {made(again)}
    assert story.disorder() == []


def test_an_operator_closes_until_the_subscriptions_change(cloud: LocalCloud) -> None:
    """A changed subscription asks for it anew."""
    story = Story(cloud)
    share, connection = connected(story)
    cloud.cli("close", connection["id"], "--reason", "the service moved")
    closed(story, share)
    story.subscribe()
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    assert story.connection(share)["generation"] == 2 and story.disorder() == []


def test_an_operator_closes_after_a_change_that_no_sweep_has_seen(cloud: LocalCloud) -> None:
    """The change was made before the operator's word: it is no reason to open it again."""
    story = Story(cloud)
    share, connection = connected(story)
    story.subscribe(tags={"team": "data"})
    cloud.cli("close", connection["id"], "--reason", "the service moved")
    closed(story, share)
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    assert [c["status"] for c in story.connections(share)] == ["closed"] and living(story) == set()
    assert story.disorder() == []


def test_an_operator_closes_what_is_being_opened(cloud: LocalCloud) -> None:
    """The run that waits for the endpoint sees the wish, removes what it made and ends as Withdrawn; the record says closed and
    not failed."""
    story = Story(cloud)
    story.subscribe()
    cloud.standin.set(endpoint_outcome="stuck")
    share = story.share()
    story.look()
    waiting = wait_for(lambda: next((c for c in story.connections(share) if c["status"] == "waiting"), None), what="it is waited for")

    def told() -> bool:
        return cloud.cli("close", waiting["id"], "--reason", "not now", check=False).returncode == 0

    wait_for(told, what="the wish is written: the run writes at the same time")
    story.settle(share)
    over = story.connection(share)
    run = story.run(over["execution"])
    assert run is not None and (run["status"], run["error"], run["cause"]) == ("FAILED", "Withdrawn", "not now")
    assert over["status"] == "closed" and living(story) == set() and cloud.executions("disconnect") == []
    assert "not now" in shown(story, over["id"]) and story.disorder() == []


def test_an_association_that_an_aws_service_keeps(cloud: LocalCloud) -> None:
    """Nobody else can delete a managed association: it is recorded and not fought, and the connection is closed. Nor does a
    round fight it afterwards, which finds an orphan in it and was told to remove those."""
    story = Story(cloud)
    share, connection = connected(story, targets=[TO_NETWORK], reconcile={"orphaned": "repair"})
    cloud.standin.set(managed_associations=True)
    since = story.standin.next_call()
    cloud.cli("close", connection["id"], "--reason", "moved")
    (over,) = closed(story, share)
    assert f"{made(connection)} is managed by an AWS service" in shown(story, over["id"])
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        rounds = [reconcile(story) for _ in range(2)]
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    assert [(round_["recorded"], round_["removed"]) for round_ in rounds] == [(1, 0), (0, 0)]
    assert codes(story.connection(share)) == ["Orphaned"] and living(story) == {made(connection)}
    assert "an AWS service keeps it" in shown(story, over["id"])
    assert story.calls(since, operation="DeleteServiceNetworkResourceAssociation") == []
    assert [wrong for wrong in story.disorder() if made(connection) not in wrong] == []


# What belongs to others


def of_others(story: Story, connection: Json, tags: dict[str, str]) -> str:
    """An endpoint of somebody else's, in the same VPC and account, for the same resource."""
    made_ = story.cloud.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=VPC,
        ResourceConfigurationArn=connection["resource"],
        SubnetIds=connection["plan"]["call"]["resource_endpoint"]["subnets"],
        SecurityGroupIds=[GROUP],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}] if tags else [],
    )
    return str(made_["VpcEndpoint"]["VpcEndpointId"])


@pytest.mark.parametrize("tags", ["none", "copied"])
def test_somebody_elses_endpoint_is_never_touched(cloud: LocalCloud, tags: str) -> None:
    """Without our tags, or with all of them copied: it does not stand in the record, so it stays."""
    story = Story(cloud)
    share, connection = connected(story)
    other = of_others(story, connection, connection["plan"]["tags"] if tags == "copied" else {})
    since = story.standin.next_call()
    withdraw(story)
    closed(story, share)
    assert living(story) == {other}
    deleted = story.calls(since, "close", "DeleteVpcEndpoints")
    assert len(deleted) == 1, deleted
    assert [wrong for wrong in story.disorder() if other not in wrong] == []
