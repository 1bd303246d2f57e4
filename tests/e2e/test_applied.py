"""What is applied or withdrawn takes effect at once: `announce` tells it from the ledger's stream, and a rule wakes intake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from local import LocalCloud, wait_for
from place import Place
from story import Story


@pytest.fixture
def awake(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The rule is on, which the other stories have off so that they alone say when intake looks."""
    events, bus = cloud.client("events"), cloud.outputs["EventBusName"]
    told = [
        rule["Name"]
        for rule in events.list_rules(EventBusName=bus)["Rules"]
        if "Drawbridge Subscription Change" in rule["EventPattern"]
    ]
    (rule,) = [
        rule
        for rule in told
        if cloud.outputs["IntakeFunctionName"] in events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"][0]["Arn"]
    ]
    events.enable_rule(Name=rule, EventBusName=bus)
    yield cloud
    events.disable_rule(Name=rule, EventBusName=bus)


def test_what_is_applied_is_made_and_what_is_withdrawn_closed(awake: LocalCloud) -> None:
    """Nobody sweeps and no event comes from AWS: an endpoint without a share, from the first word to the last."""
    story = Story(awake)
    place = Place(story)
    place.subscribe(place.interface())
    wait_for(lambda: [c["status"] for c in story.connections()] == ["ready"], 60.0, "what was applied is ready")
    story.cloud.cli("withdraw", "asking", "--yes")
    wait_for(lambda: [c["status"] for c in story.connections()] == ["closed"], 60.0, "what was withdrawn is closed")
    awake.wait_for_rest()
    assert story.endpoints(live=True) == [] and story.disorder() == []
    assert [run.machine for run in awake.executions()] == ["connect", "disconnect"]


def test_trust_takes_up_what_waits(awake: LocalCloud) -> None:
    """A share that came before anybody trusted it, and of which no event told: its record says what found it."""
    story = Story(awake)
    share = story.share()
    story.subscribe()
    story.ready(share, 1)
    assert story.record(share)["found_by"] == "subscription"
    assert "a change of a subscription" in awake.cli("show", share.arn).stdout


def test_the_same_document_again_wakes_nobody(awake: LocalCloud) -> None:
    """`subscribe` of what the ledger has already writes nothing."""
    story = Story(awake)
    place = Place(story)
    place.subscribe(place.gateway())
    wait_for(lambda: [c["status"] for c in story.connections()] == ["ready"], 60.0, "it is ready")
    awake.wait_for_rest()
    since = story.standin.next_call()
    file = awake.settings.home / "again.yaml"
    (item,) = awake.items("SUBSCRIPTION")
    file.write_text(item["document"])
    assert "nothing was written" in awake.cli("subscribe", str(file)).stdout
    awake.wait_for_rest()
    assert story.calls(since, function="intake") == []
