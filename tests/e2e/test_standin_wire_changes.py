"""What the stand-in lets be changed of endpoints and tags, driven with boto3 as in test_standin_wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from local import wait_for
from test_standin_wire import STRANGER, Standin, refused, resource_endpoint, running, standin
from test_standin_wire_kinds import (
    DYNAMODB,
    PRIVATE,
    S3,
    change_service,
    gateway,
    interface,
    look,
    make,
    seed,
    served,
    through_network,
)
from test_standin_wire_routes import routes_to

__all__ = ["running", "served", "standin"]


@pytest.fixture
def ec2(served: Standin) -> Any:
    """A client, where endpoints are available at once."""
    served.set(endpoint_pending_polls=0)
    return served.client("ec2")


def free(ec2: Any, subnet: str) -> int:
    """The free addresses of a subnet."""
    return int(ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"])


def groups(ec2: Any, id_: str) -> list[str]:
    """The groups of an endpoint."""
    return [group["GroupId"] for group in look(ec2, id_)["Groups"]]


def test_the_subnets_of_an_interface_endpoint_change(ec2: Any) -> None:
    before = free(ec2, "subnet-0a1"), free(ec2, "subnet-0a2")
    id_ = make(ec2, interface(SubnetIds=["subnet-0a1"]))
    (first,) = look(ec2, id_)["NetworkInterfaceIds"]
    answer = ec2.modify_vpc_endpoint(VpcEndpointId=id_, AddSubnetIds=["subnet-0a2"])
    assert answer["Return"]
    seen = look(ec2, id_)
    assert seen["SubnetIds"] == ["subnet-0a1", "subnet-0a2"]
    assert seen["NetworkInterfaceIds"][0] == first
    assert len(set(seen["NetworkInterfaceIds"])) == 2
    assert len(seen["DnsEntries"]) == 3, "one more zone"
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, RemoveSubnetIds=["subnet-0a1"])
    assert look(ec2, id_)["SubnetIds"] == ["subnet-0a2"]
    assert (free(ec2, "subnet-0a1"), free(ec2, "subnet-0a2")) == (before[0], before[1] - 1)
    same_zone = {"AddSubnetIds": ["subnet-0a1", "subnet-0a4"]}
    code = refused(lambda: ec2.modify_vpc_endpoint(VpcEndpointId=id_, **same_zone))
    assert code == "DuplicateSubnetsInSameZone"
    for change in ({"AddSubnetIds": ["subnet-0f"]}, {"RemoveSubnetIds": ["subnet-0a4"]}):
        code = refused(lambda change=change: ec2.modify_vpc_endpoint(VpcEndpointId=id_, **change))
        assert code == ("InvalidSubnetID.NotFound" if "AddSubnetIds" in change else "InvalidParameter")
    assert look(ec2, id_)["SubnetIds"] == ["subnet-0a2"]


def test_a_subnet_takes_the_place_of_another_one_of_its_zone_or_is_refused(served: Standin, ec2: Any) -> None:
    id_ = make(ec2, interface(SubnetIds=["subnet-0a1"]))
    swap = {"VpcEndpointId": id_, "AddSubnetIds": ["subnet-0a4"], "RemoveSubnetIds": ["subnet-0a1"]}
    served.set(refuse_subnet_swap=True)
    assert refused(lambda: ec2.modify_vpc_endpoint(**swap)) == "DuplicateSubnetsInSameZone"
    assert look(ec2, id_)["SubnetIds"] == ["subnet-0a1"]
    served.set(refuse_subnet_swap=False)
    ec2.modify_vpc_endpoint(**swap)
    assert look(ec2, id_)["SubnetIds"] == ["subnet-0a4"]


def test_a_call_that_is_late_takes_effect_long_after_if_it_still_can(served: Standin, ec2: Any) -> None:
    id_ = make(ec2, interface(SubnetIds=["subnet-0a1"]))
    served.fault("ec2", "ModifyVpcEndpoint", "late", hold_ms=1, count=2)
    move = {"VpcEndpointId": id_, "AddSubnetIds": ["subnet-0a2"], "RemoveSubnetIds": ["subnet-0a1"]}
    for _ in range(2):
        with pytest.raises(ConnectionClosedError):
            ec2.modify_vpc_endpoint(**move)

    def landed() -> list[Any]:
        return [call for call in served.calls() if call["fault"] == "landed"]

    wait_for(lambda: len(landed()) == 2, 10, "both have landed")
    assert [call["error"] for call in landed()] == [None, "InvalidParameter"]
    assert look(ec2, id_)["SubnetIds"] == ["subnet-0a2"]


def test_a_modified_interface_endpoint_is_pending_again(served: Standin, ec2: Any) -> None:
    id_ = make(ec2, interface())
    assert look(ec2, id_)["State"] == "available"
    served.set(endpoint_pending_polls=1)
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, RemoveSecurityGroupIds=["sg-0a"], AddSecurityGroupIds=["sg-0d"])
    seen = look(ec2, id_)
    assert (seen["State"], [group["GroupId"] for group in seen["Groups"]]) == ("pending", ["sg-0d"])
    assert look(ec2, id_)["State"] == "available"


def test_a_full_subnet_that_an_endpoint_is_in_hinders_no_change(served: Standin, ec2: Any) -> None:
    one = {"id": "subnet-0a5", "vpc": "vpc-0a", "az": "us-east-1b", "az_id": "use1-az2", "free": 1}
    seed(served, subnets=[one])
    id_ = make(ec2, interface(SubnetIds=["subnet-0a5"]))
    assert free(ec2, "subnet-0a5") == 0
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, AddSecurityGroupIds=["sg-0d"])
    other = make(ec2, interface(SubnetIds=["subnet-0a1"], ClientToken="face-2"))
    add = {"VpcEndpointId": other, "AddSubnetIds": ["subnet-0a5"]}
    assert refused(lambda: ec2.modify_vpc_endpoint(**add)) == "InsufficientFreeAddressesInSubnet"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])
    ec2.modify_vpc_endpoint(**add)


def test_private_dns_is_enabled_after_the_acceptance(served: Standin, ec2: Any) -> None:
    change_service(served, acceptance_required=True)
    id_ = make(ec2, interface())

    def enable() -> Any:
        return ec2.modify_vpc_endpoint(VpcEndpointId=id_, PrivateDnsEnabled=True)

    assert refused(enable) == "InvalidParameter"
    served.admin("POST", "endpoints/accept", {"id": id_})
    enable()
    seen = look(ec2, id_)
    assert (seen["PrivateDnsEnabled"], seen["DnsEntries"][-1]["DnsName"]) == (True, PRIVATE)
    enable()
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, PrivateDnsEnabled=False)
    assert PRIVATE not in [entry["DnsName"] for entry in look(ec2, id_)["DnsEntries"]]
    served.admin("POST", "endpoints/reject", {"id": id_})
    assert refused(enable) == "IncorrectState"


def test_the_route_tables_and_the_policy_of_a_gateway_change(ec2: Any) -> None:
    id_ = make(ec2, gateway())
    default = look(ec2, id_)["PolicyDocument"]
    change = {"AddRouteTableIds": ["rtb-0b"], "RemoveRouteTableIds": ["rtb-0a"], "PolicyDocument": "{}"}
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, **change)
    assert ([route["GatewayId"] for route in routes_to(ec2, "rtb-0b")], routes_to(ec2, "rtb-0a")) == ([id_], [])
    seen = look(ec2, id_)
    assert (seen["RouteTableIds"], seen["PolicyDocument"], seen["State"]) == (["rtb-0b"], "{}", "available")
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, ResetPolicy=True)
    assert look(ec2, id_)["PolicyDocument"] == default
    other = make(ec2, gateway(ClientToken="gate-2"))
    for change, code in (
        ({"AddRouteTableIds": ["rtb-0a"]}, "RouteAlreadyExists"),
        ({"AddRouteTableIds": ["rtb-0f"]}, "InvalidRouteTableId.NotFound"),
        ({"RemoveRouteTableIds": ["rtb-0a"]}, "InvalidParameter"),
        ({"AddSecurityGroupIds": ["sg-0a"]}, "InvalidParameter"),
        ({"PolicyDocument": "no"}, "InvalidPolicyDocument"),
        ({"ResetPolicy": True, "PolicyDocument": "{}"}, "InvalidParameterCombination"),
        ({}, "MissingParameter"),
    ):
        assert refused(lambda change=change: ec2.modify_vpc_endpoint(VpcEndpointId=id_, **change)) == code
    assert len(routes_to(ec2, "rtb-0a")) == len(routes_to(ec2, "rtb-0b")) == 1
    ec2.delete_vpc_endpoints(VpcEndpointIds=[other])
    ec2.modify_vpc_endpoint(VpcEndpointId=id_, AddRouteTableIds=["rtb-0a"])


@pytest.mark.parametrize(
    "change",
    [
        {"AddSubnetIds": ["subnet-0a2"]},
        {"RemoveSubnetIds": ["subnet-0a1"]},
        {"PrivateDnsEnabled": True},
        {"PrivateDnsEnabled": False},
        {"PolicyDocument": "{}"},
        {"ResetPolicy": True},
        {"AddRouteTableIds": ["rtb-0a"]},
    ],
)
def test_only_groups_of_resource_and_service_network_endpoints_change(
    served: Standin, ec2: Any, change: dict[str, Any]
) -> None:
    (arn,) = served.accepted()["resources"]
    ids = [
        make(ec2, resource_endpoint(arn, SubnetIds=["subnet-0a1"])),
        make(ec2, through_network(SubnetIds=["subnet-0a1"])),
    ]
    for id_ in ids:
        assert refused(lambda id_=id_: ec2.modify_vpc_endpoint(VpcEndpointId=id_, **change)) == "InvalidParameter"
        groups_ = {"AddSecurityGroupIds": ["sg-0d"], "RemoveSecurityGroupIds": ["sg-0a"]}
        ec2.modify_vpc_endpoint(VpcEndpointId=id_, **groups_)
        assert groups(ec2, id_) == ["sg-0d"]
        assert look(ec2, id_)["State"] == "Available"
        for bad, code in (("sg-0b", "InvalidParameter"), ("sg-0f", "InvalidSecurityGroupID.NotFound")):
            add = {"VpcEndpointId": id_, "AddSecurityGroupIds": [bad]}
            assert refused(lambda add=add: ec2.modify_vpc_endpoint(**add)) == code


def test_only_what_is_there_can_be_modified(served: Standin, ec2: Any) -> None:
    id_ = make(ec2, interface(ServiceName=S3))
    change = {"VpcEndpointId": id_, "AddSecurityGroupIds": ["sg-0d"]}
    stranger = served.client("ec2", STRANGER)
    assert refused(lambda: stranger.modify_vpc_endpoint(**change)) == "InvalidVpcEndpointId.NotFound"
    served.fault("ec2", "ModifyVpcEndpoint", "server_error")
    assert refused(lambda: ec2.modify_vpc_endpoint(**change)) == "InternalError"
    assert groups(ec2, id_) == ["sg-0a"]
    served.admin("POST", "endpoints", {"id": id_, "state": "deleting"})
    assert refused(lambda: ec2.modify_vpc_endpoint(**change)) == "IncorrectState"
    served.admin("POST", "endpoints", {"id": id_, "state": "deleted"})
    assert refused(lambda: ec2.modify_vpc_endpoint(**change)) == "InvalidVpcEndpointId.NotFound"
    calls = [call for call in served.calls() if call["operation"] == "ModifyVpcEndpoint"]
    assert [call["mutating"] for call in calls] == [True] * 4


def test_tags_are_added_overwritten_and_deleted(served: Standin, ec2: Any) -> None:
    id_ = make(ec2, gateway(ServiceName=DYNAMODB))

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in look(ec2, id_)["Tags"]}

    def put(*resources: str, **tags: str) -> None:
        ec2.create_tags(Resources=resources, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    put(id_, "sg-0a", a="1", b="2", c="")
    put(id_, a="3")
    assert tags() == {"a": "3", "b": "2", "c": ""}
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "tag:a", "Values": ["1"]}])["SecurityGroups"]
    assert group["GroupId"] == "sg-0a"
    ec2.delete_tags(Resources=[id_], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}, {"Key": "z"}])
    assert tags() == {"a": "3", "b": "2", "c": ""}, "other values, and no such key"
    ec2.delete_tags(Resources=[id_], Tags=[{"Key": "a"}, {"Key": "c", "Value": ""}])
    assert tags() == {"b": "2"}
    for unknown, code in (
        ("vpce-0f", "InvalidVpcEndpointId.NotFound"),
        ("sg-0f", "InvalidGroup.NotFound"),
        ("x-0f", "InvalidID"),
    ):
        assert refused(lambda unknown=unknown: put(id_, unknown, d="4")) == code
    assert refused(lambda: put(id_, **{"aws:x": "4"})) == "InvalidParameterValue"
    assert refused(lambda: put(id_, **{f"k{n}": "" for n in range(50)})) == "TagLimitExceeded"
    assert tags() == {"b": "2"}, "all or none"
    ec2.delete_tags(Resources=[id_])
    assert tags() == {}
    put("subnet-0a1", "vpc-0a", "rtb-0a", role="private")
    private = [{"Name": "tag:role", "Values": ["private"]}]
    assert len(ec2.describe_subnets(Filters=private)["Subnets"]) == 1
    assert len(ec2.describe_route_tables(Filters=private)["RouteTables"]) == 1
