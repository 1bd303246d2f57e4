"""What a subscription's limits leave no room for, of the endpoints that it asks for by itself: held, and told why; made once there
is room. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from listener import Listener
from local import LocalCloud, wait_for
from place import Place
from story import Json, Story, document


class Narrow(Place):
    """Two gateway endpoints and an interface endpoint that one subscription asks for."""

    def three(self, **limits: int) -> None:
        self.subscribe(self.gateway(), self.gateway(gateway="dynamodb"), self.interface(), limits=limits)

    def held(self) -> Json:
        """The one that is held."""
        (one,) = [c for c in self.story.connections() if "held_by" in c]
        return one

    def ready(self, count: int) -> list[Json]:
        """Waits until so many can be used."""

        def look() -> list[Json] | None:
            ready = [c for c in self.story.connections() if c["status"] == "ready"]
            return ready if len(ready) == count else None

        return wait_for(look, what=f"{count} endpoints are ready", explain=self.story.cloud.explain)

    def in_order(self) -> None:
        self.story.cloud.wait_for_rest()
        assert self.story.disorder() == []


def narrow(cloud: LocalCloud, most: int = 2) -> tuple[Narrow, Json]:
    """Three are asked for, and there is room for so many."""
    place = Narrow(Story(cloud))
    place.three(endpoints=most)
    assert place.story.look().error is None
    place.ready(most)
    place.in_order()
    return place, place.held()


def runs(place: Narrow, connection: Json) -> list[str]:
    """The runs of a connection."""
    return [e.name for e in place.story.cloud.executions("connect") if e.name.startswith(connection["id"])]


def test_held_and_made_when_the_limit_is_raised(cloud: LocalCloud, tmp_path: Path) -> None:
    """Two of three are made; the third says why not and what to do, and nothing is done about it until the limit is raised."""
    place, held = narrow(cloud)
    story = place.story
    assert (held["kind"], held["status"], held["held_by"]) == ("interface-endpoint", "wanted", ["asking"])
    shown = " ".join(cloud.cli("show", held["id"]).stdout.split())
    for words in ("endpoint number 3 of subscription asking, whose limits.endpoints is 2", "raise the limit", f"drawbridge approve {held['id']}"):
        assert words in shown, shown
    assert "wanted, held by a limit" in " ".join(cloud.cli("ls").stdout.split())
    file = tmp_path / "asking.json"
    three = [place.gateway(), place.gateway(gateway="dynamodb"), place.interface()]
    file.write_text(json.dumps({**document("asking", senders=(), endpoints=three, limits={"endpoints": 2}), "profile": "generic"}))
    planned = json.loads(cloud.cli("plan", str(file), "--json").stdout)["connections"]
    assert [(c["action"], c["applied"]) for c in planned if c["id"] == held["id"]] == [("make", False)]
    since = story.standin.next_call()
    for _ in range(2):
        answer = cloud.sweep()
        assert answer.error is None and answer.payload["started"] == answer.payload["recorded"] == 0, answer
    assert place.held() == held and runs(place, held) == []
    assert [c for c in story.calls(since) if c["mutating"] and c["service"] != "logs"] == [], "a sweep costs a read of it and no more"
    # Who looks at it for another reason starts nothing, either.
    assert cloud.invoke("endpoint-event", {"connection": held["id"]}).error is None
    refused = cloud.cli("retry", held["id"], check=False)
    assert refused.returncode == 1 and "limits.endpoints" in refused.stderr
    assert runs(place, held) == []
    place.three(endpoints=3)
    story.look()
    place.ready(3)
    place.in_order()
    assert runs(place, held) == [f"{held['id']}-g1-a1"] and len(story.endpoints()) == 3


def test_what_is_held_is_announced(cloud: LocalCloud) -> None:
    """With whose limits hold it, once; and that there is room for it."""
    listener = Listener(cloud)
    place, held = narrow(cloud)
    story = place.story

    def told() -> list[tuple[str, Json | None]]:
        return [(d["status"], d.get("held_by")) for d in listener.details() if d["connection"] == held["id"]]

    assert cloud.sweep().error is None
    cloud.wait_for_rest()
    assert told() == [("wanted", ["asking"])]
    place.three(endpoints=3)
    story.look()
    place.ready(3)
    place.in_order()
    assert told()[:2] == [("wanted", ["asking"]), ("wanted", None)] and told()[-1] == ("ready", None)


def test_made_when_there_is_room(cloud: LocalCloud) -> None:
    """One of those that stand is taken out of the subscription: the held one takes its place, and nobody has to say so."""
    place, held = narrow(cloud)
    place.subscribe(place.gateway(), place.interface(), limits={"endpoints": 2})
    place.story.sweep_until(lambda: len([c for c in place.story.connections() if c["status"] == "ready"]) == 2, what="the other")
    place.in_order()
    assert {c["kind"] for c in place.ready(2)} == {"gateway-endpoint", "interface-endpoint"}
    assert runs(place, held) == [f"{held['id']}-g1-a1"]


def test_an_operator_makes_room(cloud: LocalCloud) -> None:
    """One that stands is closed by an operator: the held one takes its place; asked for again by `retry`, that is a person's word."""
    place, held = narrow(cloud)
    (other,) = [c for c in place.ready(2) if "dynamodb" in c["resource"]]
    cloud.cli("close", other["id"], "--reason", "not needed")
    place.story.sweep_until(lambda: not [c for c in place.story.connections() if "held_by" in c], what="the room")
    place.ready(2)
    place.in_order()
    assert runs(place, held) == [f"{held['id']}-g1-a1"]
    cloud.cli("retry", other["id"])
    place.story.sweep_until(lambda: place.ready(3), what="what was closed")
    place.in_order()


def test_approved(cloud: LocalCloud) -> None:
    """A person lets it go on beyond the limit, once; it stays so, and can't be rejected."""
    place, held = narrow(cloud)
    refused = cloud.cli("reject", held["id"], "--because", "no", check=False)
    assert refused.returncode == 1 and "endpoints" in refused.stderr
    said = cloud.cli("approve", held["id"], "--by", "ana").stdout
    assert "is approved" in said and "the sweep" in said
    assert cloud.cli("approve", held["id"], check=False).returncode == 1
    assert cloud.sweep().payload["started"] == 1
    place.ready(3)
    assert cloud.sweep().error is None
    place.in_order()
    assert any(entry["by"] == "drawbridge approve (ana)" for entry in place.story.audit(held["pk"]))
    assert runs(place, held) == [f"{held['id']}-g1-a1"]


@pytest.mark.parametrize("by", ["withdraw", "close"])
def test_ended_while_it_is_held(cloud: LocalCloud, by: str) -> None:
    """Nothing was made of it, so nothing runs."""
    place, held = narrow(cloud)
    if by == "close":
        cloud.cli("close", held["id"], "--reason", "not needed")
    else:
        place.subscribe(place.gateway(), place.gateway(gateway="dynamodb"), limits={"endpoints": 2})
    for _ in range(2):
        assert cloud.sweep().error is None
    place.in_order()
    (over,) = [c for c in place.story.connections() if c["id"] == held["id"]]
    assert (over["status"], over["ending"]["cause"]) == ("closed", "operator" if by == "close" else "withdrawn")
    assert "held_by" not in over and runs(place, held) == []


def test_what_would_cost_too_much(cloud: LocalCloud) -> None:
    """By AWS's list prices, by zone; what costs nothing is made, and where the number of zones is not known that is told."""
    place = Narrow(Story(cloud))
    subnets = {"subnets": place.subnets[:2]}
    place.subscribe(place.gateway(), place.interface(**subnets), limits={"monthly_cost_of_endpoints": 14})
    place.story.look()
    place.ready(1)
    place.in_order()
    assert "would cost 14.60 USD per month" in place.held()["why"]
    place.subscribe(place.gateway(), place.interface(), limits={"monthly_cost_of_endpoints": 14})
    place.story.look()
    assert "can't be told: it costs per Availability Zone" in place.held()["why"]
    place.subscribe(place.gateway(), place.interface(**subnets), limits={"monthly_cost_of_endpoints": 15})
    place.story.look()
    place.ready(2)
    place.in_order()


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize(("service", "operation"), [("dynamodb", "TransactWriteItems"), ("states", "StartExecution")])
def test_an_answer_is_lost_when_it_is_let_go(cloud: LocalCloud, service: str, operation: str, kind: str) -> None:
    """The write that lets it go, or the start of its run, is cut off before or after it took effect: one run, one endpoint."""
    place, held = narrow(cloud)
    cut = place.story.fault("intake", service, operation, kind, count=3)
    place.three(endpoints=3)
    place.story.look()
    assert place.story.struck(cut)
    place.story.mend()
    place.story.sweep_until(lambda: len([c for c in place.story.connections() if c["status"] == "ready"]) == 3, what="the third")
    place.in_order()
    assert runs(place, held) == [f"{held['id']}-g1-a1"] and len(place.story.endpoints()) == 3


def test_five_looks_at_once(cloud: LocalCloud) -> None:
    """However many look at the same time: as many are made as there is room for, and each once."""
    place = Narrow(Story(cloud))
    for most in (2, 3):
        place.three(endpoints=most)
        for _ in range(5):
            cloud.invoke_later("intake", {"trigger": "sweep"})
        place.ready(most)
        place.in_order()
        assert len(place.story.endpoints()) == most
    assert all(len(runs(place, connection)) == 1 for connection in place.story.connections())
