"""The stand-in's Interface and ServiceNetwork endpoints and the services they need, driven as in test_standin_wire."""

from __future__ import annotations

import re
import urllib.error
from typing import Any

import pytest
from test_standin_wire import (
    CONSUMER,
    PROVIDER,
    REGION,
    STRANGER,
    Standin,
    everything,
    refused,
    resource_endpoint,
    running,
    standin,
)

__all__ = ["running", "standin"]

S3, DYNAMODB = f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.dynamodb"
SERVICE_ID = "vpce-svc-0123456789abcdef0"
SERVICE = f"com.amazonaws.vpce.{REGION}.{SERVICE_ID}"
PRIVATE = "db.example.net"


@pytest.fixture
def served(standin: Standin) -> Standin:
    """The stand-in, with a provider's service besides AWS's own, a second route table and a default group."""
    service = {
        "id": SERVICE_ID,
        "owner": PROVIDER,
        "zones": {"us-east-1f": "use1-az1", "us-east-1e": "use1-az2"},
        "private_dns_name": PRIVATE,
        "policy_supported": False,
        "tags": {"team": "data"},
    }
    tables = [
        {
            "id": "rtb-0b",
            "vpc": "vpc-0a",
            "subnets": ["subnet-0a1"],
            "routes": [{"cidr": "0.0.0.0/0", "gateway": "nat-0a"}],
        },
        {"id": "rtb-0c", "vpc": "vpc-0b", "main": True},
    ]
    groups = [{"id": "sg-0d", "vpc": "vpc-0a", "name": "default"}]
    seed(standin, endpoint_services=[service], route_tables=tables, security_groups=groups)
    return standin


def seed(standin: Standin, **world: Any) -> None:
    """Adds to the consumer's world."""
    standin.admin("POST", "seed", {"account": CONSUMER, "region": REGION} | world)


def change_service(standin: Standin, **more: Any) -> None:
    """Seeds the provider's service as something else."""
    seed(standin, endpoint_services=[{"id": SERVICE_ID, "owner": PROVIDER, "private_dns_name": PRIVATE} | more])


def interface(**more: Any) -> dict[str, Any]:
    """What `CreateVpcEndpoint` needs for an Interface endpoint."""
    return {
        "VpcEndpointType": "Interface",
        "VpcId": "vpc-0a",
        "ServiceName": SERVICE,
        "SubnetIds": ["subnet-0a1", "subnet-0a2"],
        "SecurityGroupIds": ["sg-0a"],
        "ClientToken": "face-1",
    } | more


def gateway(**more: Any) -> dict[str, Any]:
    """The same for a Gateway, which is the type if none is named."""
    return {"VpcId": "vpc-0a", "ServiceName": S3, "RouteTableIds": ["rtb-0a"], "ClientToken": "gate-1"} | more


def make(ec2: Any, wanted: dict[str, Any]) -> str:
    """Makes an endpoint; its id."""
    return str(ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"])


def look(ec2: Any, id_: str) -> dict[str, Any]:
    """What Describe says of an endpoint."""
    (seen,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"]
    return dict(seen)


def bad_request(standin: Standin, path: str, body: dict[str, Any]) -> None:
    """An admin call that cannot be."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        standin.admin("POST", path, body)
    assert caught.value.code == 400


# --- endpoint services ---


def test_services_are_described(served: Standin) -> None:
    ec2 = served.client("ec2")
    answer = ec2.describe_vpc_endpoint_services(ServiceNames=[SERVICE])
    assert answer["ServiceNames"] == [SERVICE]
    (theirs,) = answer["ServiceDetails"]
    assert (theirs["ServiceId"], theirs["ServiceType"], theirs["Owner"], theirs["ServiceRegion"]) == (
        SERVICE_ID,
        [{"ServiceType": "Interface"}],
        PROVIDER,
        REGION,
    )
    assert theirs["AvailabilityZones"] == ["us-east-1a", "us-east-1b"], "by the account's own names of the zones"
    assert theirs["AvailabilityZoneIds"] == ["use1-az1", "use1-az2"]
    assert theirs["BaseEndpointDnsNames"] == [f"{SERVICE_ID}.{REGION}.vpce.amazonaws.com"]
    assert (theirs["PrivateDnsName"], theirs["PrivateDnsNames"]) == (PRIVATE, [{"PrivateDnsName": PRIVATE}])
    assert theirs["PrivateDnsNameVerificationState"] == "verified"
    assert (theirs["AcceptanceRequired"], theirs["VpcEndpointPolicySupported"]) == (False, False)
    assert theirs["SupportedIpAddressTypes"] == ["ipv4"]

    s3 = ec2.describe_vpc_endpoint_services(ServiceNames=[S3])
    assert s3["ServiceNames"] == [S3]
    assert {each["ServiceType"][0]["ServiceType"] for each in s3["ServiceDetails"]} == {"Gateway", "Interface"}
    assert {each["Owner"] for each in s3["ServiceDetails"]} == {"amazon"}
    for unknown in (f"com.amazonaws.vpce.{REGION}.vpce-svc-0f", SERVICE + "0"):
        code = refused(lambda name=unknown: ec2.describe_vpc_endpoint_services(ServiceNames=[SERVICE, name]))
        assert code == "InvalidServiceName"
    stranger = served.client("ec2", STRANGER)
    assert refused(lambda: stranger.describe_vpc_endpoint_services(ServiceNames=[SERVICE])) == "InvalidServiceName"
    assert len(stranger.describe_vpc_endpoint_services(ServiceNames=[S3])["ServiceDetails"]) == 2


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("owner", PROVIDER, {SERVICE}),
        ("service-name", "*.dynamodb", {DYNAMODB}),
        ("service-type", "Gateway", {S3, DYNAMODB}),
        ("tag:team", "data", {SERVICE}),
        ("supported-ip-address-types", "ipv6", set()),
        ("service-region", REGION, {S3, DYNAMODB, SERVICE}),
    ],
)
def test_services_are_filtered(served: Standin, name: str, value: str, found: set[str]) -> None:
    answer = served.client("ec2").describe_vpc_endpoint_services(Filters=[{"Name": name, "Values": [value]}])
    assert set(answer["ServiceNames"]) == found == {each["ServiceName"] for each in answer["ServiceDetails"]}


def test_a_service_of_another_region_is_found_there(served: Standin) -> None:
    far = {"id": "vpce-svc-0f", "region": "eu-west-1"}
    seed(served, endpoint_services=[far])
    ec2, name = served.client("ec2"), "com.amazonaws.vpce.eu-west-1.vpce-svc-0f"
    assert refused(lambda: ec2.describe_vpc_endpoint_services(ServiceNames=[name])) == "InvalidServiceName"
    answer = ec2.describe_vpc_endpoint_services(ServiceNames=[name], ServiceRegions=["eu-west-1"])
    assert answer["ServiceDetails"][0]["ServiceRegion"] == "eu-west-1"
    assert refused(lambda: ec2.create_vpc_endpoint(**interface(ServiceName=name))) == "InvalidServiceName"
    wanted = interface(ServiceName=name, ServiceRegion="eu-west-1")
    assert refused(lambda: ec2.create_vpc_endpoint(**wanted | {"SubnetIds": ["subnet-0a3"]})) == "InvalidParameter"
    assert ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["ServiceRegion"] == "eu-west-1"


# --- Interface endpoints ---


def test_an_interface_endpoint_lives(served: Standin) -> None:
    ec2 = served.client("ec2")
    wanted = interface(PrivateDnsEnabled=True)
    endpoint = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    id_ = endpoint["VpcEndpointId"]
    assert (endpoint["State"], endpoint["IpAddressType"]) == ("pending", "ipv4"), "camel case, not as Resource"
    assert (endpoint["ServiceName"], endpoint["ServiceRegion"]) == (SERVICE, REGION)
    assert (endpoint["PrivateDnsEnabled"], len(endpoint["NetworkInterfaceIds"])) == (True, 2)
    assert "PolicyDocument" not in endpoint, "the service has no policies"
    names = [entry["DnsName"] for entry in endpoint["DnsEntries"]]
    own = rf"{id_}-[0-9a-f]{{8}}"
    base = re.escape(f".{SERVICE_ID}.{REGION}.vpce.amazonaws.com")
    expected = [f"{own}{base}", f"{own}-us-east-1a{base}", f"{own}-us-east-1b{base}", re.escape(PRIVATE)]
    assert len(names) == len(expected)
    assert all(re.fullmatch(pattern, name) for pattern, name in zip(expected, names, strict=True)), names
    assert all(entry["HostedZoneId"] for entry in endpoint["DnsEntries"])
    assert make(ec2, wanted) == id_, "the same token"
    assert refused(lambda: make(ec2, interface())) == "IdempotentParameterMismatch"
    assert [look(ec2, id_)["State"] for _ in range(2)] == ["pending", "available"]
    again = interface(PrivateDnsEnabled=True, ClientToken="face-2")
    assert refused(lambda: make(ec2, again)) == "InvalidParameter", "the VPC has that private name"
    assert ec2.describe_vpc_endpoint_associations()["VpcEndpointAssociations"] == []
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])["Unsuccessful"] == []
    assert look(ec2, id_)["State"] == "deleting"
    make(ec2, again)


def test_an_owner_accepts_and_rejects(served: Standin) -> None:
    change_service(served, acceptance_required=True)
    ec2 = served.client("ec2")
    early = interface(PrivateDnsEnabled=True)
    assert refused(lambda: make(ec2, early)) == "InvalidParameter", "private DNS can wait for the acceptance"
    id_ = make(ec2, interface())
    assert [look(ec2, id_)["State"] for _ in range(3)] == ["pendingAcceptance"] * 3
    filters = [{"Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"]}]
    assert len(everything(ec2, "describe_vpc_endpoints", "VpcEndpoints", "NextToken", Filters=filters)[0]) == 1
    served.admin("POST", "endpoints/accept", {"id": id_})
    assert [look(ec2, id_)["State"] for _ in range(2)] == ["pending", "available"]
    bad_request(served, "endpoints/accept", {"id": id_})
    served.admin("POST", "endpoints/reject", {"id": id_})
    assert look(ec2, id_)["State"] == "rejected", "an available one too"
    served.admin("POST", "endpoints/accept", {"id": id_})
    assert look(ec2, id_)["State"] == "pending"
    bad_request(served, "endpoints/reject", {"id": "vpce-0f"})
    (kept,) = served.admin("GET", "state")["endpoints"]
    stages = ["pendingAcceptance", "pending", "available", "rejected", "pending"]
    assert [stage["state"] for stage in kept["history"]] == stages


@pytest.mark.parametrize(
    ("service", "change", "code"),
    [
        ({}, {"ServiceName": "com.amazonaws.us-east-1.s4"}, "InvalidServiceName"),
        ({}, {"ServiceName": DYNAMODB}, "InvalidParameter"),
        ({}, {"RouteTableIds": ["rtb-0a"]}, "InvalidParameter"),
        ({}, {"SubnetIds": ["subnet-0a1", "subnet-0a4"]}, "DuplicateSubnetsInSameZone"),
        ({}, {"SubnetIds": ["subnet-0f"]}, "InvalidSubnetID.NotFound"),
        ({"zones": {"x": "use1-az2"}}, {"SubnetIds": ["subnet-0a1"]}, "InvalidParameter"),
        ({}, {"SecurityGroupIds": ["sg-0f"]}, "InvalidSecurityGroupID.NotFound"),
        ({}, {"IpAddressType": "dualstack"}, "InvalidParameter"),
        ({}, {"IpAddressType": "ipv5"}, "InvalidParameterValue"),
        ({}, {"PolicyDocument": "{"}, "InvalidPolicyDocument"),
        ({}, {"PolicyDocument": '{"x": "' + "y" * 20480 + '"}'}, "InvalidPolicyDocument"),
        ({"policy_supported": False}, {"PolicyDocument": "{}"}, "InvalidParameter"),
        ({"private_dns_name": None}, {"PrivateDnsEnabled": True}, "InvalidParameter"),
        ({"private_dns_state": "pendingVerification"}, {"PrivateDnsEnabled": True}, "InvalidParameter"),
        ({"private_dns_state": "failed"}, {"PrivateDnsEnabled": True}, "InvalidParameter"),
        ({}, {"PrivateDnsEnabled": True, "DnsOptions": {"PrivateDnsPreference": "ALL_DOMAINS"}}, "InvalidParameter"),
        ({}, {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}}, "InvalidParameter"),
        ({}, {"ServiceNetworkArn": "arn:x"}, "InvalidParameterCombination"),
        ({}, {"VpcId": "vpc-0b", "SubnetIds": ["subnet-0b1"], "SecurityGroupIds": ["sg-0a"]}, "InvalidParameter"),
    ],
)
def test_an_interface_endpoint_that_cannot_be_is_refused(
    served: Standin, service: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    change_service(served, **service)
    ec2 = served.client("ec2")
    assert refused(lambda: make(ec2, interface(**change))) == code
    assert served.admin("GET", "state")["endpoints"] == []
    change_service(served)
    make(ec2, interface())


def test_an_interface_endpoint_of_s3_has_a_policy_and_may_serve_resolvers_alone(served: Standin) -> None:
    ec2 = served.client("ec2")
    dns = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    wanted = interface(ServiceName=S3, PrivateDnsEnabled=True, DnsOptions=dns, PolicyDocument='{"Statement": []}')
    assert refused(lambda: make(ec2, wanted)) == "InvalidParameter", "it needs a Gateway endpoint"
    make(ec2, gateway())
    endpoint = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    assert (endpoint["PolicyDocument"], endpoint["DnsOptions"]) == ('{"Statement": []}', dns)
    assert endpoint["DnsEntries"][-1]["DnsName"] == f"s3.{REGION}.amazonaws.com"
    default = ec2.create_vpc_endpoint(**interface(ServiceName=S3, ClientToken="b", SecurityGroupIds=[]))["VpcEndpoint"]
    assert '"Allow"' in default["PolicyDocument"]
    assert [group["GroupId"] for group in default["Groups"]] == ["sg-0d"], "the VPC's default group"


# --- ServiceNetwork endpoints ---

NETWORK_ARN = f"arn:aws:vpc-lattice:{REGION}:{CONSUMER}:servicenetwork/sn-0123456789abcdef0"


def through_network(**more: Any) -> dict[str, Any]:
    """What `CreateVpcEndpoint` needs for a ServiceNetwork endpoint."""
    return {
        "VpcEndpointType": "ServiceNetwork",
        "VpcId": "vpc-0a",
        "ServiceNetworkArn": NETWORK_ARN,
        "SubnetIds": ["subnet-0a1", "subnet-0a2"],
        "SecurityGroupIds": ["sg-0a"],
        "ClientToken": "net-1",
    } | more


def test_a_service_network_endpoint_reaches_what_is_associated_with_the_network(served: Standin) -> None:
    ec2, lattice = served.client("ec2"), served.client("vpc-lattice")
    single = {"type": "SINGLE", "name": "postgres", "ports": ["5432"]}
    (first, second) = served.accepted(resources=[single, single])["resources"]
    id_ = make(ec2, through_network())
    assert [look(ec2, id_)["State"] for _ in range(2)] == ["Pending", "Available"], "as Resource endpoints"

    def rows(**more: Any) -> list[Any]:
        operation, member = "describe_vpc_endpoint_associations", "VpcEndpointAssociations"
        found, _ = everything(ec2, operation, member, "NextToken", VpcEndpointIds=[id_], **more)
        return [(row["AssociatedResourceArn"], row["ServiceNetworkArn"]) for row in found]

    assert rows() == []
    made = [
        lattice.create_service_network_resource_association(
            resourceConfigurationIdentifier=arn, serviceNetworkIdentifier=NETWORK_ARN
        )["id"]
        for arn in (first, second)
    ]
    assert sorted(rows()) == sorted([(first, NETWORK_ARN), (second, NETWORK_ARN)])
    for arn, count in ((NETWORK_ARN, 2), (NETWORK_ARN + "0", 0)):
        assert len(rows(Filters=[{"Name": "service-network-arn", "Values": [arn]}])) == count
    served.admin("POST", "associations", {"id": made[0], "state": "DELETED"})
    assert rows() == [(second, NETWORK_ARN)], "its owner deleted the other"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ServiceNetworkArn": NETWORK_ARN[:-1] + "1"}, "InvalidParameter"),
        ({"ServiceName": S3}, "InvalidParameterCombination"),
        ({"ResourceConfigurationArn": "arn:x"}, "InvalidParameterCombination"),
        ({"ServiceRegion": REGION}, "InvalidParameterCombination"),
        ({"RouteTableIds": ["rtb-0a"]}, "InvalidParameter"),
        ({"PolicyDocument": "{}"}, "InvalidParameter"),
        ({"SubnetIds": ["subnet-0a3"]}, "InvalidParameter"),
        ({"SubnetIds": []}, "MissingParameter"),
        ({"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}}, "InvalidParameter"),
    ],
)
def test_a_service_network_endpoint_that_cannot_be_is_refused(
    served: Standin, change: dict[str, Any], code: str
) -> None:
    ec2 = served.client("ec2")
    assert refused(lambda: make(ec2, through_network(**change))) == code
    assert served.admin("GET", "state")["endpoints"] == []
    make(ec2, through_network())


def test_private_dns_for_a_resource_is_made_by_one_endpoint_of_a_vpc(served: Standin) -> None:
    ec2 = served.client("ec2")
    (arn,) = served.accepted()["resources"]
    make(ec2, resource_endpoint(arn))
    served.client("vpc-lattice").create_service_network_resource_association(
        resourceConfigurationIdentifier=arn, serviceNetworkIdentifier=NETWORK_ARN
    )
    assert refused(lambda: make(ec2, through_network(PrivateDnsEnabled=True))) == "InvalidParameter"
    make(ec2, through_network(PrivateDnsEnabled=False))


# --- all types ---


def test_endpoints_of_all_types_are_filtered(served: Standin) -> None:
    ec2 = served.client("ec2")
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "owner", "Value": "us"}]}]
    (arn,) = served.accepted()["resources"]
    ids = {
        "Resource": make(ec2, resource_endpoint(arn)),
        "ServiceNetwork": make(ec2, through_network()),
        "Interface": make(ec2, interface(TagSpecifications=tags)),
        "Gateway": make(ec2, gateway()),
    }

    def found(name: str, *values: str) -> set[str]:
        filters = [{"Name": name, "Values": list(values)}, {"Name": "vpc-id", "Values": ["vpc-0a"]}]
        pages, _ = everything(ec2, "describe_vpc_endpoints", "VpcEndpoints", "NextToken", Filters=filters)
        return {each["VpcEndpointType"] for each in pages}

    for kind, id_ in ids.items():
        assert found("vpc-endpoint-type", kind) == found("vpc-endpoint-id", id_) == {kind}
    assert found("service-name", SERVICE, S3) == {"Interface", "Gateway"}
    assert found("tag:owner", "us") == {"Interface"}
    assert found("vpc-endpoint-state", "available") == set(ids), "they have become it by now"
    assert found("ip-address-type", "ipv4") == {"Interface", "Gateway"}
    assert found("vpc-id", "vpc-0b") == set()


@pytest.mark.parametrize(
    ("knob", "kind"),
    [
        ("resource_endpoints_per_vpc", "Resource"),
        ("service_network_endpoints_per_vpc", "ServiceNetwork"),
        ("interface_endpoints_per_vpc", "Interface"),
        ("gateway_endpoints_per_region", "Gateway"),
    ],
)
def test_each_type_has_a_limit_of_its_own(served: Standin, knob: str, kind: str) -> None:
    ec2 = served.client("ec2")
    served.set(**{knob: 0})
    (arn,) = served.accepted()["resources"]
    wanted = {
        "Resource": resource_endpoint(arn),
        "ServiceNetwork": through_network(),
        "Interface": interface(),
        "Gateway": gateway(),
    }
    assert refused(lambda: make(ec2, wanted.pop(kind))) == "VpcEndpointLimitExceeded"
    for other in wanted.values():
        make(ec2, other)


def test_quotas_are_told(served: Standin) -> None:
    quotas = served.client("service-quotas")
    several = {"ServiceCode": "vpc", "MaxResults": 3}
    seen, pages = everything(quotas, "list_service_quotas", "Quotas", "NextToken", **several)
    defaults = {"L-29B6F2EB": 50, "L-1B52E74A": 20, "L-CA6CC422": 200, "L-3B4E38D2": 50}
    assert ({quota["QuotaCode"]: quota["Value"] for quota in seen}, len(seen), pages) == (defaults, 4, 2)
    served.set(resource_endpoints_per_vpc=7)
    one = quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-CA6CC422")["Quota"]
    assert (one["Value"], one["Adjustable"], one["GlobalQuota"]) == (7, True, False)
    for service, code in (("vpc", "L-0"), ("ec2", "L-CA6CC422")):
        get = {"ServiceCode": service, "QuotaCode": code}
        assert refused(lambda get=get: quotas.get_service_quota(**get)) == "NoSuchResourceException"
    calls = {(call["service"], call["mutating"]) for call in served.calls()}
    assert calls == {("servicequotas", False)}
    assert served.emulator.took() == [], "none of these is passed on"


def test_a_provider_can_detach_its_resource_from_an_endpoint(served: Standin) -> None:
    served.set(empty_pages=False, endpoint_pending_polls=0)
    ec2 = served.client("ec2")
    id_, foreign = make(ec2, resource_endpoint(served.accepted()["resources"][0])), make(ec2, interface())
    assert len(ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[id_])["VpcEndpointAssociations"]) == 2
    served.admin("POST", "endpoints/detach", {"id": id_})
    assert ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[id_])["VpcEndpointAssociations"] == []
    assert look(ec2, id_)["State"] == "Available"
    bad_request(served, "endpoints/detach", {"id": foreign})


def test_hosted_zones_are_those_seeded_and_those_of_endpoints(served: Standin) -> None:
    theirs = {"id": "Z0A", "name": "example.com", "vpcs": ["vpc-0a", "vpc-0b"], "owner": PROVIDER}
    service = {"id": "Z0B", "name": "*.efs.example.com", "vpcs": ["vpc-0a"], "service": "elasticfilesystem.amazonaws.com"}
    seed(served, hosted_zones=[theirs, service, {"id": "Z0C", "name": "example.org", "vpcs": ["vpc-0b"]}])
    # Whatever Region it is asked in.
    route53 = served.client("route53", region="eu-west-1")

    def zones(vpc: str, **more: Any) -> list[tuple[str, Any]]:
        seen, token = [], {}
        while True:
            page = route53.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION, **more, **token)
            seen += [(row["Name"], row["Owner"]) for row in page["HostedZoneSummaries"]]
            if "NextToken" not in page:
                return seen
            token = {"NextToken": page["NextToken"]}

    first = [("example.com.", {"OwningAccount": PROVIDER}), ("\\052.efs.example.com.", {"OwningService": service["service"]})]
    assert zones("vpc-0a") == zones("vpc-0a", MaxItems="1") == first
    assert zones("vpc-0b") == [first[0], ("example.org.", {"OwningAccount": CONSUMER})]
    assert zones("vpc-0c") == []
    make(served.client("ec2"), interface(PrivateDnsEnabled=True))
    assert zones("vpc-0a")[2:] == [(f"{PRIVATE}.", {"OwningService": "vpce.amazonaws.com"})]
    bad = {"VPCId": "vpc-0a", "VPCRegion": REGION, "NextToken": "x"}
    assert refused(lambda: route53.list_hosted_zones_by_vpc(**bad)) == "InvalidPaginationToken"
    assert {(call["service"], call["mutating"]) for call in served.calls() if call["service"] != "ec2"} == {("route53", False)}


def test_a_vpc_has_one_zone_of_a_name(served: Standin) -> None:
    seed(served, hosted_zones=[{"id": "Z0A", "name": PRIVATE, "vpcs": ["vpc-0a"]}])
    ec2 = served.client("ec2")
    assert refused(lambda: make(ec2, interface(PrivateDnsEnabled=True))) == "InvalidParameter"
    make(ec2, interface(PrivateDnsEnabled=False))


# --- connection notifications ---


def told(standin: Standin, **filters: str) -> list[dict[str, Any]]:
    """The account's connection notifications, of all pages."""
    given = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    operation = "describe_vpc_endpoint_connection_notifications"
    return everything(standin.client("ec2"), operation, "ConnectionNotificationSet", "NextToken", Filters=given)[0]


def test_a_topic_is_told_of_an_interface_endpoint(served: Standin) -> None:
    ec2 = served.client("ec2")
    id_ = make(ec2, interface())
    topic = f"arn:aws:sns:{REGION}:{CONSUMER}:told"
    wanted = {"VpcEndpointId": id_, "ConnectionNotificationArn": topic, "ConnectionEvents": ["Accept", "Reject"], "ClientToken": "told-1"}
    made = ec2.create_vpc_endpoint_connection_notification(**wanted)["ConnectionNotification"]
    assert made["ConnectionNotificationId"].startswith("vpce-nfn-") and made["VpcEndpointId"] == id_
    assert (made["ConnectionNotificationArn"], made["ConnectionEvents"]) == (topic, ["Accept", "Reject"])
    assert (made["ConnectionNotificationType"], made["ConnectionNotificationState"]) == ("Topic", "Enabled")
    again = ec2.create_vpc_endpoint_connection_notification(**wanted)["ConnectionNotification"]
    assert again == made, "the same token is the same notification"
    more = {
        "IdempotentParameterMismatch": {"ConnectionEvents": ["Delete"]},
        "InvalidVpcEndpointId.NotFound": {"VpcEndpointId": "vpce-0f", "ClientToken": "told-2"},
        "InvalidParameterValue": {"ConnectionEvents": ["Sing"], "ClientToken": "told-3"},
        "InvalidParameter": {"VpcEndpointId": make(ec2, gateway()), "ClientToken": "told-4"},
    }
    for code, changed in more.items():
        assert refused(lambda changed=changed: ec2.create_vpc_endpoint_connection_notification(**wanted | changed)) == code
    foreign = wanted | {"ConnectionNotificationArn": f"arn:aws:sns:{REGION}:{STRANGER}:told", "ClientToken": "told-5"}
    assert refused(lambda: ec2.create_vpc_endpoint_connection_notification(**foreign)) == "InvalidParameterValue"
    second = ec2.create_vpc_endpoint_connection_notification(**wanted | {"ClientToken": "told-6"})["ConnectionNotification"]
    assert second["ConnectionNotificationId"] != made["ConnectionNotificationId"]
    assert len(told(served)) == len(told(served, vpc_endpoint_id=id_, connection_notification_arn=topic)) == 2
    assert told(served, vpc_endpoint_id="vpce-0f") == []
    stranger = served.client("ec2", STRANGER).describe_vpc_endpoint_connection_notifications()
    assert stranger["ConnectionNotificationSet"] == []

    ids = [made["ConnectionNotificationId"], "vpce-nfn-0f"]
    (unsuccessful,) = ec2.delete_vpc_endpoint_connection_notifications(ConnectionNotificationIds=ids)["Unsuccessful"]
    assert (unsuccessful["ResourceId"], unsuccessful["Error"]["Code"]) == ("vpce-nfn-0f", "InvalidConnectionNotification")
    assert [each["ConnectionNotificationId"] for each in told(served)] == [second["ConnectionNotificationId"]]


@pytest.mark.parametrize("stays", [True, False])
def test_a_notification_may_outlive_its_endpoint(served: Standin, stays: bool) -> None:
    """Documented nowhere, so both."""
    served.set(notifications_stay=stays)
    ec2 = served.client("ec2")
    id_ = make(ec2, interface())
    topic = f"arn:aws:sns:{REGION}:{CONSUMER}:told"
    ec2.create_vpc_endpoint_connection_notification(VpcEndpointId=id_, ConnectionNotificationArn=topic, ConnectionEvents=["Accept"])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[id_])
    assert len(told(served)) == (1 if stays else 0)
