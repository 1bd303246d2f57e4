"""Endpoints that subscriptions ask for by themselves, and service networks that are shared. Waits are 1/50 of AWS's."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from drift import reconcile
from local import LocalCloud, wait_for
from place import POLICY, SERVICE, Place
from routes import NETWORKER
from story import NETWORK, TO_NETWORK, TO_VPC, Json, Story, databases
from test_faults import ignoring_races

def wanted(story: Story, kind: str, status: str = "ready") -> Json:
    """The one connection of a kind, once it has a status."""

    def look() -> Json | None:
        found = [c for c in story.connections() if c["kind"] == kind and c["status"] == status]
        return found[0] if len(found) == 1 else None

    return wait_for(look, 60.0, f"a {kind} is {status}", story.cloud.explain)


def connected(story: Story, kind: str) -> tuple[Json, Json]:
    """A connection of a kind that is asked for by nobody's share, and its endpoint, when all is at rest."""
    assert story.look().error is None
    connection = wanted(story, kind)
    story.cloud.wait_for_rest()
    assert story.disorder() == []
    (endpoint,) = story.endpoints()
    assert connection["made"] == {"endpoint": endpoint["id"]}
    assert endpoint["client_token"] == f"{connection['id']}-g1"
    assert endpoint["tags"]["drawbridge:connection"] == connection["id"]
    return connection, endpoint


def test_an_interface_endpoint(cloud: LocalCloud) -> None:
    """Regional, zonal and private names; the port that the subscription says; a policy; again is not twice."""
    place = Place(Story(cloud), private_dns_name="orders.example.com")
    story = place.story
    place.subscribe(place.interface(private_dns=True, policy=POLICY), tags={"team": "data"})
    connection, endpoint = connected(story, "interface-endpoint")
    assert connection["share_arn"] == "none" and connection["resource"] == SERVICE and connection["claims"] == ["asking"]
    assert endpoint["type"] == "Interface" and endpoint["tags"]["team"] == "data"
    assert sorted(endpoint["subnets"]) == sorted(place.subnets)
    (database,) = connection["databases"]
    assert database["port"] == {"known": {"ranges": ["12000"], "source": "subscription"}}
    scopes = [dns["scope"] for dns in database["dns"]]
    assert sorted(scopes) == ["private", "regional", "zonal", "zonal", "zonal"]
    assert [dns["name"] for dns in database["dns"] if dns["scope"] == "private"] == ["orders.example.com"]

    again = story.look()
    assert again.payload["endpoints"] == 1 and again.payload["started"] == 0, again
    assert len(story.endpoints()) == 1


def test_a_service_that_its_owner_accepts(cloud: LocalCloud) -> None:
    """Who is waited for stands in the record; then it can be used."""
    place = Place(Story(cloud), acceptance_required=True)
    story = place.story
    place.subscribe(place.interface())
    story.look()
    waiting = wait_for(
        lambda: [c for c in story.connections() if c["status"] == "waiting" and "has to accept it" in c["why"]],
        what="the record says who is waited for",
    )[0]
    assert SERVICE in waiting["why"] and [f["code"] for f in waiting["findings"]] == ["AcceptanceRequired"]
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    # No event tells of it here: the sweep lets the run look again (see test_hold.py).
    story.sweep_until(lambda: story.connections()[0]["status"] == "ready", what="an interface endpoint")
    story.cloud.wait_for_rest()
    assert story.disorder() == []


@pytest.mark.parametrize("asked", [True, None], ids=["asked for", "without a word"])
def test_private_dns_of_a_service_that_its_owner_accepts(cloud: LocalCloud, asked: bool | None) -> None:
    """EC2 makes no such endpoint with private DNS. It is made without; accepted, it is turned on where it is asked for, with no
    schedule's help, and the private name is published like the others."""
    place = Place(Story(cloud), acceptance_required=True, private_dns_name="orders.example.com")
    story = place.story
    place.subscribe(place.interface(**({} if asked is None else {"private_dns": asked})))
    story.look()
    waiting = wait_for(
        lambda: next((c for c in story.connections() if c["status"] == "waiting" and "wait" in c), None), what="its owner is waited for"
    )
    assert [f["code"] for f in waiting["findings"]] == ["AcceptanceRequired", "PrivateDnsAfterAcceptance"]
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/accept", id=endpoint["id"])
    story.sweep_until(lambda: story.connections()[0]["status"] == "ready", what="an interface endpoint")

    def private() -> list[str]:
        (connection,) = story.connections()
        return [dns["name"] for database in connection["databases"] for dns in database["dns"] if dns["scope"] == "private"]

    def is_on() -> bool:
        (shown,) = story.cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint["id"]])["VpcEndpoints"]
        return bool(shown["PrivateDnsEnabled"])

    if asked:
        wait_for(is_on, 60, "private DNS to be turned on", story.cloud.explain)
        # Whoever turned it on comes back for its names as often as Lambda lets it; then the hourly look does.
        wait_for(lambda: private() or story.cloud.invoke("adjust", {}) and private(), 60, "its private name", story.cloud.explain)
    story.cloud.wait_for_rest()
    assert private() == (["orders.example.com"] if asked else [])
    (connection,) = story.connections()
    assert (connection["status"], connection["generation"], connection["made"]) == ("ready", 1, {"endpoint": endpoint["id"]})
    assert connection["names_version"] == 2 if asked else "names_version" not in connection
    assert story.disorder() == []


def test_a_service_in_another_region(cloud: LocalCloud) -> None:
    """Its Region is part of what the connection leads to, and of the request; it has regional names, and it is closed like any."""
    place = Place(Story(cloud), region="eu-west-1")
    story = place.story
    abroad = SERVICE.replace("us-east-1", "eu-west-1")
    place.subscribe(place.interface(interface=abroad, region="eu-west-1"), ports={abroad: 12000})
    connection, _ = connected(story, "interface-endpoint")
    assert abroad in connection["resource"] and "eu-west-1" in connection["resource"]
    (shown,) = cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[connection["made"]["endpoint"]])["VpcEndpoints"]
    assert (shown["ServiceName"], shown["ServiceRegion"]) == (abroad, "eu-west-1")
    (database,) = connection["databases"]
    assert "regional" in {dns["scope"] for dns in database["dns"]}
    assert database["port"] == {"known": {"ranges": ["12000"], "source": "subscription"}}
    assert story.look().payload["started"] == 0, "again is not twice"
    cloud.cli("withdraw", "asking", "--yes")
    story.sweep_until(lambda: story.connections()[0]["status"] == "closed", what="its end")
    assert story.endpoints(live=True) == [] and story.disorder() == []


def test_a_service_that_its_owner_refuses(cloud: LocalCloud) -> None:
    """Rejected: a fault, and nothing is left."""
    place = Place(Story(cloud), acceptance_required=True)
    story = place.story
    place.subscribe(place.interface())
    story.look()
    wait_for(lambda: [c for c in story.connections() if "has to accept it" in c["why"]], what="it waits for its owner")
    (endpoint,) = story.endpoints(live=True)
    story.tell("POST", "endpoints/reject", id=endpoint["id"])
    story.sweep_until(lambda: story.connections()[0]["status"] == "failed", what="the fault")
    failed = wanted(story, "interface-endpoint", "failed")
    assert failed["fault"]["name"] == "EndpointRejected"
    story.cloud.wait_for_rest()
    assert story.endpoints(live=True) == [] and story.disorder() == []


@pytest.mark.parametrize("tables", ["all", "listed", "of subnets"])
@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_a_gateway_endpoint(cloud: LocalCloud, tables: str, service: str) -> None:
    """Ready when the prefix list is in each of the route tables that were meant, and in no other."""
    place = Place(Story(cloud))
    which, meant = {
        "all": ({"route_tables": "all"}, {place.main, place.other}),
        "listed": ({"route_tables": [place.other]}, {place.other}),
        "of subnets": ({"subnets": [place.subnets[0], place.subnets[2]]}, {place.main}),
    }[tables]
    place.subscribe(place.gateway(gateway=service, policy=POLICY, **which))
    connection, endpoint = connected(place.story, "gateway-endpoint")
    assert endpoint["type"] == "Gateway" and connection["resource"] == f"com.amazonaws.us-east-1.{service}"
    routed = cloud.client("ec2").describe_route_tables()["RouteTables"]
    through = {t["RouteTableId"] for t in routed if any(r.get("GatewayId") == endpoint["id"] for r in t["Routes"])}
    assert through == meant
    assert "pl-" in connection["why"] and all(table in connection["why"] for table in meant), connection["why"]
    assert "databases" not in connection


def test_what_stands_against_them_is_told_at_once(cloud: LocalCloud) -> None:
    """A service that does not exist, private DNS that is not verified, route tables of nobody: named, and nothing is made."""
    place = Place(Story(cloud), private_dns_name="orders.example.com", private_dns_state="pendingVerification")
    story = place.story
    place.subscribe(
        place.interface(private_dns=True, security_groups=["sg-00000000000000000"]),
        place.interface(interface=f"{SERVICE}0"),
        place.gateway(route_tables=["rtb-00000000000000000"]),
    )
    story.look()

    def failed() -> dict[str, set[str]] | None:
        found = [c for c in story.connections() if c["status"] == "failed"]
        codes = {c["resource"]: {f["code"] for f in c["findings"]} for c in found}
        return codes if len(found) == 3 else None

    assert wait_for(failed, 60.0, "all three are refused", cloud.explain) == {
        SERVICE: {"PrivateDnsNotVerified", "SecurityGroupNotFound"},
        f"{SERVICE}0": {"ServiceNotFound"},
        "com.amazonaws.us-east-1.s3": {"RouteTableNotFound"},
    }
    story.cloud.wait_for_rest()
    assert story.calls(operation="CreateVpcEndpoint") == [] and story.disorder() == []


@pytest.mark.parametrize(("kind", "fault"), [("access_denied", "AccessDenied"), ("throttle", "Throttled")])
@pytest.mark.parametrize(
    ("function", "operation"),
    [("open", "DescribeRouteTables"), ("open", "DescribeVpcEndpointServices"), ("observe", "DescribeRouteTables")],
)
def test_a_look_that_is_refused(cloud: LocalCloud, function: str, operation: str, kind: str, fault: str) -> None:
    """The calls that only a gateway endpoint needs, refused for ever: failed under the fault's name, and nothing is left."""
    place = Place(Story(cloud))
    story = place.story
    refused = story.fault(function, "ec2", operation, kind, occurrence=0)
    place.subscribe(place.gateway())
    story.look()
    failed = wanted(story, "gateway-endpoint", "failed")
    assert failed["fault"]["name"] == fault and operation in failed["fault"]["message"], failed
    story.cloud.wait_for_rest()
    assert story.struck(refused) > 0 and story.endpoints(live=True) == [] and story.disorder() == []
    story.mend()
    if kind == "throttle":
        story.sweep_until(lambda: story.connections()[0]["status"] == "ready", what="a gateway endpoint")
        assert story.disorder() == []


def test_an_answer_that_is_lost_makes_no_second_endpoint(cloud: LocalCloud) -> None:
    """As for what is shared: the tag is found, and what was made is adopted."""
    place = Place(Story(cloud))
    story = place.story
    lost = story.fault("open", "ec2", "CreateVpcEndpoint", "cut_after", count=3)
    place.subscribe(place.gateway())
    story.look()
    connection = wanted(story, "gateway-endpoint")
    story.cloud.wait_for_rest()
    assert story.struck(lost) == 3 and [e["id"] for e in story.endpoints()] == list(connection["made"].values())
    assert story.disorder() == []


def shared_network(story: Story, **more: Any) -> Any:
    """Somebody shares a service network with two resources in it."""
    resources = [{"type": "GROUP", "name": "redis-group", "children": databases(2), "group_domain": "redis.example.com"}]
    network = {"ram_type": "vpc-lattice:ServiceNetwork", "name": "their-network", "resources": resources}
    return story.share(owner=NETWORKER, resources=[network], name="their-network", **more)


def test_a_shared_service_network(cloud: LocalCloud) -> None:
    """Accepted by who trusts the type, connected to the VPC and not to the other service network, which the record says."""
    story = Story(cloud)
    types = {"resource_types": ["vpc-lattice:ServiceNetwork"]}
    story.subscribe("network", senders=[NETWORKER], targets=[TO_VPC, TO_NETWORK], trust=types)
    share = shared_network(story)
    story.look()
    (connection,) = story.ready(share, 1)
    story.cloud.wait_for_rest()
    assert story.disorder() == []
    (endpoint,) = (each for each in story.endpoints(live=True) if each["id"].startswith("vpce-"))
    assert connection["kind"] == "service-network-endpoint" and connection["resource"] == share.resources[0]
    assert endpoint["type"] == "ServiceNetwork" and endpoint["tags"]["drawbridge:connection"] == connection["id"]
    assert len(connection["databases"]) == 2 and all(d["dns"] for d in connection["databases"])
    record = story.record(share)
    assert record and any(NETWORK in why and "not connected" in why for why in record["why"]), record


def test_a_service_network_is_not_trusted_by_default(cloud: LocalCloud) -> None:
    """Who names no types trusts resource configurations only: nothing is accepted."""
    story = Story(cloud)
    story.subscribe("network", senders=[NETWORKER], otherwise="hold")
    share = shared_network(story)
    story.look()
    story.settle(share)
    record = story.record(share)
    assert record and record["status"] == "held", record
    assert story.invitation(share) == "PENDING" and story.disorder() == []


def test_an_own_service_network(cloud: LocalCloud) -> None:
    """By its id; the record names it by its ARN, and every name of what is in it is written down."""
    place = Place(Story(cloud))
    story = place.story
    story.subscribe("redis", targets=[TO_NETWORK])
    share = story.share()
    story.look()
    story.ready(share, 1)
    place.subscribe({"service_network": NETWORK, "vpc": place.vpc, "security_groups": [place.group]})
    assert story.look().error is None
    connection = wanted(story, "service-network-endpoint")
    story.cloud.wait_for_rest()
    assert story.disorder() == []
    assert connection["resource"] == f"arn:aws:vpc-lattice:us-east-1:{story.account}:servicenetwork/{NETWORK}"
    assert connection["share_arn"] == "none" and len(connection["databases"]) == 1


def test_a_service_network_in_which_nothing_is_yet(cloud: LocalCloud) -> None:
    """Its endpoint is made first, as one does: that is no failure, and the names follow when something comes into the network."""
    place = Place(Story(cloud))
    story = place.story
    empty = f"sn-{uuid.uuid4().hex[:16]}"
    story.standin.seed(story.account, cloud.region, service_networks=[{"id": empty, "name": "empty"}])
    place.subscribe({"service_network": empty, "vpc": place.vpc, "security_groups": [place.group]})
    assert story.look().error is None

    def overdue() -> bool:
        (connection,) = story.connections()
        # Once: who writes it again and again keeps the run from writing what it sees.
        if connection["status"] == "waiting" and "nothing is associated" in connection["why"] and connection["deadline"] > "2001":
            story.overwrite(connection, deadline="2000-01-01T00:00:00Z")
        return bool(connection["status"] == "ready")

    wait_for(lambda: ignoring_races(overdue), 60, "its time is over", cloud.explain)
    (connection,) = story.connections()
    assert (connection.get("databases", []), connection["why"]) == ([], "nothing is associated with the service network yet: its names follow")
    cloud.wait_for_rest()
    assert reconcile(story)["recorded"] == 0 and story.connections()[0]["version"] == connection["version"]

    story.subscribe("redis", targets=[{**TO_NETWORK, "service_network": empty}])
    share = story.share()
    story.look()
    story.ready(share, 1)

    def after() -> Json:
        reconcile(story)
        return next(c for c in story.connections() if c["id"] == connection["id"])

    found = wait_for(lambda: (c := after()).get("databases") and c, 30, "its name", lambda: str([after(), story.endpoints()]))
    assert [d["name"] for d in found["databases"]] == ["database-0"] and found.get("names_version", 1) == connection.get("names_version", 1) + 1
    cloud.wait_for_rest()
    assert story.disorder() == []
