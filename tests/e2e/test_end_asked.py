"""The end of endpoints that subscriptions ask for by themselves, without a share. Waits are 1/50 of AWS's."""

from __future__ import annotations

import pytest
from local import LocalCloud
from place import SERVICE, Place
from story import Json, Story
from test_end import codes, living, made, shown, withdraw


def asked_for(place: Place, *kinds: str, name: str = "asking") -> dict[str, Json]:
    """Endpoints of these kinds are asked for and can be used: the connections by kind."""
    story = place.story
    place.subscribe(*(place.interface() if kind == "interface-endpoint" else place.gateway() for kind in kinds), name=name)
    story.sweep_until(lambda: [c["status"] for c in story.connections()] == ["ready"] * len(kinds), what="the connections")
    found = {c["kind"]: c for c in story.connections()}
    assert set(found) == set(kinds) and story.disorder() == []
    return found


def is_closed(story: Story, connection: Json) -> Json | None:
    """A connection, once it is closed."""
    return next((c for c in story.connections() if c["id"] == connection["id"] and c["status"] == "closed"), None)


@pytest.mark.parametrize("kind", ["interface-endpoint", "gateway-endpoint"])
def test_an_endpoint_without_a_share_is_withdrawn(cloud: LocalCloud, kind: str) -> None:
    """Its subscription goes: it is closed, and not looked for any more. The subscription comes back: it is opened anew."""
    place = Place(Story(cloud))
    story = place.story
    before = asked_for(place, kind)[kind]
    said = withdraw(story, "asking")
    assert "is closed, and what was made for it deleted" in said and made(before) in said
    over = story.sweep_until(lambda: is_closed(story, before), what="its end")
    assert (over["ending"]["cause"], over["claims"]) == ("withdrawn", []) and living(story) == set()
    assert "share_arn" not in over, "nothing of it is left to be found"
    assert "subscription asking is withdrawn" in shown(story, over["id"])
    (run,) = cloud.executions("disconnect")
    assert (run.status, run.output["removed"]) == ("SUCCEEDED", [made(before)])
    since = story.standin.next_call()
    assert cloud.sweep().error is None
    story.wait_for_runs()
    calls = story.calls(since, "intake")
    assert not [c for c in calls if c["operation"] == "GetItem" or (c["mutating"] and c["service"] != "events")], "it is over"
    assert story.disorder() == []

    again = asked_for(place, kind)[kind]
    assert (again["id"], again["generation"], again["claims"]) == (before["id"], 2, ["asking"]) and "ending" not in again
    assert living(story) == {made(again)} and made(again) != made(before)


@pytest.mark.parametrize(("gone", "stays"), [("interface-endpoint", "gateway-endpoint"), ("gateway-endpoint", "interface-endpoint")])
def test_an_endpoint_is_taken_out_of_the_document(cloud: LocalCloud, gone: str, stays: str) -> None:
    """The other one, which the document still asks for, is not touched."""
    place = Place(Story(cloud))
    story = place.story
    before = asked_for(place, gone, stays)
    place.subscribe(place.interface() if stays == "interface-endpoint" else place.gateway())
    over = story.sweep_until(lambda: is_closed(story, before[gone]), what="its end")
    assert over["ending"]["cause"] == "withdrawn" and "does not ask for it any more" in shown(story, over["id"])
    assert living(story) == {made(before[stays])}
    (kept,) = (c for c in story.connections() if c["id"] == before[stays]["id"])
    assert (kept["status"], kept["generation"], kept["made"]) == ("ready", 1, before[stays]["made"])
    assert story.disorder() == []


def test_two_that_ask_for_the_same_endpoint_are_withdrawn_in_turn(cloud: LocalCloud) -> None:
    """Nothing is closed at the first, and what was made stays as it is; at the last it is closed."""
    place = Place(Story(cloud))
    story = place.story
    place.subscribe(place.interface(), name="second")
    first = asked_for(place, "interface-endpoint", name="first")["interface-endpoint"]
    assert first["resource"] == SERVICE and first["claims"] == ["first", "second"] and codes(first) == []

    assert "stays: it is claimed by second, whose settings hold from then on: second" in withdraw(story, "first")
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    (held,) = story.connections()
    assert (held["status"], held["claims"], held["made"]) == ("ready", ["second"], first["made"]) and codes(held) == []
    assert cloud.executions("disconnect") == [] and living(story) == {made(first)}

    withdraw(story, "second")
    over = story.sweep_until(lambda: is_closed(story, first), what="its end")
    assert over["ending"]["cause"] == "withdrawn" and living(story) == set()
    assert "subscription second is withdrawn" in shown(story, over["id"]) and story.disorder() == []


@pytest.mark.parametrize("kind", ["interface-endpoint", "gateway-endpoint"])
def test_an_operator_closes_an_endpoint_without_a_share(cloud: LocalCloud, kind: str) -> None:
    """It stays closed over sweeps, though its subscription was changed after it was made; a retry opens it anew."""
    place = Place(Story(cloud))
    story = place.story
    before = asked_for(place, kind)[kind]
    # Another document, by which nothing was planned.
    place.subscribe(place.interface() if kind == "interface-endpoint" else place.gateway())
    assert cloud.sweep().error is None
    cloud.cli("close", before["id"], "--reason", "the service moved")
    over = story.sweep_until(lambda: is_closed(story, before), what="its end")
    assert (over["ending"]["cause"], over["claims"]) == ("operator", ["asking"]) and living(story) == set()
    for _ in range(3):
        answer = cloud.sweep()
        assert answer.error is None and answer.payload["started"] == 0, answer
        story.wait_for_runs()
        assert is_closed(story, before) == over
    cloud.cli("retry", before["id"])
    story.sweep_until(lambda: [c["status"] for c in story.connections()] == ["ready"], what="the connection")
    (again,) = story.connections()
    assert again["generation"] == 2 and "ending" not in again and living(story) == {made(again)}
    assert story.disorder() == []


def test_an_endpoint_whose_subscription_cannot_be_read_stays(cloud: LocalCloud) -> None:
    """Broken by hand in the ledger: it is not withdrawn."""
    place = Place(Story(cloud))
    story = place.story
    before = asked_for(place, "interface-endpoint")["interface-endpoint"]
    (item,) = cloud.items("SUBSCRIPTION")
    story.overwrite(item, document="version: [")
    for _ in range(2):
        assert cloud.sweep().error is None
        story.wait_for_runs()
    (held,) = story.connections()
    assert held == before and living(story) == {made(before)} and story.disorder() == []
