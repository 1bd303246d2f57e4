"""What becomes of shares in the stand-in, and shared service networks, driven with boto3 as in test_standin_wire."""

from __future__ import annotations

from typing import Any

from test_standin_wire import (
    CONSUMER,
    GROUP,
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
from test_standin_wire_kinds import bad_request, make, seed, through_network

__all__ = ["running", "standin"]

SINGLE = {"type": "SINGLE", "name": "postgres", "ports": ["5432"], "custom_domain": "pg.example.net"}


def shares(standin: Standin) -> list[str]:
    """The shares that the consumer sees."""
    ram = standin.client("ram")
    seen, _ = everything(ram, "get_resource_shares", "resourceShares", resourceOwner="OTHER-ACCOUNTS")
    return [share["resourceShareArn"] for share in seen]


def inside(standin: Standin) -> set[str]:
    """The resources that the consumer sees."""
    ram = standin.client("ram")
    return {each["arn"] for each in everything(ram, "list_resources", "resources", resourceOwner="OTHER-ACCOUNTS")[0]}


def rows(ec2: Any, id_: str) -> dict[str, Any]:
    """The associations of an endpoint by resource, once they had their time."""
    operation, member = "describe_vpc_endpoint_associations", "VpcEndpointAssociations"
    ec2.describe_vpc_endpoints()
    found, _ = everything(ec2, operation, member, "NextToken", VpcEndpointIds=[id_])
    return {row["AssociatedResourceArn"]: row for row in found}


def quick(standin: Standin) -> Any:
    """An EC2 client, where everything is ready at once."""
    standin.set(endpoint_pending_polls=0, association_pending_polls=0, empty_pages=False)
    return standin.client("ec2")


def test_an_owner_stops_sharing_and_shares_again(standin: Standin) -> None:
    ec2, ram = quick(standin), standin.client("ram")
    made = standin.share()
    ram.accept_resource_share_invitation(resourceShareInvitationArn=made["invitations"][CONSUMER])
    (arn,) = made["resources"]
    id_ = make(ec2, resource_endpoint(arn))
    ready = rows(ec2, id_)
    assert (shares(standin), len(ready)) == ([made["share"]], 2)
    standin.admin("POST", "shares/revoke", {"share": made["share"], "account": CONSUMER})
    assert (shares(standin), inside(standin)) == ([], set())
    assert rows(ec2, id_) == ready, "what is connected stays so"
    assert refused(lambda: make(ec2, resource_endpoint(arn, ClientToken="later"))) == "InvalidParameter"
    again = standin.admin("POST", "shares/invite", {"share": made["share"], "account": CONSUMER, "event": False})
    assert shares(standin) == [], "the old acceptance does not count"
    ram.accept_resource_share_invitation(resourceShareInvitationArn=again["invitation"])
    assert (shares(standin), inside(standin)) == ([made["share"]], {arn})
    make(ec2, resource_endpoint(arn, ClientToken="later"))
    standin.admin("POST", "shares/invite", {"share": made["share"], "account": CONSUMER, "event": False})
    assert shares(standin) == [made["share"]], "who is on it still has accepted"
    standin.admin("POST", "shares/revoke", {"share": made["share"]})
    assert shares(standin) == []
    bad_request(standin, "shares/invite", {"share": made["share"], "account": CONSUMER})


def test_resources_and_children_come_and_go(standin: Standin) -> None:
    ec2 = quick(standin)
    made = standin.accepted()
    share, (group,) = made["share"], made["resources"]
    id_ = make(ec2, resource_endpoint(group))
    added = standin.admin("POST", "shares/resources", {"share": share, "resources": [SINGLE]})["resources"]
    assert inside(standin) == {group, *added}
    standin.admin("POST", "shares/resources/remove", {"share": share, "resources": [group]})
    assert inside(standin) == set(added)
    assert set(rows(ec2, id_)) == set(made["children"][0]), "what is connected stays so"
    bad_request(standin, "shares/resources/remove", {"share": share, "resources": [group]})
    first, second = made["children"][0]
    standin.admin("POST", "shares/children/remove", {"children": [first]})
    assert set(rows(ec2, id_)) == {second}
    bad_request(standin, "shares/children/remove", {"children": [second, first]})
    assert set(rows(ec2, id_)) == {second}
    standin.admin("POST", "shares/resources", {"share": share, "resources": [{"arn": group}]})
    assert inside(standin) == {group, *added}


def test_a_service_network_is_shared_with_what_is_in_it(standin: Standin) -> None:
    ec2, lattice, ram = quick(standin), standin.client("vpc-lattice"), standin.client("ram")
    network = {"ram_type": "vpc-lattice:ServiceNetwork", "name": "shared-databases", "resources": [SINGLE, GROUP]}
    made = standin.share(resources=[network])
    (arn,), ((single, group),) = made["resources"], made["children"]
    assert arn.startswith(f"arn:aws:vpc-lattice:{REGION}:{PROVIDER}:servicenetwork/sn-")
    arn_of_invitation = made["invitations"][CONSUMER]
    (pending,) = ram.list_pending_invitation_resources(resourceShareInvitationArn=arn_of_invitation)["resources"]
    assert (pending["arn"], pending["type"]) == (arn, "vpc-lattice:ServiceNetwork")

    def get(identifier: str = arn) -> Any:
        return lattice.get_service_network(serviceNetworkIdentifier=identifier)

    wanted = through_network(ServiceNetworkArn=arn, PrivateDnsEnabled=True)
    assert refused(get) == "AccessDeniedException"
    assert refused(lambda: make(ec2, wanted)) == "InvalidParameter"
    ram.accept_resource_share_invitation(resourceShareInvitationArn=arn_of_invitation)
    assert (get()["arn"], get()["name"], get(arn.split("/")[-1])["arn"]) == (arn, "shared-databases", arn)
    theirs = standin.client("vpc-lattice", PROVIDER).get_service_network(serviceNetworkIdentifier=arn)
    assert theirs["arn"] == arn
    stranger = standin.client("vpc-lattice", STRANGER)
    assert refused(lambda: stranger.get_service_network(serviceNetworkIdentifier=arn)) == "AccessDeniedException"

    id_ = make(ec2, wanted)
    seen = rows(ec2, id_)
    assert len(seen) == 3 and single in seen, "one per resource, or per child of a group"
    assert {row.get("ResourceConfigurationGroupArn") for row in seen.values()} == {None, group}
    assert {(row["ServiceNetworkArn"], row["ServiceNetworkName"]) for row in seen.values()} == {
        (arn, "shared-databases")
    }
    assert seen[single]["PrivateDnsEntry"]["DnsName"] == "pg.example.net"
    (later,) = standin.admin("POST", "networks/resources", {"network": arn, "resources": [SINGLE | {"name": "b"}]})[
        "resources"
    ]
    assert set(rows(ec2, id_)) == {*seen, later}
    (ended,) = (
        each["id"]
        for each in standin.admin("GET", "state")["associations"]
        if each["resource_configuration"] == single
    )
    standin.admin("POST", "associations", {"id": ended, "state": "DELETED"})
    assert single not in rows(ec2, id_), "its owner took it out"

    own = standin.accepted(resources=[SINGLE])["resources"][0]
    associate = {"resourceConfigurationIdentifier": own, "serviceNetworkIdentifier": arn}
    code = refused(lambda: lattice.create_service_network_resource_association(**associate))
    assert code == "AccessDeniedException", "both are shared"
    standin.admin("POST", "shares/revoke", {"share": made["share"], "account": CONSUMER})
    assert refused(get) == "AccessDeniedException"
    assert later in rows(ec2, id_)
    assert refused(lambda: make(ec2, wanted | {"ClientToken": "later"})) == "InvalidParameter"
    bad_request(standin, "networks/resources", {"network": arn + "0", "resources": [SINGLE]})


def test_a_private_name_through_a_network_needs_private_dns_of_its_association(standin: Standin) -> None:
    ec2, lattice = quick(standin), standin.client("vpc-lattice")
    on, off = standin.accepted(resources=[SINGLE, SINGLE])["resources"]
    network = lattice.get_service_network(serviceNetworkIdentifier="sn-0123456789abcdef0")["arn"]
    for arn in (on, off):
        lattice.create_service_network_resource_association(
            resourceConfigurationIdentifier=arn, serviceNetworkIdentifier=network, privateDnsEnabled=arn == on
        )
    seen = rows(ec2, make(ec2, through_network(PrivateDnsEnabled=True)))
    assert ("PrivateDnsEntry" in seen[on], "PrivateDnsEntry" in seen[off]) == (True, False)


def test_vpc_associations_are_listed(standin: Standin) -> None:
    # VPC Lattice's model has a pattern for it, which EC2's has not.
    vpc = "vpc-0123456789abcdef0"
    ours = {"id": "snva-0123456789abcdef0", "vpc": vpc, "service_network": "sn-0123456789abcdef0"}
    seed(standin, vpc_associations=[ours])
    lattice = standin.client("vpc-lattice")

    def found(**given: str) -> list[Any]:
        return everything(lattice, "list_service_network_vpc_associations", "items", **given)[0]

    (seen,) = found(serviceNetworkIdentifier="sn-0123456789abcdef0")
    assert (seen["id"], seen["vpcId"], seen["status"]) == (ours["id"], vpc, "ACTIVE")
    assert (seen["serviceNetworkName"], seen["privateDnsEnabled"]) == ("databases", False)
    assert found(vpcIdentifier=vpc) == found(serviceNetworkIdentifier=seen["serviceNetworkArn"]) == [seen]
    assert found(vpcIdentifier="vpc-0b") == []
    assert refused(found) == "ValidationException"
    network = lattice.get_service_network(serviceNetworkIdentifier="sn-0123456789abcdef0")
    assert network["numberOfAssociatedVPCs"] == 1
    standin.fault("vpc-lattice", "ListServiceNetworkVpcAssociations", "throttle")
    assert refused(lambda: found(vpcIdentifier=vpc)) == "ThrottlingException"
