"""Bad weather and great crowds: every call throttled for minutes, a thousand invitations at once. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
import time

import pytest
from local import LocalCloud, wait_for
from local.paths import ROOT
from story import Story

STRANGER = "999900001111"
FUNCTIONS = json.loads((ROOT / "tests/tests/permissions.json").read_text())["functions"]
SERVICES = ("dynamodb", "ec2", "ram", "states", "vpc-lattice")
# Two minutes at this suite's scale are 2.4 s; but the SDK's own retries and the functions take the time that they take, so
# it lasts until each state machine's retries have been used up several times over.
STORM_SECONDS = 12.0
CROWD = 1000
# Of whom nobody trusts, functions/intake takes up so many at a time.
AT_A_LOOK = 50


def storm(story: Story) -> list[str]:
    """From now on every function is throttled by every service, whatever it calls."""
    return [story.fault(function, service, None, "throttle", occurrence=0) for function in FUNCTIONS for service in SERVICES]


def weather(story: Story) -> None:
    """Sweeps through the storm, as the schedule would; then it is over."""
    faults, until = storm(story), time.monotonic() + STORM_SECONDS
    while time.monotonic() < until:
        story.cloud.sweep()
        story.wait_for_runs()
    assert sum(story.struck(fault) for fault in faults) >= 10
    story.mend()


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
