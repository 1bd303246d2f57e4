"""A change of which nobody hears, and which takes effect long after. Waits are 1/50 of AWS's."""

from __future__ import annotations

import pytest
from drift import reconcile
from local import LocalCloud, wait_for
from story import GROUP, Json, Story
from test_adjust import INVOCATION, adjust, behind, furnish, groups_of
from test_end import OTHER_GROUP, codes, connected, shown

LATE_MS = 6000


def landed(story: Story, since: int) -> list[Json]:
    """The calls that took effect late, or could not any more."""
    return [call for call in story.calls(since, "adjust") if call["fault"] == "landed"]


@pytest.mark.parametrize("taken_back", [False, True], ids=["goes on", "taken back"])
def test_a_change_that_lands_late(cloud: LocalCloud, taken_back: bool) -> None:
    """The next run does it, and what lands then is refused, for it is done. If the subscription was changed back meanwhile, that is
    found by the next look and told: it is somebody else's change then, and not fought."""
    story = Story(cloud)
    furnish(story)
    share, connection = connected(story)
    story.subscribe(targets=behind(OTHER_GROUP))
    since = story.standin.next_call()
    late = story.fault("adjust", "ec2", "ModifyVpcEndpoint", "late", count=INVOCATION, hold_ms=LATE_MS)
    adjust(story, error="ServiceUnavailable")
    assert story.struck(late) == INVOCATION and groups_of(story, connection) == {GROUP}
    assert story.connection(share)["changing"], "the record says what may come"
    story.mend()
    if taken_back:
        story.subscribe()
    assert adjust(story)["changed"] == 1
    assert landed(story, since) == [], "this machine is too slow for the story"
    assert groups_of(story, connection) == ({GROUP} if taken_back else {OTHER_GROUP})

    wait_for(lambda: len(landed(story, since)) == INVOCATION, 30, "what was late has landed", cloud.explain)
    errors = [call["error"] for call in landed(story, since)]
    assert errors == ([None, "InvalidParameter", "InvalidParameter"] if taken_back else ["InvalidParameter"] * INVOCATION), errors
    assert groups_of(story, connection) == {OTHER_GROUP}
    reconcile(story)
    after = story.connection(share)
    assert (after["status"], "changing" in after, codes(after)) == ("ready", False, ["SettingsChanged"] if taken_back else [])
    if taken_back:
        assert f"security groups {OTHER_GROUP} instead of {GROUP}" in shown(story, after["id"])
        cloud.client("ec2").modify_vpc_endpoint(
            VpcEndpointId=after["made"]["endpoint"], AddSecurityGroupIds=[GROUP], RemoveSecurityGroupIds=[OTHER_GROUP]
        )
        reconcile(story)
        assert codes(story.connection(share)) == []
    assert story.disorder() == [] and cloud.executions("disconnect") == []
