"""The stand-in's Gateway endpoints, route tables and prefix lists, driven with boto3 as in test_standin_wire."""

from __future__ import annotations

from typing import Any

import pytest
from test_standin_wire import CONSUMER, Standin, refused, running, standin
from test_standin_wire_kinds import DYNAMODB, S3, SERVICE, gateway, make, seed, served

__all__ = ["running", "served", "standin"]


def routes_to(ec2: Any, table: str) -> list[dict[str, Any]]:
    """The routes of a table that lead to endpoints."""
    (seen,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return [route for route in seen["Routes"] if route.get("GatewayId", "").startswith("vpce-")]


def test_a_gateway_endpoint_is_routes(served: Standin) -> None:
    ec2 = served.client("ec2")
    wanted = gateway(RouteTableIds=["rtb-0a", "rtb-0b"])
    endpoint = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    id_ = endpoint["VpcEndpointId"]
    assert (endpoint["VpcEndpointType"], endpoint["State"], endpoint["RouteTableIds"]) == (
        "Gateway",
        "available",
        ["rtb-0a", "rtb-0b"],
    )
    assert (endpoint["DnsEntries"], endpoint["SubnetIds"], endpoint["Groups"]) == ([], [], [])
    assert '"Allow"' in endpoint["PolicyDocument"]
    by_name = [{"Name": "prefix-list-name", "Values": [S3]}]
    (list_,) = ec2.describe_prefix_lists(Filters=by_name)["PrefixLists"]
    (managed,) = ec2.describe_managed_prefix_lists(Filters=by_name)["PrefixLists"]
    assert managed["PrefixListId"] == list_["PrefixListId"]
    assert (managed["OwnerId"], managed["AddressFamily"], bool(list_["Cidrs"])) == ("AWS", "IPv4", True)
    route = {
        "DestinationPrefixListId": list_["PrefixListId"],
        "GatewayId": id_,
        "State": "active",
        "Origin": "CreateRoute",
    }
    for table in ("rtb-0a", "rtb-0b"):
        assert routes_to(ec2, table) == [route]
    assert make(ec2, wanted) == id_
    other = gateway(ClientToken="gate-2", RouteTableIds=["rtb-0b"])
    assert refused(lambda: make(ec2, other)) == "RouteAlreadyExists"
    make(ec2, gateway(ServiceName=DYNAMODB, ClientToken="gate-3"))
    assert len(routes_to(ec2, "rtb-0a")) == 2
    ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])
    assert (len(routes_to(ec2, "rtb-0a")), routes_to(ec2, "rtb-0b")) == (1, [])
    make(ec2, other)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"RouteTableIds": ["rtb-0f"]}, "InvalidRouteTableId.NotFound"),
        ({"RouteTableIds": ["rtb-0c"]}, "InvalidParameter"),
        ({"ServiceName": SERVICE}, "InvalidParameter"),
        ({"ServiceName": "com.amazonaws.us-east-1.s4"}, "InvalidServiceName"),
        ({"SubnetIds": ["subnet-0a1"]}, "InvalidParameter"),
        ({"SecurityGroupIds": ["sg-0a"]}, "InvalidParameter"),
        ({"PrivateDnsEnabled": True}, "InvalidParameter"),
        ({"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": False}}, "InvalidParameter"),
        ({"PolicyDocument": "[]"}, "InvalidPolicyDocument"),
        ({"ResourceConfigurationArn": "arn:x"}, "InvalidParameterCombination"),
        ({"VpcEndpointType": "Tunnel"}, "InvalidParameterValue"),
    ],
)
def test_a_gateway_endpoint_that_cannot_be_is_refused(served: Standin, change: dict[str, Any], code: str) -> None:
    ec2 = served.client("ec2")
    assert refused(lambda: make(ec2, gateway(**change))) == code
    assert refused(lambda: ec2.create_vpc_endpoint(VpcId="vpc-0a")) == "MissingParameter"
    assert served.admin("GET", "state")["endpoints"] == []
    make(ec2, gateway())


def test_route_tables_are_described(served: Standin) -> None:
    ec2 = served.client("ec2")

    def ids(**filters: str) -> set[str]:
        given = [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [v]} for name, v in filters.items()]
        return {table["RouteTableId"] for table in ec2.describe_route_tables(Filters=given)["RouteTables"]}

    assert ids() == {"rtb-0a", "rtb-0b", "rtb-0c"}
    assert ids(vpc_id="vpc-0a") == {"rtb-0a", "rtb-0b"}
    assert ids(association__subnet_id="subnet-0a1") == {"rtb-0b"}
    assert ids(association__subnet_id="subnet-0a2") == set(), "it names none, and so has the main one"
    assert ids(association__main="true", vpc_id="vpc-0a") == {"rtb-0a"}
    assert ids(route_table_id="rtb-0c") == {"rtb-0c"}
    (main,) = ec2.describe_route_tables(RouteTableIds=["rtb-0a"])["RouteTables"]
    (association,) = main["Associations"]
    assert (association["Main"], association["RouteTableId"], "SubnetId" in association) == (True, "rtb-0a", False)
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
    assert main["Routes"] == [local | {"Origin": "CreateRouteTable"}]
    (other,) = ec2.describe_route_tables(RouteTableIds=["rtb-0b"])["RouteTables"]
    assert [(each["Main"], each["SubnetId"]) for each in other["Associations"]] == [(False, "subnet-0a1")]
    assert [route["GatewayId"] for route in other["Routes"]] == ["local", "nat-0a"]
    assert refused(lambda: ec2.describe_route_tables(RouteTableIds=["rtb-0f"])) == "InvalidRouteTableID.NotFound"
    endpoint = make(ec2, gateway(RouteTableIds=["rtb-0b"]))
    assert ids(route__gateway_id=endpoint) == {"rtb-0b"}


def test_prefix_lists_are_those_of_gateways_and_ones_own(served: Standin) -> None:
    seed(served, prefix_lists=[{"id": "pl-0a", "name": "offices", "cidrs": ["192.0.2.0/24"]}])
    ec2 = served.client("ec2")
    assert {each["PrefixListName"] for each in ec2.describe_prefix_lists()["PrefixLists"]} == {S3, DYNAMODB}
    (own,) = ec2.describe_managed_prefix_lists(PrefixListIds=["pl-0a"])["PrefixLists"]
    assert (own["PrefixListName"], own["OwnerId"]) == ("offices", CONSUMER)
    mine = [{"Name": "owner-id", "Values": [CONSUMER]}]
    assert len(ec2.describe_managed_prefix_lists(Filters=mine)["PrefixLists"]) == 1
    assert refused(lambda: ec2.describe_prefix_lists(PrefixListIds=["pl-0a"])) == "InvalidPrefixListID.NotFound"


def test_a_vpc_shows_all_its_blocks(served: Standin) -> None:
    seed(served, vpcs=[{"id": "vpc-0a", "cidr": "10.0.0.0/16", "more_cidrs": ["100.64.0.0/16"]}])
    ec2 = served.client("ec2")
    (vpc,) = ec2.describe_vpcs(VpcIds=["vpc-0a"])["Vpcs"]
    blocks = vpc["CidrBlockAssociationSet"]
    assert [block["CidrBlock"] for block in blocks] == ["10.0.0.0/16", "100.64.0.0/16"]
    assert {block["CidrBlockState"]["State"] for block in blocks} == {"associated"}
    assert len({block["AssociationId"] for block in blocks}) == 2
    added = [{"Name": "cidr-block-association.cidr-block", "Values": ["100.64.0.0/16"]}]
    assert [each["VpcId"] for each in ec2.describe_vpcs(Filters=added)["Vpcs"]] == ["vpc-0a"]
    routes = ec2.describe_route_tables(RouteTableIds=["rtb-0a"])["RouteTables"][0]["Routes"]
    assert [route["DestinationCidrBlock"] for route in routes] == ["10.0.0.0/16", "100.64.0.0/16"]
