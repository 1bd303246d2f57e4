"""A security group of the connection's own: made once, removed with it, and left to whoever else began to use it. Waits are 1/50
of AWS's."""

from __future__ import annotations

from typing import Any

import pytest
from drift import delete, made, orphan, reconcile, reconcile_at_once, tags_of
from local import LocalCloud, wait_for
from place import Place
from story import GROUP, SUBNETS, TO_VPC, VPC, Json, Shared, Story

MANAGED = {**TO_VPC, "security_groups": "managed"}
LONG_AGO = "2026-01-01T00:00:00Z"


def groups(story: Story) -> list[Json]:
    """The security groups that carry an installation's tag, as EC2 shows them."""
    found = story.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    ours = []
    for group in found:
        tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}
        if "drawbridge:installation" in tags:
            ours.append({**group, "tags": tags})
    return ours


def rules(group: Json) -> set[tuple[int, int, str]]:
    """What a group admits: ports and from where."""
    found = set()
    for rule in group["IpPermissions"]:
        assert rule["IpProtocol"] == "tcp", rule
        sources = [r["CidrIp"] for r in rule.get("IpRanges", [])] + [r["GroupId"] for r in rule.get("UserIdGroupPairs", [])]
        found |= {(rule["FromPort"], rule["ToPort"], source) for source in sources}
    return found


def shared(story: Story, target: Json = MANAGED, **more: Any) -> Shared:
    """Something is subscribed to and shared, and its runs are over."""
    story.subscribe(targets=[target], **more)
    share = story.share()
    story.look()
    story.settle(share)
    return share


def connected(story: Story, target: Json = MANAGED, **more: Any) -> tuple[Shared, Json, Json]:
    """The same, and it can be used; with its own group."""
    share = shared(story, target, **more)
    (connection,) = story.ready(share, 1)
    story.cloud.wait_for_rest()
    (group,) = groups(story)
    assert connection["group"] == {"id": group["GroupId"]}
    (endpoint,) = story.endpoints(live=True)
    assert endpoint["security_groups"] == [group["GroupId"]], "shared with nothing else"
    assert story.disorder() == []
    return share, connection, group


def closed(story: Story, share: Shared) -> Json:
    """Sweeps until the share's connection is closed."""
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="the connection's end")
    return story.connection(share)


def test_one_is_made_and_removed_with_the_connection(cloud: LocalCloud) -> None:
    """The profile's ports from the VPC's own addresses; tagged like the endpoint; gone when the connection is closed."""
    story = Story(cloud)
    share, connection, group = connected(story, tags={"team": "data"})
    assert rules(group) == {(10000, 19999, "10.0.0.0/16"), (8070, 8070, "10.0.0.0/16")}
    assert group["GroupName"] == f"{connection['id']}-g1" and group["VpcId"] == VPC
    assert group["tags"] == connection["plan"]["tags"] and group["tags"]["team"] == "data"
    assert group["GroupId"] in story.cloud.cli("show", connection["id"]).stdout
    for operation in ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress"):
        assert len(story.calls(function="guard", operation=operation)) == 1
    assert reconcile(story)["recorded"] == 0 and "findings" not in story.connection(share), "it is as it was made"

    cloud.cli("withdraw", "redis", "--yes")
    over = closed(story, share)
    assert groups(story) == [] and story.endpoints(live=True) == [] and "group" not in over
    (run,) = cloud.executions("disconnect")
    assert set(run.output["removed"]) == {group["GroupId"], *connection["made"].values()}
    assert story.disorder() == []

    # Asked for again, there is another one, of the next generation.
    story.subscribe(targets=[MANAGED])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    (again,) = groups(story)
    assert again["GroupName"] == f"{connection['id']}-g2" and again["GroupId"] != group["GroupId"]


def test_a_profile_that_is_extended(cloud: LocalCloud) -> None:
    """What the subscription adds to the profile is admitted, too, and a zone that it rules out gets no subnet."""
    story = Story(cloud)
    more = {"ports": [{"from": 9443, "use": "admin"}], "unsupported_az_ids": ["use1-az1"]}
    _, connection, group = connected(story, profile={"extends": "redis-cloud", **more})
    assert rules(group) == {(port, to, "10.0.0.0/16") for port, to in ((10000, 19999), (8070, 8070), (9443, 9443))}
    assert set(connection["plan"]["call"]["resource_endpoint"]["subnets"]) == set(SUBNETS[1:])
    assert "extended: port 9443 (admin); not in use1-az1" in cloud.cli("check", str(story.file("redis"))).stdout


def test_from_listed_ones_to_one_of_its_own_and_back(cloud: LocalCloud) -> None:
    """Told, and made anew where the subscription says so: behind its own group, which goes with the way back."""
    story = Story(cloud)
    share = shared(story, TO_VPC)
    story.ready(share, 1)
    story.subscribe(targets=[MANAGED])
    story.look()
    told = story.connection(share)
    assert (told["status"], told["generation"]) == ("ready", 1) and groups(story) == []
    assert [f["code"] for f in told["findings"]] == ["SettingsDiffer"] and "on_change: replace" in told["findings"][0]["way_out"]
    for generation, target in ((2, MANAGED), (3, TO_VPC)):
        story.subscribe(targets=[target], on_change="replace")
        anew = ("ready", generation)
        story.sweep_until(lambda: (now := story.connection(share))["generation"] == anew[1] and now["status"] == anew[0], what="it is made anew")  # noqa: B023
        assert len(groups(story)) == (target is MANAGED) and len(story.endpoints(live=True)) == 1
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_from_where_it_admits(cloud: LocalCloud) -> None:
    """CIDR blocks and groups that the subscription names, and for an interface endpoint the service's port."""
    story = Story(cloud)
    sources = {"cidrs": ["192.168.0.0/24"], "security_groups": [GROUP]}
    _, _, group = connected(story, {**TO_VPC, "security_groups": sources})
    both = {"192.168.0.0/24", GROUP}
    assert rules(group) == {(from_, to, source) for from_, to in ((10000, 19999), (8070, 8070)) for source in both}

    place = Place(story)
    place.subscribe(place.interface(security_groups="managed"))
    story.look()
    wait_for(lambda: [c for c in story.connections() if c["kind"] == "interface-endpoint" and c["status"] == "ready"], 60.0, "it is ready")
    (own,) = [group for group in groups(story) if group["VpcId"] == place.vpc]
    assert rules(own) == {(12000, 12000, "10.1.0.0/16")}


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize(
    ("function", "operation"),
    [
        ("guard", "CreateSecurityGroup"),
        ("guard", "AuthorizeSecurityGroupIngress"),
        ("guard", "TransactWriteItems"),
        ("open", "CreateVpcEndpoint"),
    ],
)
def test_an_answer_that_was_lost(cloud: LocalCloud, function: str, operation: str, kind: str) -> None:
    """Each call that changes something, cut before or after its effect for as long as an invocation tries: one group, one endpoint."""
    story = Story(cloud)
    service = "dynamodb" if operation == "TransactWriteItems" else "ec2"
    cut = story.fault(function, service, operation, kind, count=3)
    _, _, group = connected(story)
    assert story.struck(cut) == 3
    assert rules(group) == {(10000, 19999, "10.0.0.0/16"), (8070, 8070, "10.0.0.0/16")}
    assert len([e for e in story.endpoints() if e["tags"].get("drawbridge:connection")]) == 1


def test_ec2_does_not_know_it_yet(cloud: LocalCloud) -> None:
    """What was made a moment ago may not be found by the next call, be it for its rules or for the endpoint: it is waited for."""
    story = Story(cloud)
    unknown = {"count": 2, "status": 400, "message": "The security group does not exist"}
    faults = [
        story.fault("guard", "ec2", "AuthorizeSecurityGroupIngress", "error", code="InvalidGroup.NotFound", **unknown),
        story.fault("open", "ec2", "CreateVpcEndpoint", "error", code="InvalidSecurityGroupID.NotFound", **unknown),
    ]
    connected(story)
    assert [story.struck(fault) for fault in faults] == [2, 2]
    assert len(story.calls(function="guard", operation="CreateSecurityGroup")) == 3, "asked for again, and found by its name"


def test_every_task_twice(cloud: LocalCloud) -> None:
    """What was handed to guard and open is handed to them again when all is over: nothing is made, nothing changes."""
    story = Story(cloud)
    share, connection, group = connected(story)
    before = story.standin.next_call()
    request = {"connection": connection["id"], "attempt": connection["attempt"], "execution": connection["execution"]}
    for function in ("guard", "open"):
        assert cloud.invoke(function, request).error in (None, "ConnectionBusy", "RunOver")
    assert [c["operation"] for c in story.calls(before) if c["mutating"]] == []
    cloud.cli("withdraw", "redis", "--yes")
    closed(story, share)
    for function in ("guard", "open"):
        assert cloud.invoke(function, request).error in ("ConnectionBusy", "RunOver"), function
    assert groups(story) == [] and story.endpoints(live=True) == []


@pytest.mark.parametrize(("function", "operation"), [("guard", "AuthorizeSecurityGroupIngress"), ("open", "CreateVpcEndpoint")])
def test_what_fails_leaves_no_group(cloud: LocalCloud, function: str, operation: str) -> None:
    """Refused after the group was made: failed under the fault's name, and the group is removed, be it in the record or not."""
    story = Story(cloud)
    story.fault(function, "ec2", operation, "access_denied", occurrence=0)
    share = shared(story)
    failed = story.connection(share)
    assert (failed["status"], failed["fault"]["name"]) == ("failed", "AccessDenied") and operation in failed["fault"]["message"]
    assert len(story.calls(function="guard", operation="CreateSecurityGroup")) == 1
    assert groups(story) == [] and "group" not in failed
    story.mend()
    cloud.cli("retry", failed["id"])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    assert len(groups(story)) == 1 and story.disorder() == []


def test_a_name_that_is_taken(cloud: LocalCloud) -> None:
    """A group of that name that is not ours is not used, whatever else of ours it looks like: a fault says whose it is."""
    story = Story(cloud)
    share = shared(story)
    connection = story.connection(share)
    cloud.cli("withdraw", "redis", "--yes")
    closed(story, share)
    theirs = {"id": "sg-00000000000000bad", "vpc": VPC, "name": f"{connection['id']}-g2", "ingress": []}
    story.standin.seed(story.account, security_groups=[theirs])
    story.subscribe(targets=[MANAGED])
    story.sweep_until(lambda: story.connection(share)["status"] == "failed", what="the fault")
    failed = story.connection(share)
    assert failed["fault"]["name"] == "Conflict" and theirs["id"] in failed["fault"]["message"]
    assert groups(story) == [] and story.disorder() == []


def test_somebody_else_began_to_use_it(cloud: LocalCloud) -> None:
    """It is waited for, then told, and not fought: the connection is closed, the group stays and the record says why."""
    story = Story(cloud)
    share, connection, group = connected(story)
    theirs = {"from": 5432, "to": 5432, "group": group["GroupId"]}
    story.standin.seed(story.account, security_groups=[{"id": "sg-0000000000000beef", "vpc": VPC, "ingress": [theirs]}])
    cloud.cli("withdraw", "redis", "--yes")
    assert cloud.sweep().error is None
    refused = wait_for(
        lambda: (story.connection(share).get("group") or {}).get("refused_since") and story.connection(share),
        what="the record says since when it is refused",
    )
    assert refused["status"] == "closing" and story.endpoints(live=True) == [], "the endpoint is gone first"
    over = closed(story, share)
    assert [g["GroupId"] for g in groups(story)] == [group["GroupId"]]
    assert f"somebody else uses {group['GroupId']}" in over["why"]
    assert group["GroupId"] in " ".join(cloud.cli("show", over["id"]).stdout.split())
    assert len(story.calls(function="close", operation="DeleteSecurityGroup")) > 1
    assert story.disorder() == []
    # The next generation has one of its own, whatever became of the last.
    story.subscribe(targets=[MANAGED])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    again = story.connection(share)
    assert again["group"]["id"] != group["GroupId"] and again["groups_left"] == [group["GroupId"]]
    shown = " ".join(cloud.cli("show", again["id"]).stdout.split())
    assert f"left {group['GroupId']}, its security group of an earlier time: somebody else used it" in shown
    assert story.disorder() == []
    # Each close tries again: it is still used, and what is said names it.
    cloud.cli("withdraw", "redis", "--yes")
    over = closed(story, share)
    assert [g["GroupId"] for g in groups(story)] == [group["GroupId"]] and over["groups_left"] == [group["GroupId"]]
    assert f"{group['GroupId']}, which an earlier close left, is still used by somebody else" in over["why"]
    # Nobody uses it any more.
    story.subscribe(targets=[MANAGED])
    story.sweep_until(lambda: story.connection(share)["status"] == "ready", what="the connection")
    cloud.client("ec2").delete_security_group(GroupId="sg-0000000000000beef")
    cloud.cli("withdraw", "redis", "--yes")
    over = closed(story, share)
    assert groups(story) == [] and "groups_left" not in over
    assert f"{group['GroupId']}, which an earlier close left, is removed" in over["why"]
    assert story.disorder() == []


def test_adopted_with_its_group(cloud: LocalCloud) -> None:
    """An endpoint that is taken into its record brings the group that it stands behind: told as nothing else, and removed
    with it. Behind the group of another generation it is not adopted, which is told with the reason."""
    story = Story(cloud)
    share, connection, group = connected(story, reconcile="adopt")
    theirs: Json = {"id": "sg-0000000000000beef", "vpc": VPC, "ingress": [{"from": 5432, "to": 5432, "group": group["GroupId"]}]}
    story.standin.seed(story.account, security_groups=[theirs])
    delete(story, connection)
    assert cloud.invoke("endpoint-event", {"detail": made(connection)}).payload["ended"] == 1
    assert closed(story, share)["ending"]["cause"] == "gone"
    other = orphan(story, share.resources[0], tags_of(connection["id"], 7), group["GroupId"])
    assert reconcile_at_once(story)["adopted"] == 0
    (finding,) = story.connection(share)["findings"]
    assert f"it is not adopted: it stands behind {group['GroupId']}, which was made for {group['GroupName']}" in finding["seen"]
    assert cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[other]).get("Unsuccessful", []) == []
    found = orphan(story, share.resources[0], tags_of(connection["id"]), group["GroupId"])
    assert reconcile_at_once(story)["adopted"] == 1
    (ready,) = story.ready(share, 1)
    assert (made(ready), ready["group"], ready["plan"]["group"]["vpc"]) == (found, {"id": group["GroupId"]}, VPC)
    reconcile_at_once(story)
    assert "findings" not in story.connection(share) and story.disorder() == []
    story.standin.seed(story.account, security_groups=[{**theirs, "ingress": []}])
    cloud.cli("withdraw", "redis", "--yes")
    closed(story, share)
    assert groups(story) == [] and story.endpoints(live=True) == [] and story.disorder() == []


def test_its_interfaces_go_late(cloud: LocalCloud) -> None:
    """DependencyViolation for a while is waited out: nothing stays."""
    story = Story(cloud)
    share, _, _ = connected(story)
    late = story.standin.fault("ec2", "DeleteSecurityGroup", "error", account=story.account, code="DependencyViolation", status=400, count=3)
    cloud.cli("withdraw", "redis", "--yes")
    closed(story, share)
    assert groups(story) == [] and story.disorder() == []
    assert next(int(f["fired"]) for f in story.standin.faults()["faults"] if str(f["id"]) == late) == 3


def test_its_tags_were_taken_off(cloud: LocalCloud) -> None:
    """Nobody but a person can tell whose it is then: it is not deleted, and the record says what to do. Put back, it goes."""
    story = Story(cloud)
    share, connection, group = connected(story)
    ec2 = cloud.client("ec2")
    ec2.delete_tags(Resources=[group["GroupId"]], Tags=[{"Key": key} for key in group["tags"]])
    cloud.cli("withdraw", "redis", "--yes")
    assert cloud.sweep().error is None
    story.wait_for_runs()
    stuck = story.connection(share)
    assert stuck["status"] == "closing" and group["GroupId"] in stuck["why"] and "put the tags back" in stuck["why"]
    ec2.create_tags(Resources=[group["GroupId"]], Tags=[{"Key": k, "Value": v} for k, v in group["tags"].items()])
    story.overwrite(stuck, since=LONG_AGO)
    over = closed(story, share)
    assert groups(story) == [] and "removed" in over["why"], over["why"]


def test_planned_before_it_is_made(cloud: LocalCloud) -> None:
    """`drawbridge plan` says what it would admit; without known ports it says that nothing can be."""
    story = Story(cloud)
    story.share()
    file = cloud.settings.home / "managed.yaml"
    text = f"version: 1\nname: a\nprofile: PROFILE\ntrust: {{senders: ['444455556666']}}\ntargets: [{{vpc: {VPC}, security_groups: managed}}]\n"
    file.write_text(text.replace("PROFILE", "redis-cloud"))
    said = cloud.cli("plan", str(file)).stdout
    assert "a security group of its own, which admits TCP 10000-19999, 8070 from 10.0.0.0/16" in said
    file.write_text(text.replace("PROFILE", "generic"))
    refused = cloud.cli("plan", str(file), check=False)
    assert refused.returncode == 1 and "ManagedPortsUnknown" in refused.stdout
    assert groups(story) == []
