"""The demo: a share arrives, and a usable connection is in the ledger.

Nothing here is scripted but the two acts that start it (a subscription, a share). Every line that is shown is something
that was read back: from the ledger, from Step Functions, or from the stand-in as AWS would answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from . import world
from .cloud import Execution, LocalCloud
from .counters import Spent
from .show import Show
from .wait import POLL_SECONDS

Json = dict[str, Any]

PATIENCE_SECONDS = 90.0
DEAD_SHARE = ("held", "rejected", "ignored", "expired", "failed")


class Ended(RuntimeError):
    """The story did not end as it should; the message says where and why."""


@dataclass(frozen=True)
class Scene:
    """What can be seen at one moment."""

    share: Json | None
    connection: Json | None
    onboard: Execution | None
    connect: Execution | None
    calls: list[Json]

    @classmethod
    def look(cls, cloud: LocalCloud, share_arn: str, since: int) -> Scene:
        """Now."""
        items = cloud.items()
        runs = cloud.executions()
        return cls(
            next((i for i in items if i["pk"] == f"SHARE#{share_arn}"), None),
            next((i for i in items if i["pk"].startswith("CONNECTION#")), None),
            next((run for run in runs if run.machine == "onboard"), None),
            next((run for run in runs if run.machine == "connect"), None),
            cloud.standin.calls(since),
        )

    def called(self, operation: str, caller: str) -> int:
        """How often a function made a call that succeeded."""
        return sum(
            1
            for call in self.calls
            if call["operation"] == operation and call["caller"] == f"drawbridge-{caller}" and not call.get("error")
        )

    def dead_end(self) -> str | None:
        """Why this can't end well any more."""
        if self.share and self.share["status"] in DEAD_SHARE:
            return f"the share is {self.share['status']}: {self.share['why']}"
        if self.connection and self.connection["status"] in ("failed", "closed"):
            return f"the connection is {self.connection['status']}: {self.connection['why']}"
        for run in (self.onboard, self.connect):
            if run and run.status not in ("RUNNING", "SUCCEEDED"):
                return f"the execution {run.machine} {run.name} ended {run.status}: {run.error} {run.cause}"
        return None


@dataclass(frozen=True)
class Step:
    """One thing to be seen, and what is waited for until it is."""

    waiting: str
    seen: Callable[[Scene], str | None]


def _found(scene: Scene) -> str | None:
    return (
        f"intake found the share in RAM and started {scene.onboard.machine}" if scene.onboard and scene.share else None
    )


def _vetted(scene: Scene) -> str | None:
    looked = scene.called("ListPendingInvitationResources", "vet")
    passed = scene.share is not None and scene.share["status"] not in ("found", *DEAD_SHARE)
    return "vet looked inside before accepting, and trusts the sender" if looked and passed else None


def _accepted(scene: Scene) -> str | None:
    return "the invitation is accepted" if scene.share and scene.share["status"] == "accepted" else None


def _wanted(scene: Scene) -> str | None:
    return f"{scene.connection['id']} is in the ledger" if scene.connection and scene.connect else None


def _made(scene: Scene) -> str | None:
    made = (scene.connection or {}).get("made")
    return f"open checked the network and created {_id(made)}" if made else None


def _ready(scene: Scene) -> str | None:
    if not scene.connection or scene.connection["status"] != "ready":
        return None
    looks = sum(
        call["operation"] == "DescribeVpcEndpoints" and call["caller"] == "drawbridge-observe" for call in scene.calls
    )
    return f"observe found it usable at look {looks}, with {len(scene.connection['databases'])} names behind it"


def _ended(scene: Scene) -> str | None:
    runs = (scene.onboard, scene.connect)
    return "both executions have succeeded" if all(run and run.status == "SUCCEEDED" for run in runs) else None


def _announced(scene: Scene) -> str | None:
    told = scene.called("PutEvents", "announce")
    return "its changes were announced on the event bus" if told and _ready(scene) else None


STEPS = (
    Step("for the event to reach intake", _found),
    Step("for vet's verdict", _vetted),
    Step("for RAM to show the acceptance", _accepted),
    Step("for the connection", _wanted),
    Step("for preflight and the endpoint", _made),
    Step("for the endpoint, whose state AWS tells nobody", _ready),
    Step("for the executions to end", _ended),
    Step("for the announcement", _announced),
)


@dataclass
class Outcome:
    """How the story ended."""

    connection: Json
    seconds: float
    spent: Spent
    unusable: list[str] = field(default_factory=list)


def play(cloud: LocalCloud, show: Show) -> Outcome:
    """Subscribes, shares, and watches until the connection is usable; raises `Ended` when it never will be."""
    world.settle_consumer(cloud.standin, cloud.region)
    cloud.cli("check", str(world.SUBSCRIPTION))
    cloud.cli("subscribe", str(world.SUBSCRIPTION))
    subscribed = [item["sk"] for item in cloud.items("SUBSCRIPTION")]
    show.step(f"account {world.CONSUMER} subscribed with the CLI: {', '.join(subscribed)}")

    mark = cloud.mark()
    began = time.time()
    shared = world.share(cloud.standin)
    show.step(f"account {world.PROVIDER} shared a GROUP of three databases and a metrics endpoint: {shared['share']}")

    scene = _watch(cloud, show, shared["share"], mark.call)
    connection = scene.connection
    if connection is None:
        raise Ended("no connection is in the ledger")
    cloud.wait_for_rest()
    since = datetime.fromisoformat(connection["since"].replace("Z", "+00:00")).timestamp()
    return Outcome(connection, since - began, cloud.spent(mark), unusable(cloud, connection))


def _watch(cloud: LocalCloud, show: Show, share: str, since: int) -> Scene:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with show.progress(len(STEPS)) as progress:
        for step in STEPS:
            progress.waiting(step.waiting)
            while True:
                scene = Scene.look(cloud, share, since)
                seen = step.seen(scene)
                if seen:
                    progress.done(seen)
                    break
                dead = scene.dead_end()
                if dead:
                    raise Ended(dead)
                if time.monotonic() > deadline:
                    raise Ended(f"still waiting {step.waiting} after {PATIENCE_SECONDS:g} s\n{cloud.explain()}")
                time.sleep(POLL_SECONDS)
    return scene


def unusable(cloud: LocalCloud, connection: Json) -> list[str]:
    """What keeps a row of the final table from being usable, by the ledger and by what EC2 itself says."""
    found = [f"{row['name']}: {row['trouble']}" for row in rows(connection) if row["trouble"]]
    expected = len(world.group()["children"])
    if len(connection["databases"]) != expected:
        found.append(f"{len(connection['databases'])} names behind the connection, {expected} were shared")
    endpoint = _id(connection["made"])
    ec2 = cloud.client("ec2")
    shown = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    if shown["State"].lower() != "available":
        found.append(f"{endpoint}: EC2 says it is {shown['State']}")
    answered = _names(ec2, endpoint)
    found += [
        f"{row['name']}: EC2 knows no name {row['dns']}" for row in rows(connection) if row["dns"] not in answered
    ]
    return found


def _names(ec2: Any, endpoint: str) -> set[str]:
    """Every DNS name that EC2 shows for what is behind an endpoint."""
    names: set[str] = set()
    token: dict[str, str] = {}
    while True:
        page = ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[endpoint], **token)
        for association in page["VpcEndpointAssociations"]:
            entries = (association.get("DnsEntry"), association.get("PrivateDnsEntry"))
            names |= {entry["DnsName"] for entry in entries if entry}
        if not page.get("NextToken"):
            return names
        token = {"NextToken": page["NextToken"]}


def rows(connection: Json) -> list[dict[str, str]]:
    """One row per database: name, DNS name, port, and what is wrong with it (empty: nothing)."""
    made = []
    for database in connection["databases"]:
        names = {dns["scope"]: dns["name"] for dns in database["dns"]}
        dns = names.get("private") or names.get("regional") or "unknown"
        known = database["port"].get("known")
        port = ", ".join(known["ranges"]) if known else "unknown"
        why = "" if known else database["port"]["unknown"]["reason"]
        trouble = why or ("no DNS name" if dns == "unknown" else "")
        made.append(
            {"name": database.get("name") or database["resource"], "dns": dns, "port": port, "trouble": trouble}
        )
    return sorted(made, key=lambda row: row["name"])


def report(outcome: Outcome, console: Console) -> None:
    """The final table, and what it took."""
    connection, spent = outcome.connection, outcome.spent
    console.print()
    console.print(f"connection  {connection['id']}")
    console.print(f"endpoint    {_id(connection['made'])}")
    console.print(f"status      {connection['status']}: {connection['why']}")
    table = Table("database", "DNS name", "port", "", box=None, pad_edge=False, header_style="bold")
    for row in rows(connection):
        table.add_row(row["name"], row["dns"], row["port"], row["trouble"])
    console.print()
    console.print(table)
    console.print()
    calls = ", ".join(f"{service} {count}" for service, count in spent.calls_by_service().items())
    console.print(f"share to ready  {outcome.seconds:.1f} s")
    console.print(f"transitions     {spent.transitions}")
    invoked = ", ".join(f"{name} {count}" for name, count in sorted(spent.invocations_by_function.items()) if count)
    console.print(f"invocations     {spent.invocations}, intake and announce apart ({invoked})")
    console.print(f"AWS calls       {calls}, by every function")


def _id(made: Json | None) -> str:
    return str(next(iter((made or {"nothing": "nothing"}).values())))
