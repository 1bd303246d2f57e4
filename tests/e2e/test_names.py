"""Private names that something else in the VPC has, and quotas that are used up: foreseen where they can be looked at, and never
in the way of a connection where they can't. Waits are 1/50 of AWS's."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from local import LocalCloud, wait_for
from place import SERVICE, Place
from routes import begin
from story import VPC, Json, Story
from test_plan import Planner, codes

NAME = "orders.example.com"
ONE = {"type": "SINGLE", "name": "redis-one", "ports": ["6379"], "dns_target": "one.example.com", "custom_domain": "one.example.com"}
TROUBLE = ["access_denied", "throttle", "server_error"]


def zoned(story: Story, name: str, vpc: str, id_: str | None = None, **more: object) -> str:
    """A private hosted zone that is associated with a VPC; its id."""
    id_ = id_ or f"Z{uuid.uuid4().hex[:20].upper()}"
    story.standin.seed(story.account, story.cloud.region, hosted_zones=[{"id": id_, "name": name, "vpcs": [vpc], **more}])
    return id_


def wanted(story: Story, status: str) -> Json:
    """The one connection that was asked for, when it has this status."""
    (found,) = wait_for(
        lambda: [c for c in story.connections() if c["status"] == status], 60.0, f"a connection is {status}", story.cloud.explain
    )
    return dict(found)


def told(connection: Json, code: str) -> Json:
    """Its one finding of this code."""
    (finding,) = [f for f in connection["findings"] if f["code"] == code]
    return dict(finding)


def test_a_hosted_zone_of_the_private_name(cloud: LocalCloud, tmp_path: Path) -> None:
    """Told by plan and by the record in the same words, with what takes it away; nothing is made. Taken off the VPC, another
    attempt connects."""
    place = Place(Story(cloud), private_dns_name=NAME)
    story = place.story
    zone = zoned(story, f"{NAME.upper()}.", place.vpc, owner="777788889999")
    file = Planner(story, tmp_path).file(
        "asking", senders=(), targets=(), profile="generic", ports={SERVICE: 12000}, endpoints=[place.interface()]
    )
    (planned,) = Planner(story, tmp_path).says(file, 1)["connections"]
    assert codes(planned) == {"HostedZoneClashes"}

    place.subscribe(place.interface())
    story.look()
    failed = wanted(story, "failed")
    clash = told(failed, "HostedZoneClashes")
    assert clash in planned["findings"] and clash["severity"] == "error"
    assert zone in clash["seen"] and "777788889999" in clash["seen"] and f"--hosted-zone-id {zone}" in clash["way_out"]
    assert failed["fault"]["name"] == "PreflightFailed" and story.calls(operation="CreateVpcEndpoint") == []

    zoned(story, NAME, "vpc-00000000000000000", zone)
    assert Planner(story, tmp_path).says(file)["fails"] == 0
    cloud.cli("retry", failed["id"])
    story.look()
    assert "findings" not in wanted(story, "ready")
    cloud.wait_for_rest()
    assert story.disorder() == [] and len(story.endpoints()) == 1


@pytest.mark.parametrize(("name", "severity"), [("example.com", "warning"), (f"a.{NAME}", None)])
def test_hosted_zones_of_other_names(cloud: LocalCloud, name: str, severity: str | None) -> None:
    """One above the private name is told, since it answers no more for that name; one under it is nobody's concern."""
    place = Place(Story(cloud), private_dns_name=NAME)
    story = place.story
    zoned(story, name, place.vpc)
    # AWS's own, and on a page of its own.
    zoned(story, f"efs.{NAME}", place.vpc, service="elasticfilesystem.amazonaws.com")
    cloud.standin.set(page_size=1)
    place.subscribe(place.interface())
    story.look()
    ready = wanted(story, "ready")
    assert [(f["code"], f["severity"]) for f in ready.get("findings", [])] == ([("HostedZoneOverlaps", severity)] if severity else [])
    cloud.wait_for_rest()
    assert story.disorder() == []


@pytest.mark.parametrize("kind", TROUBLE)
def test_hosted_zones_that_cannot_be_looked_at(cloud: LocalCloud, kind: str) -> None:
    """Connected all the same, with a warning that names the call."""
    place = Place(Story(cloud), private_dns_name=NAME)
    story = place.story
    fault = story.fault("open", "route53", "ListHostedZonesByVPC", kind, occurrence=0)
    place.subscribe(place.interface())
    story.look()
    ready = wanted(story, "ready")
    assert story.struck(fault) > 0
    unseen = told(ready, "HostedZonesNotSeen")
    assert unseen["severity"] == "warning" and "route53:ListHostedZonesByVPC" in unseen["seen"] and NAME in unseen["needed"]
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_without_a_private_name_route_53_is_not_asked(cloud: LocalCloud) -> None:
    """Nor is Service Quotas, as long as AWS's defaults are not used up."""
    place = Place(Story(cloud), private_dns_name=NAME)
    story = place.story
    since = story.standin.next_call()
    place.subscribe(place.interface(private_dns=False), place.gateway())
    story.look()
    wait_for(lambda: len([c for c in story.connections() if c["status"] == "ready"]) == 2, 60.0, "both are ready", cloud.explain)
    assert [c for c in story.calls(since) if c["service"] in ("route53", "servicequotas")] == []


def test_two_resources_of_one_name(cloud: LocalCloud) -> None:
    """A provider's own name for a resource is held against what stands behind the VPC's other endpoints: the second is refused,
    and the first stays as it is."""
    story = Story(cloud)
    begin(story)
    first = story.share(resources=[ONE])
    story.look()
    (ready,) = story.ready(first, 1)
    second = story.share(resources=[{**ONE, "name": "redis-two"}])
    story.look()
    story.settle(second)
    (failed,) = story.connections(second)
    taken = told(failed, "PrivateDnsTaken")
    assert failed["status"] == "failed" and taken["severity"] == "error"
    assert ready["made"]["endpoint"] in taken["seen"] and "one.example.com" in taken["seen"] and "private_dns: off" in taken["way_out"]
    cloud.wait_for_rest()
    assert story.disorder() == [] and len(story.endpoints()) == 1


@pytest.mark.parametrize("kind", TROUBLE)
def test_names_behind_others_that_cannot_be_looked_at(cloud: LocalCloud, kind: str) -> None:
    """Connected all the same, with a warning that names the call."""
    story = Story(cloud)
    begin(story)
    first = story.share(resources=[ONE])
    story.look()
    story.ready(first, 1)
    fault = story.fault("open", "ec2", "DescribeVpcEndpointAssociations", kind, occurrence=0)
    second = story.share(resources=[{**ONE, "name": "redis-two", "custom_domain": "two.example.com"}])
    story.look()
    (ready,) = story.ready(second, 1)
    assert story.struck(fault) > 0
    unseen = told(ready, "PrivateNamesNotSeen")
    assert unseen["severity"] == "warning" and "ec2:DescribeVpcEndpointAssociations" in unseen["seen"]


def test_a_hosted_zone_of_a_resource_s_name(cloud: LocalCloud) -> None:
    """The name that a provider gave its resource gets a zone, too; where private DNS is off, it does not matter."""
    story = Story(cloud)
    zoned(story, "one.example.com", VPC)
    begin(story)
    share = story.share(resources=[ONE])
    story.look()
    story.settle(share)
    (failed,) = story.connections(share)
    clash = told(failed, "HostedZoneClashes")
    assert failed["status"] == "failed" and clash["severity"] == "error" and "private_dns: off" in clash["way_out"]
    cloud.wait_for_rest()
    assert story.disorder() == [] and story.endpoints() == []


def crowded(place: Place, count: int) -> None:
    """So many interface endpoints in the VPC that are nobody's."""
    ec2 = place.story.cloud.client("ec2", place.story.account)
    for _ in range(count):
        ec2.create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=place.vpc,
            ServiceName=SERVICE,
            SubnetIds=place.subnets[:1],
            SecurityGroupIds=[place.group],
            PrivateDnsEnabled=False,
        )


def test_a_quota_that_is_used_up(cloud: LocalCloud, tmp_path: Path) -> None:
    """Plan says what Service Quotas says: nothing where it was raised, an error with the request to make where it is reached, the
    warning of AWS's default where it may not be asked. `open` asks nothing: EC2's refusal says the same."""
    place = Place(Story(cloud))
    story = place.story
    crowded(place, 50 - 1)
    planner = Planner(story, tmp_path)
    file = planner.file("asking", senders=(), targets=(), profile="generic", ports={SERVICE: 12000}, endpoints=[place.interface()])

    def quotas(code: int = 0) -> list[Json]:
        (connection,) = planner.says(file, code)["connections"]
        return [f for f in connection["findings"] if f["code"] == "QuotaReached"]

    since = story.standin.next_call()
    assert quotas() == []
    asked = [c for c in story.standin.calls(since) if c["service"] == "servicequotas"]
    assert asked == [], "no more is asked than is needed"

    crowded(place, 1)
    cloud.standin.set(interface_endpoints_per_vpc=60)
    assert quotas() == []
    denied = story.standin.fault("servicequotas", "GetServiceQuota", "access_denied", account=story.account, occurrence=0)
    (unknown,) = quotas()
    assert unknown["severity"] == "warning" and "servicequotas:GetServiceQuota" in unknown["needed"]
    story.standin.clear_faults()
    assert denied
    cloud.standin.set(interface_endpoints_per_vpc=50)
    (reached,) = quotas(1)
    assert reached["severity"] == "error" and "50" in reached["seen"]
    assert "request-service-quota-increase --service-code vpc --quota-code L-29B6F2EB --desired-value 75" in reached["way_out"]

    place.subscribe(place.interface())
    story.look()
    failed = wanted(story, "failed")
    assert failed["fault"]["name"] == "QuotaExceeded" and told(failed, "QuotaReached")["severity"] == "warning"
    assert [c for c in story.calls(since, "open") if c["service"] == "servicequotas"] == []
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_the_quota_of_gateway_endpoints_is_the_regions(cloud: LocalCloud, tmp_path: Path) -> None:
    """Ten VPCs with two each leave no room for one in an eleventh: EC2 would say so when it is made, plan says it before."""
    story = Story(cloud)
    ec2 = cloud.client("ec2", story.account)
    for _ in range(10):
        other = Place(story)
        for service in ("s3", "dynamodb"):
            name = f"com.amazonaws.{cloud.region}.{service}"
            ec2.create_vpc_endpoint(VpcEndpointType="Gateway", VpcId=other.vpc, ServiceName=name, RouteTableIds=[other.main])
    place, planner = Place(story), Planner(story, tmp_path)
    file = planner.file("asking", senders=(), targets=(), endpoints=[place.gateway()])
    (connection,) = planner.says(file, 1)["connections"]
    (reached,) = [f for f in connection["findings"] if f["code"] == "QuotaReached"]
    assert reached["severity"] == "error", reached
    assert reached["seen"] == "this account has 20 endpoints of type Gateway in this Region"
    assert "--quota-code L-1B52E74A --desired-value 30" in reached["way_out"]
