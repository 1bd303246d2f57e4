"""Twenty at once, and as large as AWS's quotas let them be. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json

from local import LocalCloud
from routes import begin
from story import Story, group

KIB_200 = 200 * 1024


def test_twenty_shares_at_once(cloud: LocalCloud) -> None:
    """Twenty invitations, with an event each, arrive together: all ready, none twice."""
    story = Story(cloud)
    begin(story)
    shares = [story.share(name=f"redis-{at}", event=True) for at in range(20)]
    for share in shares:
        story.ready(share, 1, timeout=120)
    cloud.wait_for_rest(120)
    story.sweep_until(lambda: story.disorder() == [], what="rest")
    assert len(cloud.shares()) == len(story.connections()) == len(story.endpoints()) == 20
    assert all(c["attempt"] == 1 for c in story.connections()) and all(s["attempt"] == 1 for s in cloud.shares())
    assert len([e for e in cloud.executions("onboard")]) == 20 and len(cloud.executions("connect")) == 20
    assert {e.status for e in cloud.executions()} == {"SUCCEEDED"}


def test_twenty_connections_of_sixty_databases(cloud: LocalCloud) -> None:
    """One share with twenty GROUP configurations of sixty children, VPC Lattice's quota: no state's input or output, and no
    execution's, comes near AWS's 256 KiB. The engine would take more, so the sizes are measured."""
    story = Story(cloud)
    begin(story)
    share = story.share(resources=[group(60, name=f"redis-group-{at}") for at in range(20)])
    story.look()
    connections = story.ready(share, 20, timeout=180)
    assert all(len(c["databases"]) == 60 for c in connections)
    sizes = []
    for run in cloud.executions():
        sizes += [len(json.dumps(run.input)), len(json.dumps(run.output))]
        for event in story.history(run.arn):
            details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
            sizes += [len(text.encode()) for name in ("input", "output", "parameters", "cause") if isinstance(text := details.get(name), str)]
    assert len(sizes) > 200 and max(sizes) < KIB_200, max(sizes)
    cloud.wait_for_rest(120)
    assert story.disorder() == []
