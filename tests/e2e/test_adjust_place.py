"""Where an interface endpoint stands and to which names it answers, changed while it stands: subnets and private DNS. Its
DNS names follow, in a new version. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drift import reconcile
from listener import Listener
from local import LocalCloud, wait_for
from place import SERVICE, Place
from story import Json, Story, document
from test_adjust import INVOCATION, adjust, again, changes, endpoint, ready
from test_end import codes, made, shown

NAME = "orders.example.com"


def stands(cloud: LocalCloud, **more: Any) -> tuple[Story, Place, Json]:
    """An interface endpoint that can be used, to a service with a private name."""
    story = Story(cloud)
    place = Place(story, private_dns_name=NAME)
    place.subscribe(place.interface(**more))
    return story, place, ready(story)


def subnets(story: Story, connection: Json) -> set[str]:
    """The subnets that it stands in."""
    return set(endpoint(story, connection)["SubnetIds"])


def names(connection: Json) -> dict[str, set[str]]:
    """Its names in the record, by scope."""
    (database,) = connection["databases"]
    found: dict[str, set[str]] = {}
    for dns in database["dns"]:
        found.setdefault(dns["scope"], set()).add(dns["name"])
    return found


def settle(story: Story) -> None:
    """It is pending for a moment, and the next run reads the names that it has then."""
    adjust(story, error="NotReady")
    assert adjust(story)["complete"]


def planned(story: Story, place: Place, **more: Any) -> Json:
    """What `drawbridge plan` says of an interface endpoint that is asked for otherwise."""
    file = story.cloud.settings.home / story.account / "planned.yaml"
    asked = document("asking", (), (), endpoints=[place.interface(**more)], ports={SERVICE: 12000})
    file.write_text(json.dumps({**asked, "profile": "generic"}))
    return dict(json.loads(story.cloud.cli("plan", "--json", str(file), check=False).stdout))


def test_subnets(cloud: LocalCloud) -> None:
    """They come and go in one call, without those that somebody added; the names of their zones follow, and that is announced."""
    story = Story(cloud)
    place = Place(story)
    first, second, third = place.subnets
    place.subscribe(place.interface(subnets=[first]))
    connection = ready(story)
    assert len(names(connection)["zonal"]) == 1
    listener = Listener(cloud)
    plan = planned(story, place, subnets=[first, second])
    (told,) = plan["connections"]
    assert (told["action"], told["applied"]) == ("change", True)
    costs = [plan["cost"][when]["micro_usd_per_month"] for when in ("before", "after")]
    assert costs == [7_300_000, 14_600_000], "it costs by its zones"
    place.subscribe(place.interface(subnets=[first, second]))
    assert codes(again(story, connection)) == []
    since = story.standin.next_call()
    settle(story)
    after = again(story, connection)
    assert subnets(story, after) == {first, second} and changes(story, since) == ["ModifyVpcEndpoint"]
    assert after["plan"]["call"]["interface_endpoint"]["subnets"] == [first, second]
    assert len(names(after)["zonal"]) == 2 and after["names_version"] == 2
    assert (after["status"], after["since"], codes(after), "changing" in after) == ("ready", connection["since"], [], False)
    heard = wait_for(lambda: [d for d in listener.details() if d.get("names_version") == 2], 30, "it is announced", cloud.explain)
    assert {detail["status"] for detail in heard} == {"ready"}
    assert f"subnets {first}, {second} instead of {first}" in shown(story, after["id"])

    # Somebody adds one by hand, and the list moves from one zone to another.
    cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=made(after), AddSubnetIds=[third])
    wait_for(lambda: endpoint(story, after)["State"] == "available", what="it can be used again")
    place.subscribe(place.interface(subnets=[second]))
    settle(story)
    assert subnets(story, after) == {second, third}, "what somebody added is not ours to take out"
    last = again(story, connection)
    assert codes(last) == ["SettingsChanged"] and len(names(last)["zonal"]) == 2

    # What `auto` would choose is no difference: it stays where it is.
    since = story.standin.next_call()
    place.subscribe(place.interface(subnets="auto"))
    assert adjust(story)["changed"] == 0 and changes(story, since) == []
    assert codes(again(story, connection)) == ["SettingsChanged"]
    assert story.disorder() == [] and cloud.executions("disconnect") == []


def test_subnets_that_cannot_be_used(cloud: LocalCloud) -> None:
    """Preflight's word for those that would be new, and for no other; nothing is changed."""
    story, place, connection = stands(cloud, subnets="auto")
    first, second, _ = place.subnets
    story.standin.seed(
        story.account,
        cloud.region,
        subnets=[
            {"id": f"{first}0", "vpc": place.vpc, "az": "us-east-1a", "az_id": "use1-az1", "free": 0},
            {"id": f"{second}0", "vpc": place.vpc, "az": "us-east-1a", "az_id": "use1-az1", "free": 50},
        ],
    )
    since = story.standin.next_call()
    for asked, code in (
        ([f"{first}0"], "SubnetAddressesLow"),
        ([first, f"{second}0"], "SubnetsShareZone"),
        (["subnet-0000000000000bad0"], "SubnetNotFound"),
    ):
        place.subscribe(place.interface(subnets=asked))
        assert adjust(story)["refused"] == 1
        told = again(story, connection)
        assert (told["status"], codes(told)) == ("ready", ["ChangeNotMade"]) and code in shown(story, told["id"])
    assert changes(story, since) == [] and subnets(story, connection) == set(place.subnets)

    # Whether EC2 takes a subnet in the place of another one of its zone is not known: if it refuses, that is told.
    story.standin.set(refuse_subnet_swap=True)
    place.subscribe(place.interface(subnets=[f"{second}0", second]))
    assert adjust(story)["refused"] == 1
    assert "DuplicateSubnetsInSameZone" in shown(story, connection["id"]) and "changing" not in again(story, connection)
    assert subnets(story, connection) == set(place.subnets)
    story.standin.set(refuse_subnet_swap=False)
    settle(story)
    assert subnets(story, connection) == {f"{second}0", second} and codes(again(story, connection)) == []
    assert story.disorder() == []


def test_private_dns(cloud: LocalCloud) -> None:
    """Off and on again: the private name goes from the record and comes back."""
    story, place, connection = stands(cloud, private_dns=True)
    assert names(connection)["private"] == {NAME}
    place.subscribe(place.interface(private_dns=False))
    since = story.standin.next_call()
    settle(story)
    off = again(story, connection)
    assert endpoint(story, off)["PrivateDnsEnabled"] is False and "private" not in names(off)
    assert (off["names_version"], off["status"], codes(off)) == (2, "ready", [])
    place.subscribe(place.interface())
    assert adjust(story)["changed"] == 0, "the service decided when it was made"
    place.subscribe(place.interface(private_dns=True))
    settle(story)
    on = again(story, connection)
    assert endpoint(story, on)["PrivateDnsEnabled"] is True and names(on)["private"] == {NAME} and on["names_version"] == 3
    assert changes(story, since) == ["ModifyVpcEndpoint"] * 2
    before = on["version"]
    assert adjust(story)["changed"] == 0
    reconcile(story)
    assert again(story, connection)["version"] == before and story.disorder() == []


def test_private_dns_that_cannot_be(cloud: LocalCloud) -> None:
    """Another endpoint of the VPC answers to the name, or the VPC's DNS is off: told, and nothing is changed."""
    story, place, connection = stands(cloud, private_dns=False)
    ec2 = cloud.client("ec2")
    service = endpoint(story, connection)["ServiceName"]
    other = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=place.vpc, ServiceName=service, SubnetIds=place.subnets[:1], PrivateDnsEnabled=True
    )["VpcEndpoint"]["VpcEndpointId"]
    place.subscribe(place.interface(private_dns=True))
    since = story.standin.next_call()
    assert adjust(story)["refused"] == 1
    told = again(story, connection)
    assert (told["status"], codes(told)) == ("ready", ["ChangeNotMade"])
    assert "PrivateDnsTaken" in shown(story, told["id"]) and other in shown(story, told["id"])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[other])
    story.standin.seed(story.account, cloud.region, vpcs=[{"id": place.vpc, "cidr": "10.1.0.0/16", "dns_support": False, "dns_hostnames": True}])
    assert adjust(story)["refused"] == 1
    assert "VpcDnsAttributesOff" in shown(story, told["id"]) and changes(story, since) == []
    story.standin.seed(story.account, cloud.region, vpcs=[{"id": place.vpc, "cidr": "10.1.0.0/16", "dns_support": True, "dns_hostnames": True}])
    settle(story)
    assert names(again(story, connection))["private"] == {NAME} and story.disorder() == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("taken_back", [False, True], ids=["goes on", "taken back"])
def test_an_answer_that_was_lost(cloud: LocalCloud, kind: str, taken_back: bool) -> None:
    """The next run finds what is, in which subnets and under which names, whatever the subscription says by then."""
    story, place, connection = stands(cloud, subnets="auto", private_dns=True)
    first, *rest = place.subnets
    place.subscribe(place.interface(subnets=rest, private_dns=False))
    story.fault("adjust", "ec2", "ModifyVpcEndpoint", kind, count=INVOCATION)
    adjust(story, error="ServiceUnavailable")
    story.mend()
    assert again(story, connection)["status"] == "ready"
    if taken_back:
        place.subscribe(place.interface(subnets=place.subnets, private_dns=True))
    for _ in range(3):
        cloud.invoke("adjust", {})
    after = again(story, connection)
    assert subnets(story, after) == (set(place.subnets) if taken_back else set(rest))
    assert endpoint(story, after)["PrivateDnsEnabled"] is taken_back
    assert len(names(after)["zonal"]) == (3 if taken_back else 2) and ("private" in names(after)) is taken_back
    assert "changing" not in after and codes(after) == [] and (after["plan"] == connection["plan"]) is taken_back
    since = story.standin.next_call()
    assert adjust(story) == {"connections": 1, "changed": 0, "refused": 0, "complete": True} and changes(story, since) == []
    assert story.disorder() == []
