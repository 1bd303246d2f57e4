"""What can be connected, and in how many ways AWS says so. Waits are 1/50 of AWS's."""

from __future__ import annotations

import pytest
from drift import reconcile
from local import LocalCloud, wait_for
from routes import NETWORKER, begin
from story import NETWORK, SUBNETS, TO_NETWORK, TO_VPC, VPC, Json, Story, databases, group


def connected(story: Story, count: int = 1, **share: object) -> list[Json]:
    """Something is shared and ready."""
    shared = story.share(**share)  # type: ignore[arg-type]
    story.look()
    ready = story.ready(shared, count)
    story.cloud.wait_for_rest()
    assert story.disorder() == []
    return ready


def test_a_group_in_a_vpc(cloud: LocalCloud) -> None:
    """One endpoint for a GROUP; every child with its regional and private name and its port; the plan's call as planned."""
    story = Story(cloud)
    begin(story)
    (connection,) = connected(story, resources=[group(4)])
    (endpoint,) = story.endpoints()
    assert endpoint["type"] == "Resource" and endpoint["vpc"] == VPC and sorted(endpoint["subnets"]) == sorted(SUBNETS)
    assert endpoint["tags"] == {
        "drawbridge:connection": connection["id"],
        "drawbridge:owner": f"{connection['id']}-g1",
        "drawbridge:installation": "drawbridge",
    }
    assert endpoint["client_token"] == f"{connection['id']}-g1"
    assert connection["made"] == {"endpoint": endpoint["id"]}
    by_name = {d["name"]: d for d in connection["databases"]}
    assert sorted(by_name) == [f"database-{at}" for at in range(4)]
    for at in range(4):
        database = by_name[f"database-{at}"]
        assert database["port"] == {"known": {"ranges": [str(12000 + at)], "source": "configuration"}}
        scopes = {dns["scope"]: dns["name"] for dns in database["dns"]}
        assert database["resource"] in scopes["regional"] and scopes["private"] == f"database-{at}.redis.example.com"


def test_a_single_one_in_a_vpc(cloud: LocalCloud) -> None:
    """SINGLE: the resource itself is the one database."""
    story = Story(cloud)
    begin(story)
    (connection,) = connected(story, resources=[{"type": "SINGLE", "name": "redis-single", "ports": ["6379"], "dns_target": "one.example.com"}])
    (database,) = connection["databases"]
    assert (database["name"], database["port"]) == ("redis-single", {"known": {"ranges": ["6379"], "source": "configuration"}})
    assert connection["resource"].endswith(database["resource"])


@pytest.mark.parametrize("resource", [group(3), {"type": "SINGLE", "name": "redis-single", "ports": ["6379"]}], ids=["GROUP", "SINGLE"])
def test_a_service_network(cloud: LocalCloud, resource: Json) -> None:
    """The association with a service network: tags, token, and each child's own row."""
    story = Story(cloud)
    begin(story)
    (connection,) = connected(story, owner=NETWORKER, resources=[resource])
    (association,) = story.endpoints()
    assert association["id"].startswith("snra-") and association["service_network"] == NETWORK
    assert connection["made"] == {"association": association["id"]} and association["client_token"] == f"{connection['id']}-g1"
    assert association["tags"]["drawbridge:connection"] == connection["id"]
    assert len(connection["databases"]) == (3 if resource["type"] == "GROUP" else 1)
    assert all(d["dns"] and "known" in d["port"] for d in connection["databases"])


def test_an_association_that_is_partial(cloud: LocalCloud) -> None:
    """AWS does not say what that means: what has a name can be used, and the word is told, also after a look."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(association_outcome="PARTIAL", failure_reason="one of three is missing")
    (connection,) = connected(story, owner=NETWORKER, resources=[group(3)])
    told = f"association {connection['made']['association']} is PARTIAL: ResourceGatewayUnreachable"
    assert connection["why"] == f"3 can be used; {told}: one of three is missing"
    reconcile(story)
    (looked_at,) = story.connections()
    assert [(f["code"], f["severity"], f["seen"]) for f in looked_at["findings"]] == [("Partial", "warning", told)]
    assert looked_at["status"] == "ready" and told in " ".join(cloud.cli("show", connection["id"]).stdout.split())


def test_both_targets_and_many_resources(cloud: LocalCloud) -> None:
    """One share, two resources, two targets: four connections, each its own."""
    story = Story(cloud)
    story.subscribe(targets=[TO_VPC, TO_NETWORK])
    connections = connected(story, 4, resources=[group(2, name="redis-one"), group(1, name="redis-two")])
    assert len({c["id"] for c in connections}) == 4 and len(story.endpoints(live=True)) == 4


@pytest.mark.parametrize("upper", [True, False], ids=["Available", "available"])
@pytest.mark.parametrize("words", ["Accessible", "AVAILABLE"])
@pytest.mark.parametrize("empty", [True, False], ids=["empty pages", "full pages"])
def test_every_spelling(cloud: LocalCloud, upper: bool, words: str, empty: bool) -> None:
    """States in either case, either set of words for a child's reach, empty first pages or none."""
    story = Story(cloud)
    story.subscribe(targets=[TO_VPC, TO_NETWORK])
    cloud.standin.set(upper_case_states=upper, accessibility=words, empty_pages=empty)
    connected(story, 2, resources=[group(2)])


def test_configurations_that_may_not_be_read(cloud: LocalCloud) -> None:
    """GetResourceConfiguration denied: the group's children are listed, so all must be there; ports are unknown, and the
    record says why and what to do."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(deny_resource_configuration=True)
    (connection,) = connected(story, resources=[group(2)])
    assert len(connection["databases"]) == 2
    for database in connection["databases"]:
        assert "AccessDenied" in database["port"]["unknown"]["reason"] and "ports:" in database["port"]["unknown"]["reason"]
    assert "unknown" in connection["why"]


def test_children_that_may_not_be_listed(cloud: LocalCloud) -> None:
    """Both denied: ready means the same set at two looks, and the record says so."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(deny_resource_configuration=True, deny_group_listing=True)
    since = story.standin.next_call()
    (connection,) = connected(story, resources=[group(3)])
    assert len(connection["databases"]) == 3 and "two looks" in connection["why"]
    looks = [c for c in story.calls(since, "observe", "DescribeVpcEndpointAssociations") if c["status"] == 200]
    assert len(looks) >= 2


def test_ports_from_the_subscription(cloud: LocalCloud) -> None:
    """What AWS does not show, a person may say: by name where names are shown, else by id. Never from the profile's range."""
    story = Story(cloud)
    share = story.share(resources=[{"type": "GROUP", "name": "redis-group", "children": databases(3, first_port=None)}])
    second = share.children[0][1].rsplit("/", 1)[1]
    story.subscribe(ports={"database-0": 12345, second: 12346})
    story.look()
    (connection,) = story.ready(share, 1)
    ports = {d["name"]: d["port"] for d in connection["databases"]}
    assert ports["database-0"] == {"known": {"ranges": ["12345"], "source": "subscription"}}
    assert ports["database-1"] == {"known": {"ranges": ["12346"], "source": "subscription"}}
    assert "shows no port" in ports["database-2"]["unknown"]["reason"] and "database-2" in ports["database-2"]["unknown"]["reason"]
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_one_child_that_failed(cloud: LocalCloud) -> None:
    """One of three failed, in AWS's other words: the provider may mend it before the deadline, so it is waited for and AWS's
    reason is in the record. (All of them failed is a fault: test_faults.py.)"""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(inaccessible_children=["database-1"], accessibility="AVAILABLE", failure_reason="No route.")
    share = story.share(resources=[group(3)])
    story.look()
    wait_for(
        lambda: [c for c in story.connections(share) if c["status"] == "waiting" and "2 of 3" in c["why"] and "No route." in c["why"]],
        what="the record says what failed",
    )


def test_a_child_that_comes_later(cloud: LocalCloud) -> None:
    """Ready only when all of a group's children are: one that is slow is waited for and named."""
    story = Story(cloud)
    begin(story)
    cloud.standin.set(inaccessible_children=["database-2"], accessibility="Accessible")
    share = story.share(resources=[group(3)])
    story.look()
    late = share.children[0][2].rsplit("/", 1)[1]
    wait_for(
        lambda: [c for c in story.connections(share) if c["status"] == "waiting" and "2 of 3" in c["why"] and late in c["why"]],
        what="two of three can be used",
    )
    assert story.connection(share)["status"] == "waiting"


def test_listed_subnets_are_taken_as_they_are(cloud: LocalCloud) -> None:
    """Not `auto`: exactly those that the subscription lists."""
    story = Story(cloud)
    story.subscribe(targets=[{**TO_VPC, "subnets": list(SUBNETS[:2])}])
    connected(story)
    (endpoint,) = story.endpoints()
    assert sorted(endpoint["subnets"]) == sorted(SUBNETS[:2])


def test_a_service_network_that_is_not_there(cloud: LocalCloud) -> None:
    """Preflight of the other kind: named, nothing made, and the sibling in the VPC is connected."""
    story = Story(cloud)
    story.subscribe(targets=[TO_VPC, {"service_network": "sn-00000000000000000"}])
    share = story.share()
    story.look()
    story.settle(share)
    by_kind = {c["kind"]: c for c in story.connections(share)}
    assert by_kind["resource-endpoint"]["status"] == "ready"
    failed = by_kind["service-network-resource"]
    assert (failed["status"], failed["fault"]["name"]) == ("failed", "PreflightFailed"), failed
    assert story.calls(operation="CreateServiceNetworkResourceAssociation") == []
    assert story.disorder() == []


def test_a_second_endpoint_for_the_same_resource(cloud: LocalCloud) -> None:
    """Somebody made an endpoint for this resource in this VPC by hand: preflight names it, and nothing is made beside it or
    removed with ours."""
    story = Story(cloud)
    begin(story)
    share = story.share()
    assert share.invitation
    cloud.standin.set_invitation(share.invitation, "ACCEPTED")
    by_hand = cloud.client("ec2").create_vpc_endpoint(
        VpcId=VPC,
        VpcEndpointType="Resource",
        ResourceConfigurationArn=share.resources[0],
        SubnetIds=list(SUBNETS),
        SecurityGroupIds=list(TO_VPC["security_groups"]),
    )["VpcEndpoint"]["VpcEndpointId"]
    story.look()
    story.settle(share)
    connection = story.connection(share)
    assert (connection["status"], connection["fault"]["name"]) == ("failed", "PreflightFailed")
    assert by_hand in connection["why"]
    assert [e["id"] for e in story.endpoints(live=True)] == [by_hand]
    assert story.disorder() == []


def test_private_dns_as_the_subscription_says(cloud: LocalCloud) -> None:
    """Off: no private name is asked for, none is recorded."""
    story = Story(cloud)
    story.subscribe(targets=[{**TO_VPC, "private_dns": "off"}])
    (connection,) = connected(story)
    (endpoint,) = story.endpoints()
    assert endpoint["private_dns"] is False
    assert {dns["scope"] for d in connection["databases"] for dns in d["dns"]} == {"regional"}
