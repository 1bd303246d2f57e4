"""The stand-in's security groups, driven with boto3 as in test_standin_wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from test_standin_wire import CONSUMER, STRANGER, Standin, refused, resource_endpoint, running, standin
from test_standin_wire_kinds import interface, make, seed, served

__all__ = ["running", "served", "standin"]

TAGS = [{"ResourceType": "security-group", "Tags": [{"Key": "drawbridge:owner", "Value": "conn-1-g1"}]}]


def wanted(**more: Any) -> dict[str, Any]:
    """What `CreateSecurityGroup` needs."""
    return {"GroupName": "drawbridge-1", "Description": "of connection 1", "VpcId": "vpc-0a"} | more


def create(ec2: Any, **more: Any) -> str:
    """Makes a group; its id."""
    return str(ec2.create_security_group(**wanted(**more))["GroupId"])


def port(number: int = 6379, **sources: Any) -> dict[str, Any]:
    """A permission for a TCP port, from one block if nothing else is said."""
    return {"IpProtocol": "tcp", "FromPort": number, "ToPort": number} | (
        sources or {"IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    )


def permissions(ec2: Any, group: str) -> list[dict[str, Any]]:
    """What a group lets in."""
    (seen,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return list(seen["IpPermissions"])


def test_a_group_lives(standin: Standin) -> None:
    ec2 = standin.client("ec2")
    made = ec2.create_security_group(**wanted(TagSpecifications=TAGS))
    id_ = made["GroupId"]
    assert made["Tags"] == TAGS[0]["Tags"]
    assert made["SecurityGroupArn"].endswith(f"{CONSUMER}:security-group/{id_}")
    by_tag = [{"Name": "tag:drawbridge:owner", "Values": ["conn-1-*"]}, {"Name": "vpc-id", "Values": ["vpc-0a"]}]
    (seen,) = ec2.describe_security_groups(Filters=by_tag)["SecurityGroups"]
    assert (seen["GroupId"], seen["GroupName"], seen["Description"]) == (id_, "drawbridge-1", "of connection 1")
    assert (seen["VpcId"], seen["Tags"], seen["IpPermissions"]) == ("vpc-0a", TAGS[0]["Tags"], [])
    assert seen["IpPermissionsEgress"][0]["IpProtocol"] == "-1"
    for name in ("drawbridge-1", "DRAWBRIDGE-1"):
        assert refused(lambda name=name: create(ec2, GroupName=name)) == "InvalidGroup.Duplicate"
    create(ec2, VpcId="vpc-0b")
    assert ec2.delete_security_group(GroupId=id_)["GroupId"] == id_
    assert refused(lambda: ec2.delete_security_group(GroupId=id_)) == "InvalidGroup.NotFound"
    assert refused(lambda: permissions(ec2, id_)) == "InvalidGroup.NotFound"
    assert create(ec2) != id_


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VpcId": "vpc-0f"}, "InvalidVpcID.NotFound"),
        ({"VpcId": ""}, "MissingParameter"),
        ({"GroupName": "sg-1"}, "InvalidParameterValue"),
        ({"GroupName": "ä"}, "InvalidParameterValue"),
        ({"Description": "d" * 256}, "InvalidParameterValue"),
        ({"TagSpecifications": [TAGS[0] | {"ResourceType": "vpc-endpoint"}]}, "InvalidParameterValue"),
    ],
)
def test_a_group_that_cannot_be_is_refused(standin: Standin, change: dict[str, Any], code: str) -> None:
    ec2 = standin.client("ec2")
    before = len(ec2.describe_security_groups()["SecurityGroups"])
    assert refused(lambda: create(ec2, **change)) == code
    assert len(ec2.describe_security_groups()["SecurityGroups"]) == before


def test_a_new_group_may_not_be_seen_yet(standin: Standin) -> None:
    standin.set(describe_lag_ms=3_600_000)
    ec2 = standin.client("ec2")
    id_ = create(ec2)
    assert refused(lambda: permissions(ec2, id_)) == "InvalidGroup.NotFound"
    assert permissions(ec2, "sg-0a"), "one that was there before is"
    assert refused(lambda: create(ec2)) == "InvalidGroup.Duplicate", "and yet it is there"
    standin.set(describe_lag_ms=0)
    assert permissions(ec2, id_) == []


def test_rules_are_added_and_taken_away(standin: Standin) -> None:
    ec2 = standin.client("ec2")
    id_ = create(ec2)
    several = port(
        IpRanges=[{"CidrIp": "10.0.7.9/16", "Description": "the VPC"}, {"CidrIp": "10.1.0.0/16"}],
        Ipv6Ranges=[{"CidrIpv6": "2001:db8::1/32"}],
        UserIdGroupPairs=[{"GroupId": "sg-0a"}],
        PrefixListIds=[{"PrefixListId": "pl-0a"}],
    )
    answer = ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[several, {**port(8070)}])
    assert answer["Return"]
    rules = answer["SecurityGroupRules"]
    assert len({rule["SecurityGroupRuleId"] for rule in rules}) == 6, "one per source"
    assert {rule["GroupId"] for rule in rules} == {id_}
    redis, metrics = permissions(ec2, id_)
    assert (redis["IpProtocol"], redis["FromPort"], redis["ToPort"]) == ("tcp", 6379, 6379)
    assert redis["IpRanges"] == [{"CidrIp": "10.0.0.0/16", "Description": "the VPC"}, {"CidrIp": "10.1.0.0/16"}]
    assert redis["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]
    assert redis["UserIdGroupPairs"] == [{"GroupId": "sg-0a", "UserId": CONSUMER}]
    assert redis["PrefixListIds"] == [{"PrefixListId": "pl-0a"}]
    assert metrics["FromPort"] == 8070

    new_and_old = [port(9000), port(IpRanges=[{"CidrIp": "10.0.99.0/16"}])]
    add = {"GroupId": id_, "IpPermissions": new_and_old}
    assert refused(lambda: ec2.authorize_security_group_ingress(**add)) == "InvalidPermission.Duplicate"
    assert len(permissions(ec2, id_)) == 2, "all or none"
    assert refused(lambda: ec2.revoke_security_group_ingress(**add)) == "InvalidPermission.NotFound"
    assert len(permissions(ec2, id_)) == 2, "all or none"
    gone = ec2.revoke_security_group_ingress(GroupId=id_, IpPermissions=[port(), port(8070)])
    assert (gone["Return"], len(gone["RevokedSecurityGroupRules"])) == (True, 2)
    (left,) = permissions(ec2, id_)
    assert left["IpRanges"] == [{"CidrIp": "10.1.0.0/16"}]
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[everything])
    assert [each["IpProtocol"] for each in permissions(ec2, id_)] == ["tcp", "-1"]


@pytest.mark.parametrize(
    ("permission", "code"),
    [
        ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}, "InvalidParameterValue"),
        (port() | {"ToPort": 6000}, "InvalidParameterValue"),
        (port() | {"ToPort": 70000}, "InvalidParameterValue"),
        (port() | {"IpProtocol": "tpc"}, "InvalidParameterValue"),
        (port(IpRanges=[{"CidrIp": "10.0.0.0"}]), "InvalidParameterValue"),
        (port(Ipv6Ranges=[{"CidrIpv6": "10.0.0.0/8"}]), "InvalidParameterValue"),
        (port(IpRanges=[{"CidrIp": "10.0.0.0/16"}, {"CidrIp": "10.0.1.0/16"}]), "InvalidParameterValue"),
        (port(IpRanges=[]), "MissingParameter"),
        (port(UserIdGroupPairs=[{"GroupId": "sg-0f"}]), "InvalidGroup.NotFound"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(standin: Standin, permission: dict[str, Any], code: str) -> None:
    ec2 = standin.client("ec2")
    id_ = create(ec2)
    assert refused(lambda: ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[permission])) == code
    assert permissions(ec2, id_) == []


def test_rules_need_a_group_of_the_account(standin: Standin) -> None:
    mine, stranger = standin.client("ec2"), standin.client("ec2", STRANGER)
    id_ = create(mine)
    for call in (stranger.authorize_security_group_ingress, stranger.revoke_security_group_ingress):
        code = refused(lambda call=call: call(GroupId=id_, IpPermissions=[port()]))
        assert code == "InvalidGroup.NotFound"
    assert refused(lambda: stranger.delete_security_group(GroupId=id_)) == "InvalidGroup.NotFound"
    assert refused(lambda: mine.authorize_security_group_ingress(GroupId=id_)) == "MissingParameter"


def test_a_group_that_is_used_stays(served: Standin) -> None:
    ec2 = served.client("ec2")
    id_ = create(ec2)

    def delete() -> str:
        return refused(lambda: ec2.delete_security_group(GroupId=id_))

    endpoint = make(ec2, interface(SecurityGroupIds=[id_]))
    assert delete() == "DependencyViolation"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert delete() == "DependencyViolation", "the endpoint is still being deleted"
    ec2.delete_security_group(GroupId=id_)

    id_ = create(ec2)
    other = create(ec2, GroupName="other")
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[port(UserIdGroupPairs=[{"GroupId": id_}])])
    assert delete() == "DependencyViolation", "another group's rule names it"
    own = [port(UserIdGroupPairs=[{"GroupId": other}])]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=own)
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=id_)

    seed(served, security_groups=[{"id": "sg-0e", "vpc": "vpc-0a", "used_by": "i-0a"}])
    assert refused(lambda: ec2.delete_security_group(GroupId="sg-0e")) == "DependencyViolation"
    seed(served, security_groups=[{"id": "sg-0e", "vpc": "vpc-0a"}])
    ec2.delete_security_group(GroupId="sg-0e")
    assert refused(lambda: ec2.delete_security_group(GroupId="sg-0d")) == "CannotDelete", "the VPC's default group"


def test_a_lost_answer_leaves_a_group_that_its_name_finds(standin: Standin) -> None:
    ec2 = standin.client("ec2")
    standin.fault("ec2", "CreateSecurityGroup", "cut_after")
    with pytest.raises(ConnectionClosedError):
        create(ec2)
    assert refused(lambda: create(ec2)) == "InvalidGroup.Duplicate"
    by_name = [{"Name": "group-name", "Values": ["drawbridge-1"]}]
    (seen,) = ec2.describe_security_groups(Filters=by_name)["SecurityGroups"]
    standin.fault("ec2", "AuthorizeSecurityGroupIngress", "throttle")
    add = {"GroupId": seen["GroupId"], "IpPermissions": [port()]}
    assert refused(lambda: ec2.authorize_security_group_ingress(**add)) == "RequestLimitExceeded"
    ec2.authorize_security_group_ingress(**add)
    endpoint = resource_endpoint(standin.accepted()["resources"][0], SecurityGroupIds=[seen["GroupId"]])
    assert ec2.create_vpc_endpoint(**endpoint)["VpcEndpoint"]["Groups"][0]["GroupId"] == seen["GroupId"]
    ec2.revoke_security_group_ingress(**add)
    calls = {call["operation"] for call in standin.calls() if call["mutating"] and not call["error"]}
    assert calls >= {"CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"}
