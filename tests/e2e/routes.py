"""The ways that a share can take, each of which makes calls that the others do not."""

from __future__ import annotations

from story import TO_NETWORK, TO_VPC, Shared, Story

NETWORKER = "777788889999"
UNWANTED = "888899990000"
GUARDED = "555566667777"


def begin(story: Story) -> None:
    """Subscriptions for every route."""
    story.subscribe("redis")
    story.subscribe("network", senders=[NETWORKER], targets=[TO_NETWORK], profile="generic")
    story.subscribe("guarded", senders=[GUARDED], targets=[{**TO_VPC, "security_groups": "managed"}])
    story.subscribe("unwanted", senders=[UNWANTED], trust={"share_names": ["never-*"]}, otherwise="reject")


def travel(story: Story, route: str) -> Shared:
    """Something is shared that takes this route, and its runs end.

    `plain`: an invitation, and an endpoint in a VPC. `organization`: no invitation. `unwanted`: trusted and narrowed away, so
    it is declined. `network`: associated with a service network. `guarded`: behind a security group of its own. `answer lost`: the answer to creating it is. `failing`: what
    was made cannot be looked at, so it is closed. `refused`: the content cannot be looked at, so that is recorded.
    """
    share = depart(story, route)
    story.settle(share)
    return share


def depart(story: Story, route: str) -> Shared:
    """Something is shared that takes this route."""
    way, _, trouble = route.partition(", ")
    if trouble == "answer lost":
        # As often as the SDK tries: the next invocation looks for what it may have made.
        made = {
            "network": ("open", "vpc-lattice", "CreateServiceNetworkResourceAssociation"),
            "guarded": ("guard", "ec2", "CreateSecurityGroup"),
        }
        story.fault(*made[way], "cut_after", count=3)
    elif "failing" in (way, trouble):
        look = ("vpc-lattice", "GetServiceNetworkResourceAssociation") if way == "network" else ("ec2", "DescribeVpcEndpointAssociations")
        story.fault("observe", *look, "access_denied", occurrence=0)
    elif route == "refused":
        story.fault("vet", "ram", "ListPendingInvitationResources", "access_denied", occurrence=0)
    owner = {"network": NETWORKER, "unwanted": UNWANTED, "guarded": GUARDED}.get(way)
    share = story.share(**({"owner": owner} if owner else {}), invitation=way != "organization")
    assert story.look().error is None
    return share
