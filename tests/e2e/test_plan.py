"""`drawbridge plan`: what applying a subscription would do, before and after it is done. Waits are 1/50 of AWS's."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from local import LocalCloud
from place import SERVICE, Place
from story import NETWORK, SUBNETS, TO_NETWORK, TO_VPC, VPC, Json, Story, document

READS = ("Describe", "Get", "List", "Query", "Scan")


class Planner:
    """Writes subscriptions to files and asks what applying them would do."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story = story
        self.folder = folder

    def file(self, name: str = "redis", **more: object) -> Path:
        """A subscription in a file."""
        file = self.folder / f"{uuid.uuid4().hex}.json"
        file.write_text(json.dumps(document(name, **more)))  # type: ignore[arg-type]
        return file

    def says(self, file: Path, code: int = 0) -> Json:
        """What is said of it, as a document. Nothing is changed by it."""
        before = self.story.standin.next_call()
        ran = self.story.cloud.cli("plan", str(file), "--json", check=False)
        assert ran.returncode == code, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
        changed = [c for c in self.story.standin.calls(before) if c["mutating"] and c["caller"] is None]
        assert changed == [] or all(call["operation"].startswith(READS) for call in changed), changed
        assert ran.stderr == ""
        return dict(json.loads(ran.stdout))

    def reads(self, file: Path, code: int = 0) -> str:
        """The same for people, on one line."""
        ran = self.story.cloud.cli("plan", str(file), check=False)
        assert ran.returncode == code, ran
        return " ".join(ran.stdout.split())


@pytest.fixture
def planner(cloud: LocalCloud, tmp_path: Path) -> Planner:
    """A network, somebody who shares, and a command that looks at both."""
    return Planner(Story(cloud), tmp_path)


def actions(said: Json) -> list[tuple[str, str]]:
    """What would become of which target."""
    return [(connection["action"], connection["target"]) for connection in said["connections"]]


def codes(connection: Json) -> set[str]:
    """The findings that stop a connection."""
    return {finding["code"] for finding in connection["findings"] if finding["severity"] == "error"}


def test_what_would_be_made_is_made(planner: Planner) -> None:
    """A pending invitation, planned before it is accepted: the same ids, the same calls, the same cost. Afterwards it stays."""
    story = planner.story
    share = story.share()
    # Applied as it is planned, word for word.
    file = planner.file(targets=[TO_VPC, TO_NETWORK], ports={f"none-{uuid.uuid4().hex}": 1})
    said = planner.says(file)
    assert said["standing"] == "new" and (said["account"], said["region"]) == (story.account, "us-east-1")
    assert sorted(actions(said)) == [("make", NETWORK), ("make", VPC)]
    assert [(s["outcome"], s["accepted"], s["status"]) for s in said["shares"]] == [("accept", False, None)]
    assert said["cost"]["after"] == {"micro_usd_per_month": 87_600_000, "unknown": 0}
    assert said["cost"]["before"]["micro_usd_per_month"] == 0 and said["fails"] == 0
    assert story.endpoints() == [] and story.record(share) is None, "planning changes nothing"

    story.cloud.cli("subscribe", str(file))
    story.look()
    story.ready(share, 2)
    story.cloud.wait_for_rest()
    made = {connection["id"]: connection for connection in story.connections(share)}
    assert set(made) == {connection["id"] for connection in said["connections"]}
    for connection in said["connections"]:
        assert made[connection["id"]]["plan"]["call"] == connection["call"], "what was said is what was done"

    after = planner.says(file)
    assert after["standing"] == "same" and {c["action"] for c in after["connections"]} == {"keep"}
    assert after["cost"]["before"] == after["cost"]["after"] == said["cost"]["after"]
    assert "2 to keep" in planner.reads(file)


def test_what_would_fail_is_told_with_everything_against_it(planner: Planner) -> None:
    """A VPC that is not there, a subnet without room, ports that are closed: all at once, exit code 1, and nothing is made."""
    story = planner.story
    story.furnish(free=(4000, 3, 2000), ports=False)
    story.share()
    nowhere = {"vpc": "vpc-00000000000000000", "security_groups": ["sg-00000000000000000"]}
    file = planner.file(targets=[{**TO_VPC, "subnets": list(SUBNETS[:2])}, nowhere])
    said = planner.says(file, 1)
    by_target = {connection["target"]: connection for connection in said["connections"]}
    assert codes(by_target[VPC]) == {"SubnetAddressesLow", "PortsClosed"}
    assert codes(by_target[nowhere["vpc"]]) == {"VpcNotFound", "SecurityGroupNotFound"}
    assert said["fails"] == 2 and all(c["call"] is None for c in said["connections"])
    assert said["cost"]["after"]["micro_usd_per_month"] == 0, "what would fail costs nothing"
    text = planner.reads(file, 1)
    assert "2 connections would fail." in text and "SubnetAddressesLow" in text and "way out" in text


def test_an_endpoint_of_each_kind(planner: Planner) -> None:
    """Asked for without a share: zones count for an interface endpoint, a gateway endpoint costs nothing, a price that is not
    known is said to be unknown."""
    place = Place(planner.story)
    abroad = place.interface(interface=SERVICE.replace("us-east-1", "eu-west-1"), region="eu-west-1")
    wanted = [place.interface(), place.gateway(), abroad]
    file = planner.file("asking", senders=(), targets=(), profile="generic", ports={SERVICE: 12000}, endpoints=wanted)
    said = planner.says(file, 1)
    by_kind = {(c["kind"], c["resource"]): c for c in said["connections"]}
    assert by_kind["interface-endpoint", SERVICE]["cost"] == {"micro_usd_per_month": 21_900_000}
    assert by_kind["gateway-endpoint", "com.amazonaws.us-east-1.s3"]["cost"] == {"micro_usd_per_month": 0}
    (unknown,) = [c for c in said["connections"] if "unknown" in c["cost"]]
    assert "another Region" in unknown["cost"]["unknown"] and codes(unknown) == {"ServiceNotFound"}
    assert said["shares"] == [] and planner.story.endpoints() == []


def test_a_changed_subscription(planner: Planner) -> None:
    """Changed in place, replaced, closed: each is told as what it is, with what is done about it."""
    story = planner.story
    share = story.share()
    story.subscribe(targets=[TO_VPC])
    story.look()
    (made,) = story.ready(share, 1)
    story.cloud.wait_for_rest()
    item = {**TO_VPC}

    def planned(**more: object) -> Json:
        (connection,) = planner.says(planner.file(**more))["connections"]
        assert connection["id"] == made["id"]
        return dict(connection)

    tagged = planned(targets=[item], tags={"team": "data"})
    assert (tagged["action"], tagged["applied"], tagged["differences"]) == ("change", True, [{"what": "other tags", "in_place": True, "applied": True}])
    moved = {**item, "subnets": list(SUBNETS[:2])}
    kept = planned(targets=[moved])
    assert (kept["action"], kept["applied"]) == ("replace", False) and not kept["differences"][0]["in_place"]
    replaced = planned(targets=[moved], on_change="replace")
    assert (replaced["action"], replaced["applied"]) == ("replace", True)
    assert sorted(replaced["call"]["resource_endpoint"]["subnets"]) == sorted(SUBNETS[:2])
    said = planner.says(planner.file(targets=[TO_NETWORK]))
    assert actions(said) == [("make", NETWORK), ("close", VPC)]
    assert said["cost"]["before"]["micro_usd_per_month"] == 14_600_000 and said["cost"]["after"]["micro_usd_per_month"] == 73_000_000

    # And so it is done: closed and made anew, with the subnets that were planned, and once only.
    story.subscribe(targets=[moved], on_change="replace")
    story.sweep_until(lambda: story.connection(share)["generation"] == 2 and story.connection(share)["status"] == "ready", what="another")
    again = story.connection(share)
    assert again["plan"]["call"] == replaced["call"] and again["made"] != made["made"]
    assert story.disorder() == []
    assert "ended" not in story.look().payload, "once is enough"
    assert planner.says(planner.file(targets=[moved], on_change="replace"))["connections"][0]["action"] == "keep"


def test_what_a_limit_holds(planner: Planner) -> None:
    """A share that would cost more than the subscription allows waits for a person, as planned."""
    story = planner.story
    share = story.share()
    more = {"targets": [TO_VPC, TO_NETWORK], "limits": {"monthly_cost_per_share": 87}}
    said = planner.says(planner.file(**more))
    (told,) = said["shares"]
    assert told["outcome"] == "hold" and said["connections"] == []
    assert any("would cost 87.60 USD per month" in reason for reason in told["reasons"])
    assert "would be held for a person" in planner.reads(planner.file(**more))
    story.subscribe(**more)
    story.look()
    story.settle(share)
    record = story.record(share)
    assert record is not None and (record["status"], story.invitation(share)) == ("held", "PENDING")
    assert any("limits.monthly_cost_per_share" in why for why in record["why"]) and story.endpoints() == []
    story.subscribe(**{**more, "limits": {"monthly_cost_per_share": 88}})
    story.look()
    story.ready(share, 2)
    story.cloud.wait_for_rest()
    assert story.disorder() == []


def test_what_it_answers_to_what_is_wrong(planner: Planner) -> None:
    """A document or usage that is wrong: 2. What may not be looked at: 1, by the action's name. Out of reach: 3."""
    story = planner.story
    bad = planner.folder / "bad.yaml"
    bad.write_text("version: 1\nname: x\n")
    for arguments in (("plan", str(bad)), ("plan", "/nowhere.yaml"), ("plan",), ("plan", str(bad), "--installation", "NO")):
        assert story.cloud.cli(*arguments, check=False).returncode == 2, arguments
    story.share()
    file = planner.file()
    refused = story.standin.fault("ec2", "DescribeSubnets", "access_denied", account=story.account, occurrence=0)
    denied = story.cloud.cli("plan", str(file), check=False)
    assert denied.returncode == 1 and "ec2:DescribeSubnets" in denied.stderr and denied.stdout == ""
    story.tell("DELETE", f"faults/{refused}")
    throttled = story.standin.fault("ram", "GetResourceShares", "throttle", account=story.account, occurrence=0)
    assert story.cloud.cli("plan", str(file), check=False).returncode == 3
    story.tell("DELETE", f"faults/{throttled}")
    assert planner.says(file)["fails"] == 0
