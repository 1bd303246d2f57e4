"""Bad weather and great crowds: every call throttled for minutes, a thousand invitations at once. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from drift import delete, made
from local import LocalCloud, wait_for
from local.paths import ROOT
from story import Json, Story, databases, group
from test_adjust import again, tags_of
from test_hold import asked, in_order, pending, provided, say
from test_outputs import OUTPUTS, parameters
from test_truth import tell

STRANGER = "999900001111"
FUNCTIONS = json.loads((ROOT / "tests/tests/permissions.json").read_text())["functions"]
SERVICES = ("dynamodb", "ec2", "events", "ram", "route53", "ssm", "states", "vpc-lattice")
# Two minutes at this suite's scale are 2.4 s; but the SDK's own retries and the functions take the time that they take, so
# it lasts until each state machine's retries have been used up several times over.
STORM_SECONDS = 12.0
CROWD = 1000
# Of whom nobody trusts, functions/intake takes up so many at a time.
AT_A_LOOK = 50


def made_by(story: Story) -> set[str]:
    """The ids of everything that was ever made for a connection."""
    return {each["id"] for each in story.endpoints()}


def connection_of(value: str) -> str:
    """Whose parameter it is, by its value."""
    return str(json.loads(value)["connection"])


def storm(story: Story) -> list[str]:
    """From now on every function is throttled by every service, whatever it calls."""
    return [story.fault(function, service, None, "throttle", occurrence=0) for function in FUNCTIONS for service in SERVICES]


def weather(story: Story, also: Callable[[], Any] = lambda: None) -> None:
    """Sweeps through the storm, as the schedule would, and does what `also` does; then it is over."""
    faults, until = storm(story), time.monotonic() + STORM_SECONDS
    while time.monotonic() < until:
        story.cloud.sweep()
        also()
        story.wait_for_runs()
    assert sum(story.struck(fault) for fault in faults) >= 10
    story.mend()
    # What was told in vain is told no more; nobody waits for it.
    story.cloud.wait_for_rest()


@pytest.mark.parametrize("moment", ["before anything", "while it is opened", "while it is waited for", "while it is closed"])
def test_every_call_is_throttled_for_minutes(cloud: LocalCloud, moment: str) -> None:
    """Nothing is lost and nothing is made twice: it goes on where it stood, and nobody has to lend a hand."""
    story = Story(cloud)
    story.subscribe()
    share = story.share()
    if moment == "while it is opened":
        held = story.fault("open", "ec2", "CreateVpcEndpoint", "timeout", hold_ms=1000)
    elif moment == "while it is waited for":
        held = story.fault("observe", "ec2", "DescribeVpcEndpoints", "timeout", hold_ms=1000)
    if moment == "while it is closed":
        story.look()
        story.ready(share, 1)
        story.wait_for_runs()
        cloud.cli("withdraw", "redis", "--yes")
    elif moment != "before anything":
        story.look()
        wait_for(lambda: story.struck(held), what="the call is under way")
    weather(story)
    end = "closed" if moment == "while it is closed" else "ready"
    story.sweep_until(lambda: [c["status"] for c in story.connections(share)] == [end], rounds=12, what=f"the connection to be {end}")
    (connection,) = story.connections(share)
    assert connection["generation"] == 1, "what was made before is what there is"
    made = story.made_for(connection)
    assert [e["live"] for e in made] == [end == "ready"]
    assert story.invitation(share) == "ACCEPTED" and story.disorder() == []


def test_what_is_ready_is_looked_at_in_a_storm(cloud: LocalCloud) -> None:
    """Three connections can be used. While every call is throttled, a subscription is changed, one endpoint is deleted by somebody,
    and everything that looks after them looks. Nobody takes a refusal for an answer: what stood stands, and afterwards the change
    is made, the loss is told, and the parameters are those of what is left."""
    story = Story(cloud)
    story.subscribe(outputs=OUTPUTS, tags={"stage": "calm"})
    named = [{**databases(1)[0], "name": f"orders-{at}"} for at in range(3)]
    shares = [story.share(resources=[{**group(name=f"redis-{at}"), "children": [each]}]) for at, each in enumerate(named)]
    story.look()
    kept, lost, other = (story.ready(share, 1)[0] for share in shares)
    story.cloud.wait_for_rest()
    published = {name: each["value"] for name, each in parameters(story).items()}
    assert len(published) == 3
    before = made_by(story)

    story.subscribe(outputs=OUTPUTS, tags={"stage": "storm"})
    delete(story, lost)
    refused: list[str | None] = []

    def looks() -> None:
        tell(story, "DeleteVpcEndpoints", made(lost))
        inputs: list[tuple[str, Json]] = [
            ("reconcile", {}),
            ("adjust", {}),
            ("publish", {"trigger": "look"}),
            ("endpoint-event", {"detail": made(lost)}),
        ]
        refused.extend(cloud.invoke(function, input_).error for function, input_ in inputs)

    weather(story, looks)
    assert len(refused) >= 4 and set(refused) == {"Throttled"}, "each says that it could do nothing, so that it is asked again"
    assert made_by(story) == before, "nothing is made and nothing removed"

    assert cloud.invoke("endpoint-event", {"detail": made(lost)}).error is None
    story.sweep_until(lambda: again(story, lost)["status"] == "closed", what="the loss to be told")
    assert again(story, lost)["ending"]["cause"] == "gone"
    for function, input_ in (("adjust", {}), ("reconcile", {}), ("publish", {"trigger": "look"})):
        assert cloud.invoke(function, input_).error is None
    cloud.wait_for_rest()
    for connection in (kept, other):
        now = again(story, connection)
        assert (now["status"], now["made"], now["generation"]) == ("ready", connection["made"], 1), now
        assert now.get("missing") is None and now["databases"] == connection["databases"], now
        assert tags_of(story, connection)["stage"] == "storm"
    left = {name: value for name, value in published.items() if connection_of(value) != lost["id"]}
    assert {name: each["value"] for name, each in parameters(story).items()} == left and len(left) == 2
    assert story.disorder() == []


@pytest.mark.parametrize("answered", ["in the storm", "after it"])
def test_who_is_waited_for_answers_in_a_storm(cloud: LocalCloud, answered: str) -> None:
    """A provider and a person are waited for while every call is throttled: nobody is forgotten, nobody is asked twice, and the
    answer is heard by the next sweep that can."""
    story = Story(cloud)
    provided(story)
    waiting = pending(story)
    share, _ = asked(story)
    (endpoint,) = story.endpoints(live=True)

    def answer() -> None:
        story.tell("POST", "endpoints/accept", id=endpoint["id"])

    said: list[int] = []

    def once() -> None:
        if not said:
            said.append(1)
            answer()

    weather(story, once if answered == "in the storm" else lambda: None)
    assert story.invitation(share) == "PENDING", "nobody approved it"
    if answered == "after it":
        assert again(story, waiting)["status"] == "waiting", "nobody answered"
        answer()
    assert say(story, "approve", share)[0] == 0
    story.sweep_until(lambda: again(story, waiting)["status"] == "ready", rounds=12, what="the provider's answer to be heard")
    story.ready(share, 1)
    now = again(story, waiting)
    assert (now["generation"], now["made"]) == (1, waiting["made"]), "it is the same endpoint"
    assert in_order(story)


def test_a_thousand_invitations(cloud: LocalCloud) -> None:
    """Strangers send a thousand invitations. Who is trusted does not stand in line behind them, and theirs are taken up in
    turn, so that no look runs out of its time; none is accepted but the trusted one."""
    story = Story(cloud)
    story.subscribe(otherwise="ignore")
    for at in range(CROWD - 1):
        story.share(owner=STRANGER, name=f"redis-{at}")
    trusted = story.share(name="redis-production")
    looked = story.look()
    assert looked.error is None and looked.payload["shares"] == CROWD, looked
    assert (looked.payload["started"], looked.payload["left_for_later"]) == (1 + AT_A_LOOK, CROWD - 1 - AT_A_LOOK), looked
    story.ready(trusted, 1, timeout=60)
    for again in (2, 3):
        story.wait_for_runs()
        swept = cloud.sweep()
        assert swept.error is None and swept.payload["left_for_later"] == CROWD - 1 - again * AT_A_LOOK, swept
    story.wait_for_runs()
    records = cloud.shares()
    strangers = [record for record in records if record["sender"] == STRANGER]
    assert len(records) == 1 + len(strangers) == 1 + 3 * AT_A_LOOK
    assert all(r["status"] == "ignored" and STRANGER in " ".join(r["why"]) for r in strangers)
    accepted = [i["arn"] for i in story.standin.state()["invitations"] if i["status"] != "PENDING"]
    assert accepted == [trusted.invitation] and story.disorder() == []
