"""Each call of the functions that no state machine sees, denied in turn: it is told by its name, it rings, nothing that works is
touched, and once it is granted what was left is done. Waits are 1/50 of AWS's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

from drift import delete, is_shown, made, orphan, orphan_association, reconcile, tags_of
from local import LocalCloud, wait_for
from place import POLICY, Place
from story import GROUP, STRANGER, TO_NETWORK, TO_VPC, Json, Shared, Story, databases, environment, group
from test_adjust import OTHER_GROUP, furnish
from test_end import codes
from test_faults import TABLE, Break
from test_outputs import ORDERS, OUTPUTS, until
from test_truth import past

NAME = "orders.example.com"
UNKNOWN = "conn-" + "0" * 32

# AWS's guide contradicts itself on whether a consumer may read it: without it ports are unknown, and that is no fault.
EXPECTED = {"vpc-lattice:GetResourceConfiguration"}


class Denied:
    """Denies a function one action after the other, and knows which are left."""

    def __init__(self, story: Story, function: str) -> None:
        self.story, self.function = story, function
        self.left = set(TABLE["functions"][function]["calls"])

    def reads(self) -> list[str]:
        """What is left that changes nothing."""
        changes = ("Put", "Delete", "Create", "Modify", "Tag", "Untag", "Send", "Start")
        return sorted(action for action in self.left if not action.split(":")[1].startswith(changes))

    @contextmanager
    def deny(self, action: str) -> Any:
        """While this is done the action is denied; it has to be told by its name, and to ring."""
        story, cloud = self.story, self.story.cloud
        self.left.remove(action)
        broken = Break(self.function, action, "access_denied", "plain")
        mark = cloud.mark()
        fault = story.fault(self.function, broken.service, broken.operation, broken.kind, occurrence=0)
        answers: list[Any] = []
        yield answers
        cloud.wait_for_rest()
        assert story.struck(fault) > 0, f"{self.function} did not call {action}"
        told = [*cloud.logged(mark, self.function), *(str(answer.payload) for answer in answers), *map(str, story.connections())]
        names = {action, f"{broken.service}:{broken.operation}"}
        if action in EXPECTED:
            assert any("AccessDenied" in line for line in told), f"{action}: that it is denied is told: {told}"
        else:
            assert any(name in line and "AccessDenied" in line for name in names for line in told), f"{action} is not named: {told}"
            assert "AccessDenied" in cloud.faults(mark, self.function), f"{action} does not ring"
        story.mend()


def works(story: Story, connections: Iterable[Json]) -> None:
    """What could be used before stands as it did."""
    now = {connection["id"]: connection for connection in story.connections()}
    for before in connections:
        after = now[before["id"]]
        assert (after["status"], after["made"], after.get("missing")) == ("ready", before["made"], None), after


def test_publish(cloud: LocalCloud) -> None:
    """What can't be written or removed stands in the record, and is done by the next look after."""
    story = Story(cloud)
    story.subscribe(outputs=OUTPUTS)
    share = story.share()
    story.look()
    (connection,) = story.ready(share, 1)
    until(story, ORDERS)
    denied = Denied(story, "publish")
    ssm = cloud.client("ssm")

    def look(**input_: str) -> Any:
        return cloud.invoke("publish", input_)

    for action in ("dynamodb:GetItem", "dynamodb:Query", "ssm:GetParameters"):
        with denied.deny(action) as answers:
            answers.append(look(trigger="look"))
            assert answers[0].error == "AccessDenied"
    for action in ("dynamodb:PutItem", "ssm:GetParameter", "ssm:ListTagsForResource", "ssm:PutParameter"):
        ssm.put_parameter(Name=ORDERS, Value="theirs", Overwrite=True)
        with denied.deny(action) as answers:
            answers.append(look(trigger="look"))
        works(story, [connection])
        # Of what the record knew nothing, the hour's look knows; of what stands in it, the sweep.
        for input_ in ({"trigger": "look"}, {"connection": connection["id"]}):
            assert look(**input_).error is None
        assert until(story, ORDERS)[ORDERS]["value"] != "theirs"
        assert look(trigger="look").payload["differing"] == 0
    with denied.deny("ssm:DeleteParameter"):
        cloud.cli("close", connection["id"], "--reason", "enough")
        story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    assert look(connection=connection["id"]).error is None
    until(story)
    assert denied.left == set()


def test_adjust(cloud: LocalCloud) -> None:
    """What stands stays as it was, and is changed once that is granted."""
    story = Story(cloud)
    furnish(story)
    place = Place(story, private_dns_name=NAME)
    state = {"other": False}

    def ask(other: bool) -> None:
        state["other"] = other
        tags = {"team": "core", "stage": "test"} if other else {"team": "data", "shift": "day"}
        groups = [OTHER_GROUP] if other else [GROUP]
        story.subscribe(targets=[{**TO_VPC, "security_groups": groups}, TO_NETWORK], tags=tags)
        interface = place.interface(subnets=place.subnets[: 1 + other], private_dns=other)
        gateway = place.gateway(route_tables=[place.other if other else place.main], **({"policy": POLICY} if other else {}))
        place.subscribe(interface, gateway, tags=tags)

    def done() -> bool:
        answer = cloud.invoke("adjust", {})
        asked = "core" if state["other"] else "data"
        live = [c for c in story.connections() if c["status"] == "ready"]
        return answer.error is None and all(c["plan"]["tags"]["team"] == asked and "changing" not in c and codes(c) == [] for c in live)

    ask(other=False)
    share = story.share()
    story.look()
    story.ready(share, 2)
    before = wait_for(lambda: (c := story.connections()) and len(c) == 4 and {x["status"] for x in c} == {"ready"} and c, 60, "all four", story.explain)
    cloud.wait_for_rest()
    denied = Denied(story, "adjust")
    for action in sorted(denied.left):
        with denied.deny(action) as answers:
            ask(other=True)
            answers.append(cloud.invoke("adjust", {}))
        works(story, before)
        for other in (True, False):
            ask(other)
            wait_for(done, 30, f"what {action} kept back", story.explain)
    cloud.wait_for_rest()
    assert denied.left == set() and story.disorder() == [] and cloud.executions("disconnect") == []


def grown(story: Story, share: Shared, to: int) -> None:
    """The GROUP has one child more, of which nothing is known yet."""
    story.standin.add_children(share.resources[0], databases(to)[to - 1 :])


def scene(story: Story) -> tuple[Shared, list[Json]]:
    """A GROUP behind an endpoint and in a service network, both ready."""
    story.subscribe(targets=[TO_VPC, TO_NETWORK], reconcile="repair")
    share = story.share(resources=[group(1)])
    story.look()
    ready = story.ready(share, 2)
    story.cloud.wait_for_rest()
    return share, ready


def test_reconcile(cloud: LocalCloud) -> None:
    """Nothing is concluded from what can't be read; what can't be removed stays told, and is removed later."""
    story = Story(cloud)
    environment(cloud, "reconcile", STRAY_SAFE_MINUTES="0")
    try:
        share, ready = scene(story)
        denied = Denied(story, "reconcile")
        network = next(c for c in ready if c["kind"] == "service-network-resource")
        later = {"vpc-lattice:GetServiceNetworkResourceAssociation", "vpc-lattice:GetResourceConfiguration"}

        def once(action: str) -> None:
            with denied.deny(action) as answers:
                answers.append(cloud.invoke("reconcile", {}))
            works(story, ready)
            done = reconcile(story)
            assert done["complete"], (action, done)

        left = orphan(story, share.resources[0], tags_of(UNKNOWN))
        # Nobody trusts it, so Drawbridge does not connect it: somebody accepted it, and did that by hand.
        others = story.share(name="others", resources=[group(1, "redis-others")], owner=STRANGER)
        cloud.client("ram").accept_resource_share_invitation(resourceShareInvitationArn=others.invitation)
        once("ec2:DeleteVpcEndpoints")
        wait_for(lambda: left not in {e["id"] for e in story.endpoints(live=True)}, what="the orphan is gone")
        orphan_association(story, others.resources[0], tags_of(UNKNOWN))
        with denied.deny("vpc-lattice:ListTagsForResource") as answers:
            answers.append(cloud.invoke("reconcile", {}))
        once("vpc-lattice:DeleteServiceNetworkResourceAssociation")
        for action in [action for action in [*denied.reads(), "dynamodb:PutItem"] if action not in later]:
            once(action)
        grown(story, share, 2)
        once("vpc-lattice:GetResourceConfiguration")
        delete(story, network)
        wait_for(lambda: not is_shown(story, network), what="AWS shows it no more")
        with denied.deny("vpc-lattice:GetServiceNetworkResourceAssociation") as answers:
            answers.append(cloud.invoke("reconcile", {}))
        assert reconcile(story)["complete"]
        past(story, next(c for c in story.connections(share) if c["id"] == network["id"]))
        assert reconcile(story)["ended"] == 1
        assert denied.left == set()
    finally:
        environment(cloud, "reconcile", STRAY_SAFE_MINUTES="60")
    cloud.wait_for_rest()
    assert story.disorder() == []


def test_endpoint_event(cloud: LocalCloud) -> None:
    """An event is only a hint: what it could not look at is looked at by the next one."""
    story = Story(cloud)
    share, ready = scene(story)
    denied = Denied(story, "endpoint-event")
    ids = [made(connection) for connection in ready]
    at = {"children": 1}

    def event(*about: str) -> Any:
        return cloud.invoke("endpoint-event", {"detail": list(about)})

    for action in [action for action in [*denied.reads(), "dynamodb:PutItem"] if action != "dynamodb:GetItem"]:
        at["children"] += 1
        grown(story, share, at["children"])
        with denied.deny(action) as answers:
            answers.append(event(*ids))
        works(story, ready)

        def all_named() -> bool:
            event(*ids)
            return all(len(c["databases"]) == at["children"] for c in story.connections(share))

        wait_for(all_named, 30, "the names of all", story.explain)
    endpoint = next(c for c in ready if c["kind"] == "resource-endpoint")
    delete(story, endpoint)
    with denied.deny("states:StartExecution") as answers:
        answers.append(event(made(endpoint)))
    story.sweep_until(lambda: any(c["status"] == "closed" for c in story.connections(share)), what="its end")

    # A provider's answer, of which the waiting run can't be told.
    place = Place(story, acceptance_required=True)
    place.subscribe(place.interface())
    story.look()
    asked = wait_for(lambda: next((e for e in story.endpoints(live=True) if e.get("state") == "pendingAcceptance"), None), 30, "it waits")
    wait_for(lambda: cloud.engine.waiting(), 30, "the run waits", story.explain)
    with denied.deny("dynamodb:GetItem") as answers:
        answers.append(event(asked["id"]))
    with denied.deny("states:SendTaskSuccess"):
        # AWS tells of it by itself.
        story.standin.accept_endpoint(asked["id"])
    story.sweep_until(lambda: any(c["status"] == "ready" and c["kind"] == "interface-endpoint" for c in story.connections()), what="it is ready")
    cloud.wait_for_rest()
    assert denied.left == set() and story.disorder() == []
