"""From where a connection's own security group admits, changed while it stands. Waits are 1/50 of AWS's."""

from __future__ import annotations

from typing import Any

import pytest
from local import LocalCloud
from story import GROUP, TO_VPC, Json, Story
from test_adjust import INVOCATION, adjust, changes, furnish
from test_end import OTHER_GROUP, codes, shown
from test_groups import connected, groups, rules

OFFICE, PLANT, BY_HAND = "10.20.0.0/16", "10.30.0.0/16", "10.40.0.0/16"


def behind_its_own(**sources: Any) -> Json:
    """A target whose endpoints have a security group of their own, which admits these."""
    return {**TO_VPC, "security_groups": sources}


def sources(story: Story) -> set[str]:
    """From where the group admits anything; each source all of the ports."""
    (group,) = groups(story)
    found = rules(group)
    ports = {(first, last) for first, last, _ in found}
    from_where = {source for _, _, source in found}
    assert all((*range_, source) in found for range_ in ports for source in from_where if source != BY_HAND), found
    return from_where


def test_other_sources(cloud: LocalCloud) -> None:
    """Those that are named come and go, with all of the ports; a rule that somebody added stays, and so does the group."""
    story = Story(cloud)
    furnish(story)
    share, connection, group = connected(story, behind_its_own(cidrs=[OFFICE], security_groups=[GROUP]))
    rule = {"IpProtocol": "tcp", "FromPort": 8070, "ToPort": 8070, "IpRanges": [{"CidrIp": BY_HAND}]}
    cloud.client("ec2").authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    assert sources(story) == {OFFICE, GROUP, BY_HAND}
    story.subscribe(targets=[behind_its_own(cidrs=[OFFICE, PLANT], security_groups=[OTHER_GROUP])])
    since = story.standin.next_call()
    assert adjust(story) == {"connections": 1, "changed": 1, "refused": 0, "complete": True}
    assert sources(story) == {OFFICE, PLANT, OTHER_GROUP, BY_HAND}
    after = story.connection(share)
    assert (after["status"], codes(after), after["made"], after["group"]) == ("ready", [], connection["made"], connection["group"])
    assert "changing" not in after and after["plan"]["group"]["cidrs"] == [OFFICE, PLANT]
    assert f"sources {OFFICE}, {PLANT}, {OTHER_GROUP} instead of {OFFICE}, {GROUP}" in shown(story, after["id"])
    assert set(changes(story, since)) == {"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"}
    at = story.standin.next_call()
    assert adjust(story)["changed"] == 0 and changes(story, at) == []

    # One that is not there: told, and nothing is changed. Without a word of sources they stay.
    story.subscribe(targets=[behind_its_own(cidrs=[OFFICE], security_groups=["sg-0000000000000bad0"])])
    assert adjust(story)["refused"] == 1
    assert "SecurityGroupNotFound" in shown(story, after["id"]) and codes(story.connection(share)) == ["ChangeNotMade"]
    story.subscribe(targets=[{**TO_VPC, "security_groups": "managed"}])
    assert adjust(story)["changed"] == 0 and changes(story, at) == [] and codes(story.connection(share)) == []
    cloud.cli("withdraw", "redis", "--yes")
    story.sweep_until(lambda: story.connection(share)["status"] == "closed", what="its end")
    assert groups(story) == [] and story.disorder() == []


def test_a_group_that_is_not_ours_any_more(cloud: LocalCloud) -> None:
    """Without the connection's tags it is nobody's to change, and that is told."""
    story = Story(cloud)
    share, connection, group = connected(story, behind_its_own(cidrs=[OFFICE]))
    ec2 = cloud.client("ec2")
    ec2.delete_tags(Resources=[group["GroupId"]], Tags=[{"Key": "drawbridge:owner"}])
    story.subscribe(targets=[behind_its_own(cidrs=[PLANT])])
    since = story.standin.next_call()
    assert adjust(story)["refused"] == 1 and changes(story, since) == []
    assert "drawbridge:owner" in shown(story, connection["id"]) and sources(story) == {OFFICE}
    ec2.create_tags(Resources=[group["GroupId"]], Tags=[{"Key": "drawbridge:owner", "Value": connection["plan"]["token"]}])
    assert adjust(story)["changed"] == 1 and sources(story) == {PLANT}
    assert codes(story.connection(share)) == [] and story.disorder() == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("operation", ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"])
@pytest.mark.parametrize("taken_back", [False, True], ids=["goes on", "taken back"])
def test_an_answer_that_was_lost(cloud: LocalCloud, operation: str, kind: str, taken_back: bool) -> None:
    """The next run finds what is to be admitted and what not, whatever the subscription says by then."""
    story = Story(cloud)
    share, connection, _ = connected(story, behind_its_own(cidrs=[OFFICE]))
    story.subscribe(targets=[behind_its_own(cidrs=[PLANT])])
    story.fault("adjust", "ec2", operation, kind, count=INVOCATION)
    adjust(story, error="ServiceUnavailable")
    story.mend()
    if taken_back:
        story.subscribe(targets=[behind_its_own(cidrs=[OFFICE])])
    assert adjust(story)["changed"] == 1
    after = story.connection(share)
    assert sources(story) == ({OFFICE} if taken_back else {PLANT})
    assert "changing" not in after and codes(after) == [] and (after["plan"] == connection["plan"]) is taken_back
    since = story.standin.next_call()
    assert adjust(story)["changed"] == 0 and changes(story, since) == [] and story.disorder() == []
