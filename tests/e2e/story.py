"""What the scenarios have in common: who shares what with whom, and what it means that everything is in order."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from local import LocalCloud, wait_for
from local.paths import LOCAL, ROOT

Json = dict[str, Any]
Instant = tuple[str, float]

ACCOUNT = "111122223333"
REDIS = "444455556666"
STRANGER = "999988887777"

VPC = "vpc-0a1b2c3d4e5f60718"
SUBNETS = ("subnet-0a00000000000000a", "subnet-0b00000000000000b", "subnet-0c00000000000000c")
GROUP = "sg-0a1b2c3d4e5f60718"
NETWORK = "sn-0a1b2c3d4e5f60718"

TO_VPC = {"vpc": VPC, "subnets": "auto", "security_groups": [GROUP]}
TO_NETWORK = {"service_network": NETWORK}

# Statuses in which a run should be under way, from functions/domain (`is_running`), and all that the status index holds.
SHARE_RUNNING = {"found", "accepting", "declining"}
SHARE_INDEXED = SHARE_RUNNING | {"accepted", "held", "ignored", "failed", "revoked"}
CONNECTION_RUNNING = {"wanted", "opening", "waiting", "closing"}
CONNECTION_INDEXED = CONNECTION_RUNNING | {"failed"}

# What Throttled, ServiceUnavailable and LedgerConflict get in statemachine/*.asl.json: one try and these retries.
TRIES = 1 + 6


@cache
def fault_names() -> frozenset[str]:
    """Every name that a fault may have, read from the one place where they are declared."""
    source = (ROOT / "functions/domain/src/fault.rs").read_text()
    found = re.findall(r"^ {4}(\w+), (?:Transient|Permanent), \"", source, re.MULTILINE)
    assert len(found) > 20, "fault.rs does not declare its names as it did"
    return frozenset(found)


@dataclass(frozen=True)
class Shared:
    """What somebody shared."""

    arn: str
    owner: str
    invitation: str | None
    resources: tuple[str, ...]
    children: tuple[tuple[str, ...], ...]


def databases(count: int = 1, first_port: int | None = 12000) -> list[Json]:
    """Children of a GROUP, each with a port unless told otherwise."""
    return [
        {
            "name": f"database-{number}",
            "ports": [] if first_port is None else [str(first_port + number)],
            "dns_target": f"database-{number}.redis.example.com",
            "custom_domain": f"database-{number}.redis.example.com",
        }
        for number in range(count)
    ]


def group(count: int = 1, name: str = "redis-group", **more: Any) -> Json:
    """A GROUP resource configuration with so many databases in it."""
    return {"type": "GROUP", "name": name, "children": databases(count), "group_domain": "redis.example.com", **more}


def document(
    name: str = "redis",
    senders: Iterable[str] = (REDIS,),
    targets: Iterable[Json] = (TO_VPC,),
    trust: Json | None = None,
    otherwise: str = "hold",
    **more: Any,
) -> Json:
    """A subscription; without `senders` and `targets` one that says nothing of shares."""
    shares = {"trust": {"senders": list(senders), **(trust or {})}, "otherwise": otherwise, "targets": list(targets)}
    return {"version": 1, "name": name, "profile": "redis-cloud", **(shares if senders else {}), **more}


class Story:
    """Drawbridge in one account of the local cloud, with a network to connect and somebody who shares.

    Making one furnishes the account and takes away the wait before the sweep tries again what failed for a passing
    reason: a minute and more by default.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.account = cloud.account
        self.standin = cloud.standin
        self.last = Shared("", "", None, (), ())
        self._faults: list[str] = []
        self.furnish()
        without_backoff(cloud)

    # The stage

    def furnish(self, free: tuple[int, int, int] = (4000, 3000, 2000), ports: bool = True) -> None:
        """A VPC with a subnet in each of three zones, a security group that admits Redis Cloud's ports, a service network."""
        zones = zip(SUBNETS, "abc", free, strict=True)
        rules = [{"from": 10000, "to": 19999, "cidr": "10.0.0.0/16"}, {"from": 8070, "to": 8070, "cidr": "10.0.0.0/16"}]
        self.standin.seed(
            self.account,
            self.cloud.region,
            vpcs=[{"id": VPC, "cidr": "10.0.0.0/16", "dns_support": True, "dns_hostnames": True}],
            subnets=[
                {"id": id_, "vpc": VPC, "az": f"us-east-1{letter}", "az_id": f"use1-az{at}", "free": free}
                for (id_, letter, free), at in zip(zones, (1, 2, 4), strict=True)
            ],
            security_groups=[{"id": GROUP, "vpc": VPC, "ingress": rules if ports else []}],
            service_networks=[{"id": NETWORK, "name": "shared-services"}],
        )

    def file(self, name: str) -> Path:
        """Where a subscription's document is kept."""
        return LOCAL / self.cloud.settings.name / self.account / f"{name}.yaml"

    def subscribe(self, name: str = "redis", **more: Any) -> None:
        """Subscribes with the real command."""
        file = self.file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        # No two are the same: after the ledger was emptied, DynamoDB takes the same write for one that was repeated.
        more["ports"] = {**more.get("ports", {}), f"none-{uuid.uuid4().hex}": 1}
        file.write_text(json.dumps(document(name, **more), indent=1))
        self.cloud.cli("subscribe", str(file))

    def share(self, owner: str = REDIS, resources: list[Json] | None = None, event: bool = False, **more: Any) -> Shared:
        """Somebody shares something, by default a GROUP of one database. No event tells of it unless asked for."""
        made = self.standin.share(
            owner,
            more.pop("name", "redis-production"),
            resources if resources is not None else [group()],
            principals=[self.account],
            event=event,
            **more,
        )
        self.last = Shared(
            made["share"],
            owner,
            made["invitations"].get(self.account),
            tuple(made["resources"]),
            tuple(tuple(each) for each in made["children"]),
        )
        return self.last

    def fault(self, function: str, service: str, operation: str, kind: str, **more: Any) -> str:
        """Breaks calls that a function of this account is to make."""
        caller = f"drawbridge-{function}"
        self._faults.append(self.standin.fault(service, operation, kind, caller=caller, account=self.account, **more))
        return self._faults[-1]

    def struck(self, fault: str) -> int:
        """How often a fault came."""
        return next(int(known["fired"]) for known in self.standin.faults()["faults"] if str(known["id"]) == fault)

    def mend(self) -> None:
        """Withdraws this account's faults."""
        while self._faults:
            self.tell("DELETE", f"faults/{self._faults.pop()}")

    def tell(self, method: str, path: str, **body: Any) -> Json:
        """What happens outside Drawbridge, by the stand-in's admin interface."""
        request = urllib.request.Request(f"{self.standin.endpoint}/_standin/{path}", json.dumps(body).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.loads(answer.read()))

    def look(self) -> Any:
        """Intake looks at everything, as an operator would have it."""
        return self.cloud.invoke("intake", {"trigger": "manual"})

    # What the ledger says

    def record(self, share: Shared) -> Json | None:
        """The ledger's record of a share."""
        return self._item(f"SHARE#{share.arn}", "SHARE")

    def connections(self, share: Shared | None = None) -> list[Json]:
        """The ledger's connections of a share, or all."""
        if share is None:
            return self.cloud.connections()
        found = self.cloud.client("dynamodb").query(
            TableName=self.cloud.table,
            IndexName="by-share",
            KeyConditionExpression="share_arn = :arn",
            ExpressionAttributeValues={":arn": {"S": share.arn}},
        )["Items"]
        items = (self._item(key["pk"]["S"], "CONNECTION") for key in found)
        return [item for item in items if item is not None]

    def connection(self, share: Shared) -> Json:
        """The one connection of a share."""
        (only,) = self.connections(share)
        return only

    def audit(self, pk: str) -> list[Json]:
        """The audit trail of a share or connection, oldest first."""
        return [item for item in self.cloud.items(pk, audit=True) if item["sk"].startswith("AUDIT#")]

    def _item(self, pk: str, sk: str) -> Json | None:
        answer = self.cloud.client("dynamodb").get_item(
            TableName=self.cloud.table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        return plain(answer["Item"]) if "Item" in answer else None

    def overwrite(self, item: Json, **values: Any) -> None:
        """Changes attributes of a record behind Drawbridge's back, as if time had passed: a new version, no audit entry."""
        names = {f"#{at}": name for at, name in enumerate([*values, "version"])}
        sets = ", ".join(f"#{at} = :{at}" for at in range(len(values)))
        self.cloud.client("dynamodb").update_item(
            TableName=self.cloud.table,
            Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
            UpdateExpression=f"SET {sets} ADD #{len(values)} :one",
            ConditionExpression=f"#{len(values)} = :known",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{at}": {"S": value} for at, value in enumerate(values.values())}
            | {":one": {"N": "1"}, ":known": {"N": str(item["version"])}},
        )

    # Runs

    def onboarding(self, record: Json) -> str:
        """The ARN that the run of a share's present attempt has."""
        key = hashlib.sha256(record["arn"].encode() + b"\0").hexdigest()[:32]
        return self._execution("onboard", f"share-{key}-a{record['attempt']}")

    def connecting(self, connection: Json) -> str:
        """The ARN that the run of a connection's present attempt has."""
        return self._execution("connect", run_name(connection))

    def disconnecting(self, connection: Json) -> str:
        """The ARN that the run has which closes a connection that ends."""
        return self._execution("disconnect", run_name(connection))

    def _execution(self, machine: str, name: str) -> str:
        return f"{self.cloud.machine(machine).replace(':stateMachine:', ':execution:')}:{name}"

    def run(self, arn: str) -> Json | None:
        """How a run stands; None if there is none of that ARN."""
        states = self.cloud.client("stepfunctions")
        try:
            return dict(states.describe_execution(executionArn=arn))
        except states.exceptions.ExecutionDoesNotExist:
            return None

    def settled(self, share: Shared) -> bool:
        """Whether no run of the share or of its connections is under way, after at least one was. One that waits for somebody
        rests."""
        record = self.record(share)
        if record is None:
            return False
        run = self.run(self.onboarding(record))
        # An onboarding without a run was never started, or its start was cut off.
        if run is not None and run["status"] == "RUNNING" and run["executionArn"] not in self.cloud.engine.waiting():
            return False
        return all(self._over(connection) for connection in self.connections(share))

    def _over(self, connection: Json) -> bool:
        if connection["status"] not in CONNECTION_RUNNING:
            run = self.run(connection["execution"]) if connection.get("execution") else None
        else:
            ends = connection["status"] == "closing" and "ending" in connection
            run = (self.run(self.disconnecting(connection)) if ends else None) or self.run(self.connecting(connection))
        return run is None or run["status"] != "RUNNING" or run["executionArn"] in self.cloud.engine.waiting()

    def settle(self, share: Shared, timeout: float = 60.0) -> None:
        """Waits until no run of the share or of its connections is under way."""
        wait_for(lambda: self.settled(share), timeout, "the share's runs end", self.explain)

    def ready(self, share: Shared, count: int | None = None, timeout: float = 60.0) -> list[Json]:
        """Waits until every connection of a share (or so many) can be used, and gives them."""

        def look() -> list[Json] | None:
            found = self.connections(share)
            enough = len(found) == count if count is not None else bool(found)
            return found if enough and all(c["status"] == "ready" for c in found) else None

        return wait_for(look, timeout, "the share's connections are ready", self.explain)

    def sweep_until(self, done: Callable[[], Any], rounds: int = 6, what: str = "what was left") -> Any:
        """Sweeps, waiting for rest after each round, until `done` answers something truthy."""
        for _ in range(rounds):
            answer = self.cloud.sweep()
            assert answer.error is None, answer
            self.wait_for_runs()
            if seen := done():
                return seen
        raise AssertionError(f"{rounds} sweeps did not bring {what}:\n{self.cloud.explain()}")

    def wait_for_runs(self, timeout: float = 60.0) -> None:
        """Waits until no run of this account is under way but those that wait for somebody."""
        states = self.cloud.client("stepfunctions")

        def rest() -> bool:
            running = {
                execution["executionArn"]
                for arn in self.cloud.machines
                for execution in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
            }
            return running <= self.cloud.engine.waiting()

        wait_for(rest, timeout, "no run is under way", self.cloud.explain)

    def history(self, arn: str) -> list[Json]:
        """The events of a run."""
        return self.cloud.history(arn)

    def errors(self, arn: str, state: str | None = None) -> list[str]:
        """The names under which a run's tasks failed, in order: those of one state or all."""
        failed, inside = [], ""
        for event in self.history(arn):
            if event["type"].endswith("StateEntered"):
                inside = event["stateEnteredEventDetails"]["name"]
            elif event["type"] == "TaskFailed" and state in (None, inside):
                failed.append(event["taskFailedEventDetails"]["error"])
        return failed

    # What AWS has

    def endpoints(self, live: bool | None = None) -> list[Json]:
        """The account's VPC endpoints and service-network associations, those that are gone too unless told otherwise."""
        state = self.standin.state()
        mine = [each for kind in ("endpoints", "associations") for each in state[kind] if each["account"] == self.account]
        return [each for each in mine if live is None or each["live"] == live]

    def made_for(self, *connections: Json, live: bool | None = None) -> list[Json]:
        """Of those the ones that carry these connections' tag."""
        ids = {connection["id"] for connection in connections}
        return [each for each in self.endpoints(live) if each["tags"].get("drawbridge:connection") in ids]

    def invitation(self, share: Shared) -> str:
        """The status of a share's invitation, as RAM knows it."""
        (status,) = (i["status"] for i in self.standin.state()["invitations"] if i["arn"] == share.invitation)
        return str(status)

    def calls(self, since: int = 0, function: str | None = None, operation: str | None = None) -> list[Json]:
        """The calls that this account's functions made."""
        return [
            call
            for call in self.standin.calls(since)
            if call["account"] == self.account
            and (call["caller"] or "").startswith("drawbridge-")
            and function in (None, (call["caller"] or "").removeprefix("drawbridge-"))
            and operation in (None, call["operation"])
        ]

    def explain(self) -> str:
        """The last share, its connections and their runs in a few lines, for whoever reads a failed test."""
        if not self.last.arn:
            return self.cloud.explain()
        records = [record for record in (self.record(self.last), *self.connections(self.last)) if record]
        lines = [f"{r['pk']}: {r['status']} since {r['since']}: {r['why']}" for r in records]
        about = [f":{self.onboarding(r)}" if r["sk"] == "SHARE" else r["id"] for r in records]
        for run in self.cloud.executions():
            if any(each in f":{run.arn}" for each in about):
                lines.append(f"{run.machine} {run.name}: {run.status} {run.error or ''} {run.cause or ''}".rstrip())
        return "\n".join([*(lines or ["nothing is known of the last share"]), *self.cloud.stalls()])

    # Whether all is well

    def disorder(self, at_rest: bool = True) -> list[str]:
        """Every sentence says something that must never be so; at rest, also something that must not stay so."""
        wrong = [*self._doubles(), *self._unowned(), *self._unexplained()]
        if at_rest:
            wrong += self._unfinished()
        return wrong

    def _doubles(self) -> Iterable[str]:
        """Two things of one connection that lived at the same time."""
        by_connection = defaultdict(list)
        for made in self.endpoints():
            by_connection[made["tags"].get("drawbridge:connection", made["id"])].append(made)
        for connection, all_made in by_connection.items():
            for one, other in combinations(all_made, 2):
                (born, gone), (born_too, gone_too) = lifetime(one), lifetime(other)
                if born < gone_too and born_too < gone:
                    yield f"{one['id']} and {other['id']} of {connection} lived at the same time"

    def _unowned(self) -> Iterable[str]:
        """Something that lives, carries our tags, and does not stand in the ledger."""
        connections = {connection["id"]: connection for connection in self.connections()}
        for made in self.endpoints(live=True):
            tags = made["tags"]
            if "drawbridge:installation" not in tags:
                continue
            connection = connections.get(tags.get("drawbridge:connection", ""))
            if connection is None:
                yield f"{made['id']} lives and the ledger knows no connection {tags.get('drawbridge:connection')}"
            elif made["id"] not in (connection.get("made") or {}).values() and (
                (connection.get("plan") or {}).get("token") != tags.get("drawbridge:owner")
            ):
                yield f"{made['id']} lives and is not in the record of {connection['id']}, which is {connection['status']}"
        for group in self.cloud.client("ec2").describe_security_groups()["SecurityGroups"]:
            tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}
            if "drawbridge:installation" not in tags:
                continue
            connection = connections.get(tags.get("drawbridge:connection", ""), {})
            known = (connection.get("plan") or {}).get("token") == tags.get("drawbridge:owner")
            if not known and group["GroupId"] not in connection.get("groups_left", []):
                yield f"{group['GroupId']} of {tags.get('drawbridge:owner')} is left, and nobody is told"

        # It has no tags: whom it tells says whose it is.
        topic = self.cloud.outputs["ConnectionNotificationsTopicArn"]
        standing = {(connection.get("made") or {}).get("endpoint") for connection in connections.values()}
        pages = self.cloud.client("ec2").get_paginator("describe_vpc_endpoint_connection_notifications").paginate()
        for told in (each for page in pages for each in page["ConnectionNotificationSet"]):
            if told["ConnectionNotificationArn"] == topic and told["VpcEndpointId"] not in standing:
                yield f"{told['ConnectionNotificationId']} of {told['VpcEndpointId']} is left"

    def _unexplained(self) -> Iterable[str]:
        """A record that does not say why, whose audit trail has a gap, or that is indexed wrongly."""
        audit = defaultdict(list)
        for item in self.cloud.items(audit=True):
            if item["sk"].startswith("AUDIT#"):
                audit[item["pk"]].append(item)
        for item, indexed in [
            *((share, SHARE_INDEXED) for share in self.cloud.shares()),
            *((connection, CONNECTION_INDEXED) for connection in self.connections()),
        ]:
            key, status, trail = item["pk"], item["status"], audit[item["pk"]]
            if not item.get("why") or not item.get("next") or not item.get("since"):
                yield f"{key} does not say why, since when and what next: {item}"
            if (item.get("attention") or None) != (status if status in indexed else None):
                yield f"{key} is {status} and indexed as {item.get('attention')}"
            if not any(entry["change"] == item["change"] for entry in trail):
                yield f"{key}: its last change has no audit entry"
            if status == "failed" and (item.get("fault") or {}).get("name", "") == "":
                yield f"{key} failed and no fault is recorded"
            if status == "closed" and not (item.get("ending") or {}).get("why"):
                yield f"{key} is closed and nobody said why"
        accepted = {i["share"] for i in self.standin.state()["invitations"] if i["status"] == "ACCEPTED" and i["receiver"] == self.account}
        for share in self.cloud.shares():
            if share["status"] == "accepted" and share.get("invitation") and share["arn"] not in accepted:
                yield f"{share['pk']} is accepted in the ledger and not in RAM"

    def _unfinished(self) -> Iterable[str]:
        """A run that never ended, a status that waits for a run, something made that nobody uses."""
        # Who waits for somebody is in order as long as the record says whom, and the run has not lost its token.
        waiting = self.cloud.engine.waiting()
        awaited = {self.onboarding(s): s for s in self.cloud.shares() if (s.get("wait") or {}).get("by_a_run")}
        awaited |= {self.connecting(c): c for c in self.connections() if "wait" in c and "ending" not in c}
        awaited |= {self.disconnecting(c): c for c in self.connections() if "wait" in c and c["status"] == "closing"}
        for execution in self.cloud.executions(status="RUNNING"):
            if execution.arn not in waiting:
                yield f"{execution.name} still runs"
            elif execution.arn not in awaited:
                yield f"{execution.name} waits, and no record says for whom"
        for arn, record in awaited.items():
            if arn not in waiting:
                yield f"{record['pk']} says that {record['wait']['who']} is waited for, and no run waits"
        for share in self.cloud.shares():
            if share["status"] in SHARE_RUNNING:
                yield f"{share['pk']} is still {share['status']}"
        made = {each["id"] for each in self.endpoints(live=True)}
        for connection in self.connections():
            status, ids = connection["status"], set((connection.get("made") or {}).values())
            # What a limit holds has no run, and nobody has made anything of it.
            if status in CONNECTION_RUNNING and "wait" not in connection and (ids or "held_by" not in connection):
                yield f"{connection['pk']} is still {status}"
            elif status == "ready" and (not ids <= made or not ids or not (connection.get("databases") or nameless(connection))):
                yield f"{connection['pk']} is ready without {ids or 'anything made'}"
            elif status in ("failed", "closed") and ids:
                yield f"{connection['pk']} {status} and still has {ids}"
        owned = {id_ for c in self.connections() if c["status"] == "ready" or "wait" in c for id_ in (c.get("made") or {}).values()}
        for each in self.endpoints(live=True):
            if "drawbridge:installation" in each["tags"] and each["id"] not in owned:
                yield f"{each['id']} lives and no ready connection has it"


def run_name(connection: Json) -> str:
    """The name of the run of a connection's present attempt."""
    return f"{connection['id']}-g{connection['generation']}-a{connection['attempt']}"


def nameless(connection: Json) -> bool:
    """Whether nothing of it has a name of its own."""
    return bool(connection["kind"] == "gateway-endpoint")


ENDED = ("deleting", "deleted", "delete_in_progress", "failed", "rejected", "create_failed")


def lifetime(made: Json) -> tuple[Instant, Instant]:
    """From when until when something could be used."""
    ended = [instant(stage["at"]) for stage in made["history"] if stage["state"].lower() in ENDED]
    return instant(made["created"]), min(ended, default=("9999", 0.0))


def instant(text: str) -> Instant:
    """An RFC 3339 instant in UTC that can be compared: fractions have as many digits as they need."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return seconds, float(f"0.{fraction or 0}")


def plain(item: Json) -> Json:
    """An item of DynamoDB's JSON as plain values."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Json) -> Any:
    ((kind, inner),) = value.items()
    if kind == "N":
        return int(inner)
    if kind == "L":
        return [_plain(each) for each in inner]
    if kind == "M":
        return plain(inner)
    return None if kind == "NULL" else inner


_without_backoff: set[tuple[str, str]] = set()


def without_backoff(cloud: LocalCloud) -> None:
    """Lets the sweep of this deployment try again at once (RETRY_BACKOFF_SECONDS, a minute by default)."""
    # Stacks of one name have functions of the same names, in whatever account.
    deployment = (cloud.endpoint, cloud.account)
    if deployment not in _without_backoff:
        environment(cloud, "intake", RETRY_BACKOFF_SECONDS="0")
        _without_backoff.add(deployment)


def environment(cloud: LocalCloud, function: str, **variables: str) -> None:
    """Changes variables of a deployed function, which then starts anew."""
    functions = cloud.client("lambda")
    name = cloud.function(function)
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": known | variables})
    wait_for(
        lambda: functions.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful",
        what=f"{function} is updated",
    )
