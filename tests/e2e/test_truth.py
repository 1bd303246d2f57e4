"""The ledger and the truth: deleted behind our back, rejected, grown, in no record; told by an event or found by reconcile.

Waits are 1/50 of AWS's. Where a second look must come five minutes after the first, the first is moved into the past.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from drift import delete, is_shown, made, orphan, orphan_association, reconcile, tags_of
from local import LocalCloud, wait_for
from local.cloud import Answer
from place import Place
from story import GROUP, REDIS, TO_NETWORK, VPC, Json, Shared, Story, databases, environment, group
from test_end import closed, codes, connected, living, shown

LONG_AGO = "2026-01-01T00:00:00.000000Z"


def past(story: Story, connection: Json) -> None:
    """Moves the first look at which something was missing into the past."""
    story.cloud.client("dynamodb").update_item(
        TableName=story.cloud.table,
        Key={"pk": {"S": connection["pk"]}, "sk": {"S": connection["sk"]}},
        UpdateExpression="SET #missing.#since = :at ADD #version :one",
        ExpressionAttributeNames={"#missing": "missing", "#since": "since", "#version": "version"},
        ExpressionAttributeValues={":at": {"S": LONG_AGO}, ":one": {"N": "1"}},
    )


def called(operation: str, *things: str, account: str) -> Json:
    """CloudTrail's record of a call, as far as it is documented."""
    return {"eventType": "AwsServiceEvent" if operation.endswith("ByOwner") else "AwsApiCall", "eventName": operation, "recipientAccountId": account, "requestParameters": {"content": list(things)}}


def tell(story: Story, operation: str, *things: str, source: str = "local.aws.ec2") -> None:
    """A call was made, and CloudTrail says so on the bus."""
    what = called(operation, *things, account=story.account)
    # What VPC Lattice does to this account's things for another account is no call of anybody's here.
    kind = "AWS Service Event" if what["eventType"] == "AwsServiceEvent" else "AWS API Call"
    story.cloud.emit(what, source, f"{kind} via CloudTrail")


def until_closed(story: Story, share: Shared) -> Json:
    """Waits until a share's one connection is closed."""
    return wait_for(lambda: next((c for c in story.connections(share) if c["status"] == "closed"), None), 60, "it is closed", story.explain)


# Deleted behind our back


@pytest.mark.parametrize("targets", [None, [TO_NETWORK]], ids=["endpoint", "association"])
def test_deleted_behind_our_back_and_an_event_tells(cloud: LocalCloud, targets: list[Json] | None) -> None:
    """The record says who is asked next; nothing is left; nothing is opened anew by itself, and an operator can have it again."""
    story = Story(cloud)
    share, connection = connected(story, **({"targets": targets} if targets else {}))
    mark = cloud.mark()
    delete(story, connection)
    source = "local.aws.vpc-lattice" if targets else "local.aws.ec2"
    arn = f"arn:aws:vpc-lattice:us-east-1:{story.account}:servicenetworkresourceassociation/{made(connection)}"
    tell(story, "DeleteServiceNetworkResourceAssociationByOwner" if targets else "DeleteVpcEndpoints", arn if targets else made(connection), source=source)
    over = until_closed(story, share)
    cloud.wait_for_rest()
    assert (over["ending"]["cause"], over["ending"]["by"]) == ("gone", "endpoint-event")
    assert "EndpointGone" in over["why"] and "CloudTrail" in over["next"]
    assert "CloudTrail" in shown(story, over["id"])
    assert "EndpointGone" in cloud.faults(mark, "close"), "a person is needed: it rings"
    assert living(story) == set() and story.disorder() == []
    (run,) = cloud.executions("disconnect")
    assert run.status == "SUCCEEDED"
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    assert story.connection(share)["status"] == "closed", "it stays so"
    cloud.cli("retry", over["id"])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    again = story.connection(share)
    assert (again["generation"], again["names_version"]) == (2, 2) and living(story) == {made(again)}
    assert story.disorder() == []


@pytest.mark.parametrize("targets", [None, [TO_NETWORK]], ids=["endpoint", "association"])
def test_deleted_behind_our_back_and_nothing_tells(cloud: LocalCloud, targets: list[Json] | None) -> None:
    """Reconcile misses it; not shown once is no proof, not shown twice is."""
    story = Story(cloud)
    share, connection = connected(story, **({"targets": targets} if targets else {}))
    delete(story, connection)
    wait_for(lambda: not is_shown(story, connection), what="AWS shows it no more")
    assert reconcile(story)["recorded"] == 1
    missed = story.connection(share)
    assert (missed["status"], codes(missed), missed["missing"]["what"]) == ("ready", ["NotShown"], [made(connection)])
    assert "not shown since" in shown(story, missed["id"])
    before = missed["version"]
    reconcile(story)
    assert story.connection(share)["version"] == before, "too soon to say more"
    past(story, missed)
    assert reconcile(story)["ended"] == 1
    over = story.connection(share)
    assert (over["status"], over["ending"]["cause"], over["ending"]["by"]) == ("closed", "gone", "reconcile")
    assert living(story) == set() and story.disorder() == []


def test_what_is_gone_is_opened_anew_where_the_subscription_says_so(cloud: LocalCloud) -> None:
    """With `repair`, and without waiting for a sweep: that it is wanted again is announced, and that starts its run. What was
    ready for a moment only is not: somebody deletes it as often as it is made."""
    story = Story(cloud)
    share, connection = connected(story, reconcile="repair")
    story.overwrite(connection, since=LONG_AGO)
    mark = cloud.mark()
    delete(story, connection)
    tell(story, "DeleteVpcEndpoints", made(connection))
    (again,) = wait_for(lambda: [c for c in story.connections(share) if c["status"] == "ready" and c["generation"] == 2], 60, "it is back", story.explain)
    cloud.wait_for_rest()
    assert living(story) == {made(again)} and made(again) != made(connection) and story.disorder() == []
    assert "EndpointGone" not in cloud.faults(mark, "close"), "nobody is needed"

    delete(story, again)
    tell(story, "DeleteVpcEndpoints", made(again))
    over = until_closed(story, share)
    cloud.wait_for_rest()
    assert "less than an hour" in over["why"] and living(story) == set() and story.disorder() == []


def test_rejected_by_its_provider_after_it_could_be_used(cloud: LocalCloud) -> None:
    """The notification's body is documented nowhere; an id somewhere in it is enough."""
    story = Story(cloud)
    place = Place(story, acceptance_required=True)
    place.subscribe(place.interface())
    story.look()
    made_id = wait_for(lambda: next((e["id"] for e in story.endpoints(live=True)), None), 30, "the endpoint")
    wait_for(lambda: next((e for e in story.endpoints(live=True) if e["state"] == "pendingAcceptance"), None), 30, "it waits")
    story.standin.accept_endpoint(made_id)
    (ready,) = wait_for(lambda: [c for c in story.connections() if c["status"] == "ready"], 60, "it is ready", cloud.explain)
    cloud.wait_for_rest()

    mark = cloud.mark()
    story.standin.reject_endpoint(made_id)
    topic = cloud.outputs["ConnectionNotificationsTopicArn"]
    cloud.client("sns").publish(TopicArn=topic, Message=json.dumps({"event": "Reject", "endpoint": {"id": made_id}}))
    (over,) = wait_for(lambda: [c for c in story.connections() if c["status"] == "closed"], 60, "its end", cloud.explain)
    cloud.wait_for_rest()
    assert (over["id"], over["ending"]["cause"]) == (ready["id"], "rejected")
    assert "EndpointRejected" in over["why"] and "provider" in over["next"]
    assert "EndpointRejected" in cloud.faults(mark, "close")
    assert living(story) == set() and story.disorder() == []
    assert cloud.sweep().error is None
    story.wait_for_runs()
    assert story.connections()[0]["status"] == "closed", "it is not asked for again by itself"


def test_failed_after_it_could_be_used(cloud: LocalCloud) -> None:
    """AWS's own reason stands in the record."""
    story = Story(cloud)
    share, connection = connected(story)
    cloud.standin.set(failure_reason="The gateway was deleted.")
    story.standin.set_endpoint(made(connection), "failed")
    assert reconcile(story)["ended"] == 1
    over = story.connection(share)
    assert (over["status"], over["ending"]["cause"]) == ("closed", "failed") and "The gateway was deleted." in over["why"]
    assert living(story) == set() and story.disorder() == []


# Children


def test_a_group_grows_and_shrinks(cloud: LocalCloud) -> None:
    """From three to five: the names are recorded, their version goes up, and it is announced. From five to four likewise, at
    the second look."""
    story = Story(cloud)
    story.subscribe()
    share = story.share(resources=[group(3)])
    story.look()
    (three,) = story.ready(share, 1)
    cloud.wait_for_rest()
    assert len(three["databases"]) == 3 and "names_version" not in three
    added = story.standin.add_children(share.resources[0], databases(5)[3:])
    since = story.standin.next_call()
    # The new children are not usable at once.
    for _ in range(4):
        reconcile(story)
    five = story.connection(share)
    assert [d["name"] for d in five["databases"]] == [f"database-{n}" for n in range(5)]
    assert (five["names_version"] >= 2, five["status"]) == (True, "ready")
    assert all(d["port"]["known"]["ranges"] == [str(12000 + n)] for n, d in enumerate(five["databases"]))
    cloud.wait_for_rest()
    announced = [c for c in story.calls(since, "announce") if c["operation"] == "PutEvents"]
    assert announced and "names      version" in story.cloud.cli("show", five["id"]).stdout

    reconcile(story)
    assert story.connection(share)["version"] == five["version"], "looked at again, nothing is new"
    story.standin.remove_children(added[:1])
    reconcile(story)
    missing = story.connection(share)
    assert (len(missing["databases"]), codes(missing)) == (5, ["ChildrenMissing"])
    past(story, missing)
    reconcile(story)
    four = story.connection(share)
    assert len(four["databases"]) == 4 and four["names_version"] == five["names_version"] + 1 and codes(four) == []
    assert story.disorder() == []


def test_an_event_about_a_resource_finds_its_connections(cloud: LocalCloud) -> None:
    """By the ARN of the resource configuration, from every target that a subscription names."""
    story = Story(cloud)
    story.subscribe(targets=[{"vpc": VPC, "security_groups": [GROUP]}, TO_NETWORK])
    share = story.share(resources=[group(1)])
    story.look()
    story.ready(share, 2)
    cloud.wait_for_rest()
    story.standin.add_children(share.resources[0], databases(2)[1:])

    def both_have_two() -> bool:
        answer = cloud.invoke("endpoint-event", {"detail": {"resources": [{"ARN": share.resources[0]}]}})
        assert answer.error is None and answer.payload["connections"] == 2, answer
        return all(len(c["databases"]) == 2 for c in story.connections(share))

    wait_for(both_have_two, 30, "both connections have the new name", story.explain)
    assert story.disorder() == []


def test_what_is_shared_later_is_vetted_then_connected(cloud: LocalCloud) -> None:
    """A second resource in the share: its onboarding runs again, and both are connected. One of another type is not: the share
    is held, what is connected stays."""
    story = Story(cloud)
    share, first = connected(story)
    story.standin.add_resources(share.arn, [group(1, "redis-second")])
    assert reconcile(story)["shares"] == 1
    story.ready(share, 2)
    record = story.record(share)
    assert record is not None and (record["attempt"], record["status"]) == (2, "accepted")
    (run, again) = cloud.executions("onboard")
    assert run.name != again.name and any("put in" in entry["what"] for entry in story.audit(record["pk"]))
    kept = next(c for c in story.connections(share) if c["id"] == first["id"])
    assert (kept["made"], kept["generation"]) == (first["made"], 1)
    assert story.disorder() == []

    calls = story.standin.next_call()
    story.standin.add_resources(share.arn, [{"type": "SINGLE", "name": "foreign", "ram_type": "ec2:Subnet"}])
    assert reconcile(story)["shares"] == 1
    assert not [c for c in story.calls(calls) if c["operation"] == "CreateVpcEndpoint"]
    assert {c["status"] for c in story.connections(share)} == {"ready"} and story.disorder() == []
    assert reconcile(story)["shares"] == 0, "once"


def test_what_is_taken_out_of_a_share_is_told(cloud: LocalCloud) -> None:
    """AWS keeps what is connected; the record says that nothing new can be made from it."""
    story = Story(cloud)
    story.subscribe()
    share = story.share(resources=[group(1, "redis-first"), group(1, "redis-second")])
    story.look()
    story.ready(share, 2)
    cloud.wait_for_rest()
    story.standin.remove_resources(share.arn, [share.resources[1]])
    reconcile(story)
    by_resource = {c["resource"]: c for c in story.connections(share)}
    assert codes(by_resource[share.resources[0]]) == [] and codes(by_resource[share.resources[1]]) == ["NotInShare"]
    assert {c["status"] for c in by_resource.values()} == {"ready"} and story.disorder() == []


# In no live record


def test_an_orphan_is_told_then_removed_where_the_subscription_says_so(cloud: LocalCloud) -> None:
    """Of a connection that failed, and of one that the ledger does not have. Nothing is done about what was made just now."""
    story = Story(cloud)
    share, connection = connected(story)
    cloud.cli("close", connection["id"], "--reason", "moved")
    closed(story, share)
    left = orphan(story, share.resources[0], tags_of(connection["id"]))
    unknown = "conn-" + "0" * 32
    lost = orphan(story, share.resources[0], tags_of(unknown))
    foreign = orphan(story, share.resources[0], tags_of(unknown) | {"drawbridge:installation": "another"})
    reconcile(story)
    told = story.connection(share)
    assert codes(told) == ["Orphaned"] and left in shown(story, told["id"])
    assert lost in " ".join(cloud.cli("show", "reconcile").stdout.split())
    for _ in range(2):
        reconcile(story)
    assert story.connection(share)["version"] == told["version"], "told once"
    assert living(story) == {left, lost, foreign}

    # Without a sweep, which would open the first one anew: the subscription has changed.
    story.subscribe(reconcile="repair")
    assert reconcile(story, sweep=False)["removed"] == 0, "they are too young"
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        assert reconcile(story, sweep=False)["removed"] == 2
        assert living(story) == {foreign}, "what another installation made is not touched"
        assert any(f"removes {left}" in entry["what"] for entry in story.audit(told["pk"]))
        for _ in range(3):
            reconcile(story, sweep=False)
        assert codes(story.connection(share)) == [] and "In no record nothing" in " ".join(cloud.cli("show", "reconcile").stdout.split())
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")


def test_a_second_one_is_told_then_removed(cloud: LocalCloud) -> None:
    """What its record says was made is never taken for the second one."""
    story = Story(cloud)
    share, connection = connected(story)
    second = orphan(story, share.resources[0], tags_of(connection["id"]))
    reconcile(story)
    assert codes(story.connection(share)) == ["Duplicated"] and living(story) == {made(connection), second}
    story.subscribe(reconcile={"duplicated": "repair"})
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        assert reconcile(story)["removed"] == 1
        reconcile(story)
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    last = story.connection(share)
    assert (codes(last), last["status"], last["made"]) == ([], "ready", connection["made"])
    assert living(story) == {made(connection)}


def test_an_orphan_association_is_told_then_removed(cloud: LocalCloud) -> None:
    """As for endpoints; those of others in the same service network are asked for their tags and left alone."""
    story = Story(cloud)
    share, connection = connected(story, targets=[TO_NETWORK])
    cloud.cli("close", connection["id"], "--reason", "moved")
    closed(story, share)
    left = orphan_association(story, share.resources[0], tags_of(connection["id"]))
    reconcile(story)
    assert codes(story.connection(share)) == ["Orphaned"] and living(story) == {left}
    story.subscribe(targets=[TO_NETWORK], reconcile={"orphaned": "repair"})
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        assert reconcile(story)["removed"] == 1
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    assert living(story) == set()


def test_an_orphan_is_adopted(cloud: LocalCloud) -> None:
    """Of a connection that was gone by mistake: a run looks at it, and it is ready under its old generation. A tag that
    somebody gave it stays, and one that the subscription gives is put on."""
    story = Story(cloud)
    share, connection = connected(story)
    delete(story, connection)
    tell(story, "DeleteVpcEndpoints", made(connection))
    until_closed(story, share)
    cloud.wait_for_rest()
    found = orphan(story, share.resources[0], {**tags_of(connection["id"], 7), "by-hand": "yes"})
    story.subscribe(reconcile="adopt", tags={"team": "data"})
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        assert reconcile(story)["adopted"] == 1
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    (ready,) = story.ready(share, 1)
    assert (made(ready), ready["generation"]) == (found, 7)
    assert len(ready["databases"]) == 1 and living(story) == {found} and story.disorder() == []
    assert "by-hand" not in ready["plan"]["tags"]
    assert cloud.invoke("adjust", {}).error is None
    (endpoint,) = story.endpoints(live=True)
    assert (endpoint["tags"]["by-hand"], endpoint["tags"]["team"]) == ("yes", "data")
    # It is ours now, and can be closed like any other.
    assert cloud.sweep().error is None
    story.wait_for_runs()
    cloud.cli("close", ready["id"], "--reason", "enough")
    closed(story, share)
    assert living(story) == set()


# Reads, races, and what comes in


def test_what_is_denied_is_not_taken_for_gone(cloud: LocalCloud) -> None:
    """Whatever is denied, a connection that works is left alone; the record and `show reconcile` name what is missing."""
    story = Story(cloud)
    share, connection = connected(story)
    for service, operation in [("ec2", "DescribeVpcEndpoints"), ("ec2", "DescribeVpcEndpointAssociations"), ("ram", "ListResources")]:
        story.fault("reconcile", service, operation, "access_denied", occurrence=0, count=100)
        story.fault("endpoint-event", service, operation, "access_denied", occurrence=0, count=100)
        for _ in range(2):
            reconcile(story)
            assert cloud.invoke("endpoint-event", {"detail": made(connection)}).error is None
        held = story.connection(share)
        assert (held["status"], held["made"], held.get("missing")) == ("ready", connection["made"], None)
        assert codes(held) == ([] if service == "ram" else ["ReadDenied"])
        assert operation in " ".join(cloud.cli("show", "reconcile").stdout.split())
        story.mend()
        reconcile(story)
        assert codes(story.connection(share)) == []
    assert story.disorder() == [] and cloud.executions("disconnect") == []


def test_throttled_it_ends_nothing_and_lets_go(cloud: LocalCloud) -> None:
    """A read that fails for a passing reason ends the run under that name; the next one goes on."""
    story = Story(cloud)
    share, connection = connected(story)
    story.fault("reconcile", "ec2", "DescribeVpcEndpoints", "throttle", occurrence=0, count=100)
    reconcile(story, error="Throttled")
    story.mend()
    assert reconcile(story)["complete"] is True
    assert story.connection(share)["version"] == connection["version"]


def test_two_at_once_and_where_it_stopped(cloud: LocalCloud) -> None:
    """Two runs at once: one does it, the other says who has it. Two connections a run: the third is looked at by the next."""
    story = Story(cloud)
    story.subscribe(targets=[{"vpc": VPC, "security_groups": [GROUP]}, TO_NETWORK])
    share = story.share(resources=[group(1, "redis-first"), group(1, "redis-second")])
    story.look()
    story.ready(share, 4)
    cloud.wait_for_rest()
    environment(cloud, "reconcile", CONNECTIONS_PER_RUN="3")
    try:
        first, second = reconcile(story), reconcile(story)
        assert [(r["round"], r["connections"], r["complete"]) for r in (first, second)] == [(1, 3, False), (1, 1, True)]
    finally:
        environment(cloud, "reconcile", CONNECTIONS_PER_RUN="10000")
    answers: list[Answer] = []
    # The first is slow, so that the second comes while it has the round.
    story.fault("reconcile", "ec2", "DescribeVpcEndpoints", "timeout", hold_ms=1500)
    runs = [threading.Thread(target=lambda: answers.append(cloud.invoke("reconcile", {}))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [a.error for a in answers] == [None, None], answers
    done = [a.payload for a in answers if "held_until" not in a.payload]
    assert len(done) == 1 and done[0]["complete"] is True, answers
    assert story.disorder() == []


# What each of them calls that changes something; the runs that reconcile asks for are started by the sweep.
LOST = [
    (function, service, operation, kind)
    for function, service, operation in [
        ("endpoint-event", "dynamodb", "TransactWriteItems"),
        ("endpoint-event", "states", "StartExecution"),
        ("reconcile", "dynamodb", "TransactWriteItems"),
    ]
    for kind in ("cut_before", "cut_after")
]


@pytest.mark.parametrize(("function", "service", "operation", "kind"), LOST, ids=[f"{f} {o} {kind}" for f, _, o, kind in LOST])
def test_what_is_cut_off_is_finished_and_done_once(cloud: LocalCloud, function: str, service: str, operation: str, kind: str) -> None:
    """The connection is cut at each call that changes something, as often as the SDK tries: delivered again, or found by the
    sweep, it is closed, by one run."""
    story = Story(cloud)
    share, connection = connected(story)
    story.standin.set_endpoint(made(connection), "failed")
    # Reconcile's first write takes the round. A run that loses the answer to that has it, and leaves it to the next hour.
    fault = story.fault(function, service, operation, kind, occurrence=2 if function == "reconcile" else 1, count=3)
    first = cloud.invoke(function, {"detail": made(connection)})
    assert story.struck(fault) > 0, first
    story.mend()
    assert cloud.invoke(function, {"detail": made(connection)}).error is None
    story.wait_for_runs()
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    assert len(cloud.executions("disconnect")) == 1 and living(story) == set() and story.disorder() == []


def test_a_removal_that_nobody_heard_of(cloud: LocalCloud) -> None:
    """The second one is deleted and the answer is lost: the next round finds it gone, and what stands in the record stays."""
    story = Story(cloud)
    share, connection = connected(story, reconcile="repair")
    orphan(story, share.resources[0], tags_of(connection["id"]))
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        story.fault("reconcile", "ec2", "DeleteVpcEndpoints", "cut_after", count=3)
        reconcile(story, error="ServiceUnavailable")
        story.mend()
        reconcile(story)
        reconcile(story)
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    assert living(story) == {made(connection)} and codes(story.connection(share)) == []


HOSTILE: list[Any] = [
    None,
    [],
    {},
    0,
    "",
    {"Records": None},
    {"Records": [{"Sns": {"Message": 5}}]},
    {"Records": [{"Sns": {"Message": "{\"broken"}}]},
    {"detail": {"requestParameters": None, "resources": "x"}},
    {"detail": {"vpcEndpointId": "vpce-" + "f" * 500}},
    {"detail": {"vpcEndpointId": "../../vpce-1; DROP TABLE"}},
    {"detail": "x" * 262_144},
    {"detail": " ".join(f"vpce-{n:08x}" for n in range(10_000))},
    {"detail": {"a": [{"b": [[[["vpce-0a1b"]]]]}]}},
    {"detail": "arn:aws:vpc-lattice:us-east-1:999988887777:resourceconfiguration/rcfg-0a1b"},
    {"detail": "\u0000\u202e vpce-\u0430"},
]


def test_hostile_events(cloud: LocalCloud) -> None:
    """Whatever comes, nothing changes and nothing fails: an event says where to look, and nothing of what is there."""
    story = Story(cloud)
    share, connection = connected(story)
    for event in HOSTILE:
        answer = cloud.invoke("endpoint-event", event)
        assert answer.error is None, (event, answer)
    # A deletion that never was, and one that names our endpoint among others.
    tell(story, "DeleteVpcEndpoints", made(connection), "vpce-0123456789abcdef0")
    topic = cloud.outputs["ConnectionNotificationsTopicArn"]
    cloud.client("sns").publish(TopicArn=topic, Message=f"Reject {made(connection)} at once!")
    cloud.wait_for_rest()
    assert story.connection(share)["version"] == connection["version"] and story.disorder() == []
    for url in cloud.queues.values():
        assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=url), url


def test_somebody_changes_an_endpoint(cloud: LocalCloud) -> None:
    """Other security groups than it was made with: told, with how to undo it; put back, it is told no more."""
    story = Story(cloud)
    share, connection = connected(story)
    other = "sg-0b1b2c3d4e5f60718"
    story.standin.seed(story.account, security_groups=[{"id": other, "vpc": VPC, "ingress": []}])
    ec2 = cloud.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=made(connection), AddSecurityGroupIds=[other])
    tell(story, "ModifyVpcEndpoint", made(connection))
    wait_for(lambda: codes(story.connection(share)) == ["SettingsChanged"], 30, "it is told", story.explain)
    assert other in shown(story, connection["id"])
    ec2.modify_vpc_endpoint(VpcEndpointId=made(connection), RemoveSecurityGroupIds=[other])
    reconcile(story)
    held = story.connection(share)
    assert (codes(held), held["status"], held["made"]) == ([], "ready", connection["made"])


def test_somebody_changes_a_policy_or_takes_tags_off(cloud: LocalCloud) -> None:
    """Of an endpoint with a policy and of one without: told, and not fought; the same in other words is no change. Without the
    tag by which reconcile lists endpoints it is looked for by its id, and told as well."""
    story = Story(cloud)
    place = Place(story)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    less = {"Version": "2012-10-17", "Statement": [statement]}
    place.subscribe(place.interface(policy=less), place.gateway(route_tables=[place.main]))
    story.look()
    kinds = ["gateway-endpoint", "interface-endpoint"]

    def both() -> list[Json]:
        return sorted((c for c in story.connections() if c["target"] == {"vpc": place.vpc}), key=lambda c: str(c["kind"]))

    wait_for(lambda: [(c["kind"], c["status"]) for c in both()] == [(kind, "ready") for kind in kinds], 60, "both are ready", cloud.explain)
    cloud.wait_for_rest()
    gateway, interface = (made(connection) for connection in both())

    def looked(*told: list[str]) -> bool:
        """An interface endpoint is `pending` for a moment after a change."""
        reconcile(story)
        return [codes(connection) for connection in both()] == list(told)

    changed = ["SettingsChanged"]
    ec2 = cloud.client("ec2")
    assert reconcile(story)["recorded"] == 0, "AWS's default is what nobody asked otherwise for"
    in_other_words = {"Statement": {**statement, "Sid": "read", "Principal": {"AWS": "*"}, "Action": ["s3:getobject"]}, "Version": "2008-10-17"}
    ec2.modify_vpc_endpoint(VpcEndpointId=interface, PolicyDocument=json.dumps(in_other_words))
    wait_for(lambda: looked([], []), 30, "the same is no change", story.explain)

    ec2.modify_vpc_endpoint(VpcEndpointId=interface, ResetPolicy=True)
    ec2.modify_vpc_endpoint(VpcEndpointId=gateway, PolicyDocument=json.dumps(less))
    wait_for(lambda: looked(changed, changed), 30, "both are told", story.explain)
    assert "another policy than AWS's default" in shown(story, both()[0]["id"])
    assert "another policy than the one of the subscription" in shown(story, both()[1]["id"])
    ec2.modify_vpc_endpoint(VpcEndpointId=interface, PolicyDocument=json.dumps(less))
    ec2.modify_vpc_endpoint(VpcEndpointId=gateway, ResetPolicy=True)
    wait_for(lambda: looked([], []), 30, "both are as they were made", story.explain)

    tags = both()[0]["plan"]["tags"]
    ec2.delete_tags(Resources=[gateway], Tags=[{"Key": "drawbridge:installation"}])
    ec2.delete_tags(Resources=[interface], Tags=[{"Key": "drawbridge:owner"}])
    assert looked(changed, changed) and {connection["status"] for connection in both()} == {"ready"}
    back = f"aws ec2 create-tags --resources {gateway} --tags Key=drawbridge:installation,Value=drawbridge"
    assert back in both()[0]["findings"][0]["way_out"]
    assert "no tag drawbridge:owner" in both()[1]["findings"][0]["seen"]
    for endpoint, own in ((gateway, tags), (interface, both()[1]["plan"]["tags"])):
        ec2.create_tags(Resources=[endpoint], Tags=[{"Key": key, "Value": value} for key, value in own.items()])
    assert looked([], []) and story.disorder() == []


def test_a_stranger_s_share_gains_nothing_by_growing(cloud: LocalCloud) -> None:
    """What was never accepted is not taken up by what its owner puts into it."""
    story = Story(cloud)
    story.subscribe(senders=("999988887777",))
    share = story.share(owner=REDIS)
    story.look()
    story.settle(share)
    story.standin.add_resources(share.arn, [group(1, "more")])
    assert reconcile(story)["shares"] == 0
    assert story.invitation(share) == "PENDING" and story.connections(share) == []
