"""A gateway endpoint's route tables that are asked for without a list, and the tags of an association, changed while they stand.
Waits are 1/50 of AWS's."""

from __future__ import annotations

from typing import Any

import pytest
from drift import reconcile
from local import LocalCloud
from place import Place
from story import TO_NETWORK, Json, Story
from test_adjust import INVOCATION, adjust, again, changes, endpoint, ready
from test_end import codes, connected, made, shown


def tables(story: Story, connection: Json) -> set[str]:
    """The route tables that lead through it."""
    return set(endpoint(story, connection)["RouteTableIds"])


def test_route_tables_in_other_words(cloud: LocalCloud) -> None:
    """They are chosen anew when the subscription asks for them in other words, and not when a table comes, or a tag changes."""
    story = Story(cloud)
    place = Place(story)
    place.subscribe(place.gateway(route_tables=[place.main]))
    connection = ready(story)
    place.subscribe(place.gateway())
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 1
    assert tables(story, connection) == {place.main, place.other}
    after = again(story, connection)
    assert after["plan"]["call"]["gateway_endpoint"]["chosen_by"] == "all" and codes(after) == []
    assert "route tables that are all instead of listed" in shown(story, after["id"])

    third = f"rtb-2{place.vpc.removeprefix('vpc-')}"
    story.standin.seed(story.account, cloud.region, route_tables=[{"id": third, "vpc": place.vpc, "subnets": [place.subnets[2]]}])
    assert adjust(story)["changed"] == 0, "nobody asked for another one"
    place.subscribe(place.gateway(), tags={"team": "data"})
    assert adjust(story)["changed"] == 1 and tables(story, connection) == {place.main, place.other}

    place.subscribe(place.gateway(subnets=place.subnets[1:]), tags={"team": "data"})
    assert adjust(story)["changed"] == 1
    assert tables(story, connection) == {place.other, third}
    place.subscribe(place.gateway(subnets=place.subnets[:0:-1]), tags={"team": "data"})
    assert adjust(story)["changed"] == 0, "in another order"
    place.subscribe(place.gateway(), tags={"team": "data"})
    assert adjust(story)["changed"] == 1
    assert tables(story, connection) == {place.main, place.other, third}
    assert changes(story, since).count("ModifyVpcEndpoint") == 3
    reconcile(story)
    last = again(story, connection)
    assert (last["status"], codes(last), last["made"]) == ("ready", [], connection["made"]) and story.disorder() == []


def test_route_tables_that_cannot_be_chosen(cloud: LocalCloud) -> None:
    """A subnet that is not there, a table that another gateway endpoint is in: told, and nothing is changed."""
    story = Story(cloud)
    place = Place(story)
    place.subscribe(place.gateway(route_tables=[place.main]))
    connection = ready(story)
    since = story.standin.next_call()
    place.subscribe(place.gateway(subnets=["subnet-0000000000000bad0"]))
    assert adjust(story)["refused"] == 1
    assert "SubnetNotFound" in shown(story, connection["id"]) and codes(again(story, connection)) == ["ChangeNotMade"]
    service = endpoint(story, connection)["ServiceName"]
    ec2 = cloud.client("ec2")
    other = ec2.create_vpc_endpoint(VpcEndpointType="Gateway", VpcId=place.vpc, ServiceName=service, RouteTableIds=[place.other])
    place.subscribe(place.gateway())
    assert adjust(story)["refused"] == 1
    assert "GatewayExists" in shown(story, connection["id"]) and "changing" not in again(story, connection)
    assert changes(story, since) == [] and tables(story, connection) == {place.main}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[other["VpcEndpoint"]["VpcEndpointId"]])
    assert adjust(story)["changed"] == 1
    assert tables(story, connection) == {place.main, place.other} and story.disorder() == []


def tags_of(story: Story, connection: Json) -> dict[str, str]:
    """The tags of an association, without Drawbridge's own."""
    tags = story.cloud.client("vpc-lattice").list_tags_for_resource(resourceArn=arn_of(story, connection))["tags"]
    return {key: value for key, value in tags.items() if not key.startswith("drawbridge:")}


def arn_of(story: Story, connection: Json) -> str:
    """Its ARN."""
    lattice = story.cloud.client("vpc-lattice")
    found = lattice.get_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made(connection))
    return str(found["arn"])


def lattice_changes(story: Story, since: int) -> list[str]:
    """What adjust changed of the association."""
    return [c["operation"] for c in story.calls(since, "adjust") if c["mutating"] and c["service"] == "vpc-lattice"]


def test_the_tags_of_an_association(cloud: LocalCloud) -> None:
    """Those of the subscription come, change and go; those that somebody added stay, and Drawbridge's."""
    story = Story(cloud)
    share, connection = connected(story, tags={"team": "data", "stage": "test"}, targets=[TO_NETWORK])
    lattice = cloud.client("vpc-lattice")
    lattice.tag_resource(resourceArn=arn_of(story, connection), tags={"theirs": "x"})
    story.subscribe(tags={"team": "core", "new": "1"}, targets=[TO_NETWORK])
    since = story.standin.next_call()
    assert adjust(story) == {"connections": 1, "changed": 1, "refused": 0, "complete": True}
    after = story.connection(share)
    assert tags_of(story, after) == {"team": "core", "new": "1", "theirs": "x"}
    assert lattice_changes(story, since) == ["TagResource", "UntagResource"]
    assert (after["status"], codes(after), after["made"], "changing" in after) == ("ready", [], connection["made"], False)
    assert after["plan"]["tags"]["drawbridge:owner"] == after["plan"]["token"]
    assert adjust(story)["changed"] == 0

    # Without its tags it is nobody's to change.
    lattice.untag_resource(resourceArn=arn_of(story, connection), tagKeys=["drawbridge:owner"])
    story.subscribe(tags={"team": "last"}, targets=[TO_NETWORK])
    assert adjust(story)["refused"] == 1
    assert "drawbridge:owner" in shown(story, connection["id"]) and tags_of(story, after)["team"] == "core"
    lattice.tag_resource(resourceArn=arn_of(story, connection), tags={"drawbridge:owner": after["plan"]["token"]})
    assert adjust(story)["changed"] == 1
    assert tags_of(story, after) == {"team": "last", "theirs": "x"}
    cloud.cli("withdraw", "redis", "--yes")
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    assert story.disorder() == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "access_denied"])
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
def test_an_answer_of_vpc_lattice_that_was_lost(cloud: LocalCloud, operation: str, kind: str) -> None:
    """The next run does what is left, and no more; what is denied is told by its name."""
    story = Story(cloud)
    share, connection = connected(story, tags={"stage": "test"}, targets=[TO_NETWORK])
    story.subscribe(tags={"team": "core"}, targets=[TO_NETWORK])
    denied = kind == "access_denied"
    more: dict[str, Any] = {} if denied else {"count": INVOCATION}
    story.fault("adjust", "vpc-lattice", operation, kind, **more)
    answer = adjust(story, error=None if denied else "ServiceUnavailable")
    story.mend()
    if denied:
        assert answer["refused"] == 1 and f"vpc-lattice:{operation} is not allowed" in shown(story, connection["id"])
    adjust(story)
    after = story.connection(share)
    assert tags_of(story, after) == {"team": "core"} and "changing" not in after and codes(after) == []
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 0 and lattice_changes(story, since) == [] and story.disorder() == []
