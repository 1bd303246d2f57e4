"""What happens behind our back, each kind of it once: so that every call is made which looking after it needs."""

from __future__ import annotations

from typing import Any

from local import wait_for
from story import GROUP, SUBNETS, TO_NETWORK, TO_VPC, VPC, Json, Shared, Story, databases, environment, group

INSTALLATION = "drawbridge"
NETWORK = TO_NETWORK["service_network"]


def made(connection: Json) -> str:
    """The id of what was made for a connection."""
    (only,) = connection["made"].values()
    return str(only)


def reconcile(story: Story, error: str | None = None, sweep: bool = True) -> Any:
    """What the schedule does, and what comes of it: with the sweep, which comes twelve times as often."""
    answer = story.cloud.invoke("reconcile", {})
    assert answer.error == error, answer
    if sweep:
        # The runs that follow from it are started by the next one.
        assert story.cloud.sweep().error is None
    story.wait_for_runs()
    return answer.payload


def reconcile_at_once(story: Story) -> Any:
    """The same, as if everything that it finds were old enough for something to be done about it."""
    environment(story.cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        return reconcile(story)
    finally:
        environment(story.cloud, "reconcile", STRAY_SAFE_MINUTES="60")


def delete(story: Story, connection: Json) -> None:
    """Somebody deletes what was made for a connection."""
    if connection["kind"] == "service-network-resource":
        lattice = story.cloud.client("vpc-lattice")
        lattice.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made(connection))
    else:
        answer = story.cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made(connection)])
        assert answer.get("Unsuccessful", []) == []


def is_shown(story: Story, connection: Json) -> bool:
    """Whether AWS still shows what is being deleted: each look takes it a step further."""
    if connection["kind"] == "service-network-resource":
        lattice = story.cloud.client("vpc-lattice")
        try:
            lattice.get_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made(connection))
        except lattice.exceptions.ResourceNotFoundException:
            return False
        return True
    filters = [{"Name": "vpc-endpoint-id", "Values": [made(connection)]}]
    pages = story.cloud.client("ec2").get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
    return any(page["VpcEndpoints"] for page in pages)


def tags_of(connection: str, generation: int = 1) -> dict[str, str]:
    """The tags that Drawbridge gives to what it makes."""
    return {
        "drawbridge:connection": connection,
        "drawbridge:owner": f"{connection}-g{generation}",
        "drawbridge:installation": INSTALLATION,
    }


def orphan(story: Story, resource: str, tags: dict[str, str], behind: str = GROUP) -> str:
    """Somebody (or a call that nobody heard of) makes an endpoint with a connection's tags."""
    answer = story.cloud.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=VPC,
        ResourceConfigurationArn=resource,
        SubnetIds=list(SUBNETS[:1]),
        SecurityGroupIds=[behind],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
    )
    return str(answer["VpcEndpoint"]["VpcEndpointId"])


def orphan_association(story: Story, resource: str, tags: dict[str, str]) -> str:
    """The same with a service network."""
    answer = story.cloud.client("vpc-lattice").create_service_network_resource_association(
        serviceNetworkIdentifier=NETWORK, resourceConfigurationIdentifier=resource, tags=tags
    )
    return str(answer["id"])


def everything(story: Story) -> None:
    """Grown, shared more, deleted with and without an event, and in no record."""
    story.subscribe("drift", targets=[TO_VPC, TO_NETWORK], reconcile="repair")
    share: Shared = story.share(name="redis-drift", resources=[group(1, "redis-drift")])
    story.look()
    ready = story.ready(share, 2)
    story.cloud.wait_for_rest()
    story.standin.add_children(share.resources[0], databases(2)[1:])

    def both_have_two() -> bool:
        story.cloud.invoke("endpoint-event", {"detail": [made(connection) for connection in ready]})
        return all(len(connection["databases"]) == 2 for connection in story.connections(share))

    wait_for(both_have_two, 30, "the new name of both", story.explain)
    story.standin.add_children(share.resources[0], databases(3)[2:])
    unknown = "conn-" + "0" * 32
    left = orphan(story, share.resources[0], tags_of(unknown))
    others = story.share(name="redis-others", resources=[group(1, "redis-others")])
    story.look()
    by_kind = {connection["kind"]: connection for connection in story.ready(others, 2)}
    association = by_kind["service-network-resource"]
    story.cloud.cli("close", association["id"], "--reason", "to make room")
    story.sweep_until(lambda: any(c["status"] == "closed" for c in story.connections(others)), what="its end")
    left_too = orphan_association(story, others.resources[0], tags_of(unknown))
    story.standin.add_resources(share.arn, [group(1, "redis-more")])
    environment(story.cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        done = [reconcile(story) for _ in range(4)]
    finally:
        environment(story.cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    assert sum(round_["removed"] for round_ in done) == 2 and sum(round_["shares"] for round_ in done) == 1, (left, left_too, done)
    story.ready(share, 4)
    gone = next(c for c in story.connections(share) if c["kind"] == "service-network-resource")
    delete(story, gone)
    wait_for(lambda: not is_shown(story, gone), what="AWS shows it no more")
    reconcile(story)
    gone = next(c for c in story.connections(share) if c["kind"] == "resource-endpoint")
    delete(story, gone)
    assert story.cloud.invoke("endpoint-event", {"detail": made(gone)}).payload["ended"] == 1
    story.wait_for_runs()
