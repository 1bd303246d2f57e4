"""Cold starts: each function's first event, beside a binary that does nothing and beside the same calls in Python."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import environment, world
from local.cloud import LocalCloud
from local.paths import ROOT

from .replay import Call, Replay, Tape
from .runtime_api import Reading, RuntimeApi

Json = dict[str, Any]

RUNS = 11
RELEASE = ROOT / "target" / "release"
EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:bench:bench"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:bench"
TOPIC = "arn:aws:sns:us-east-1:111122223333:drawbridge-ConnectionNotifications"

_LISTED = f"security_groups: [{world.SECURITY_GROUP}]"
GUARDED = world.SUBSCRIPTION.read_text().replace(_LISTED, "security_groups: managed")
PUBLISHED = world.SUBSCRIPTION.read_text() + "outputs:\n  ssm: /bench\n"
_OTHER_GROUP = "sg-0b1b2c3d4e5f60718"
CHANGED = PUBLISHED.replace(_LISTED, f"security_groups: [{_OTHER_GROUP}]").replace("team: payments", "team: bench")
APPROVED = world.SUBSCRIPTION.read_text().replace("otherwise: hold", "otherwise: hold\napproval: always")


@dataclass(frozen=True)
class Cost:
    """Medians over the runs."""

    ready_cpu_ms: float
    done_cpu_ms: float
    peak_mib: float
    calls: int


@dataclass(frozen=True)
class Compared:
    """A function, and the same calls in Python."""

    rust: Cost
    python: Cost


def measure(cloud: LocalCloud, say: Callable[[str], None]) -> tuple[Cost, dict[str, Compared]]:
    """The empty binary's cost, and each function's."""
    replay = Replay(cloud.standin_endpoint)
    try:
        say("recording the answers that each function gets")
        jobs = _record(cloud, replay)
        replay.recording = False
        say(f"cold starts: {RUNS} of each, in turn")
        empty: list[Reading] = []
        rust: dict[str, list[Reading]] = {name: [] for name in jobs}
        python: dict[str, list[Reading]] = {name: [] for name in jobs}
        with tempfile.TemporaryDirectory() as scratch:
            for name, (_, tape) in jobs.items():
                (Path(scratch) / name).write_text(json.dumps([_as_boto3(call) for call in tape.calls]))
            # In turn, so that a slow minute of the machine falls on all alike.
            for _ in range(RUNS):
                empty.append(_start([str(RELEASE / "examples" / "empty")], {}, {}, replay.endpoint))
                for name, (event, tape) in jobs.items():
                    replay.rewind(tape)
                    rust[name].append(_start([str(RELEASE / name)], event, _settings(cloud, name), replay.endpoint))
                    replay.rewind(tape)
                    twin = [sys.executable, str(Path(__file__).with_name("twin.py")), str(Path(scratch) / name)]
                    python[name].append(_start(twin, event, {}, replay.endpoint))
    finally:
        replay.close()
    calls = {name: len(tape.calls) for name, (_, tape) in jobs.items()}
    return _cost(empty, 0), {
        name: Compared(_cost(rust[name], calls[name]), _cost(python[name], calls[name])) for name in jobs
    }


def _cost(readings: Sequence[Reading], calls: int) -> Cost:
    median = statistics.median
    return Cost(
        median(r.ready_cpu_ms for r in readings),
        median(r.done_cpu_ms for r in readings),
        median(r.peak_mib for r in readings),
        calls,
    )


def _settings(cloud: LocalCloud, function: str) -> dict[str, str]:
    return {
        "LEDGER_TABLE": cloud.table,
        "INSTALLATION": "drawbridge",
        "ONBOARD_MACHINE_ARN": MACHINE,
        "CONNECT_MACHINE_ARN": MACHINE,
        "DISCONNECT_MACHINE_ARN": MACHINE,
        "EVENT_BUS_NAME": "default",
        "SETTLE_SECONDS": "0",
        "NOTIFICATIONS_TOPIC_ARN": TOPIC,
        "OUTPUT_PREFIX": "/bench/",
        "AWS_SDK_UA_APP_ID": f"drawbridge-{function}",
    }


def _start(argv: Sequence[str], event: Any, settings: dict[str, str], endpoint: str) -> Reading:
    """One cold start."""
    api = RuntimeApi(event)
    env = environment.of_account(world.CONSUMER, "us-east-1", endpoint) | settings
    env |= {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
    }
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    api.started(process.pid)
    try:
        if not api.done.wait(30):
            raise RuntimeError(f"{argv[0]} did not answer its first event within 30 s")
    finally:
        process.kill()
        process.wait()
        api.close()
    return api.reading


def _record(cloud: LocalCloud, replay: Replay) -> dict[str, tuple[Any, Tape]]:
    """Walks one share from the invitation to a usable connection, and a second one into `close`, with nobody but the
    release binaries at work; keeps each function's event and tape."""
    jobs: dict[str, tuple[Any, Tape]] = {}

    def run(function: str, event: Any, keep: bool = True, allowed: str | None = None) -> Any:
        replay.rewind(Tape())
        reading = _start([str(RELEASE / function)], event, _settings(cloud, function), replay.endpoint)
        if reading.error not in (None, allowed):
            raise RuntimeError(f"{function} answered {reading.answer}")
        if keep:
            jobs[function] = (event, replay.tape)
        return reading.answer

    def walk(name: str, keep: bool, wanted: str | None = None) -> Json:
        share = world.share(cloud.standin, name, event=False)["share"]
        run("intake", {"trigger": "manual"}, keep)
        of_share = {"share": share, "attempt": 1, "execution": EXECUTION}
        run("vet", of_share, keep)
        start = run("accept", of_share | {"answer": "accept"}, keep)["connections"][0]
        of_connection = {"connection": start["connection"], "attempt": 1, "execution": EXECUTION}
        run("open", of_connection, keep, allowed=wanted)
        return of_connection

    def apply(text: str) -> None:
        file = cloud.settings.home / "bench.yaml"
        file.write_text(text)
        cloud.cli("subscribe", str(file))

    def begin(text: str = world.SUBSCRIPTION.read_text()) -> None:
        cloud.reset()
        world.settle_consumer(cloud.standin, cloud.region)
        cloud.standin.set(
            endpoint_pending_polls=0, association_pending_polls=0, accept_lag_polls=0, delete_pending_polls=0, empty_pages=False
        )
        apply(text)

    def changed(connection: str) -> Json:
        key = {"pk": {"S": f"CONNECTION#{connection}"}, "sk": {"S": "CONNECTION"}}
        image = cloud.client("dynamodb").get_item(TableName=cloud.table, Key=key)["Item"]
        record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "Keys": key, "NewImage": image}}
        return {"Records": [record]}

    begin()
    first = walk("redis-4217", keep=True)
    run("observe", first)
    run("endpoint-event", {"detail": first["connection"]})
    run("reconcile", {})
    run("announce", changed(first["connection"]))

    begin()
    second = walk("redis-4218", keep=False)
    fault = {"Error": "DeadlinePassed", "Cause": json.dumps({"errorType": "DeadlinePassed", "errorMessage": "bench"})}
    run("close", second | {"fault": fault}, allowed="NotReady")

    begin(GUARDED)
    third = walk("redis-4219", keep=False, wanted="GroupWanted")
    run("guard", third)

    begin(PUBLISHED)
    fourth = walk("redis-4221", keep=False)
    run("observe", fourth, keep=False)
    run("publish", changed(fourth["connection"]))
    rules = [{"from": 8070, "to": 19999, "cidr": "10.0.0.0/16"}]
    cloud.standin.seed(world.CONSUMER, security_groups=[{"id": _OTHER_GROUP, "vpc": world.VPC, "ingress": rules}])
    apply(CHANGED)
    if not run("adjust", {})["changed"]:
        raise RuntimeError("adjust changed nothing")

    begin(APPROVED)
    share = world.share(cloud.standin, "redis-4220", event=False)["share"]
    run("intake", {"trigger": "manual"}, keep=False)
    held = {"share": share, "attempt": 1, "execution": EXECUTION}
    run("vet", held, keep=False)
    run("hold", held | {"entered": "2026-01-01T00:00:00Z", "retry": 0, "token": "bench"})
    return jobs


# What replay can't hand on in boto3's shape. The answers are on tape, so only the shape counts.
_ARN = "arn:aws:vpc-lattice:us-east-1:444455556666:resourceconfiguration/rcfg-0a1b2c3d4e5f60718"
_FILTER = [{"Name": "vpc-id", "Values": [world.VPC]}]
_ARGUMENTS: dict[str, Json] = {
    "describe_vpcs": {"Filters": _FILTER},
    "describe_vpc_attribute": {"VpcId": world.VPC, "Attribute": "enableDnsSupport"},
    "describe_subnets": {"Filters": _FILTER},
    "describe_security_groups": {"Filters": _FILTER},
    "describe_vpc_endpoints": {"Filters": _FILTER},
    "describe_vpc_endpoint_associations": {"VpcEndpointIds": ["vpce-0a1b2c3d4e5f60718"]},
    "create_vpc_endpoint": {
        "VpcId": world.VPC,
        "VpcEndpointType": "Resource",
        "ResourceConfigurationArn": _ARN,
        "SubnetIds": ["subnet-0a1b2c3d4e5f60711"],
        "SecurityGroupIds": [world.SECURITY_GROUP],
        "ClientToken": "bench",
    },
    "modify_vpc_endpoint": {
        "VpcEndpointId": "vpce-0a1b2c3d4e5f60718",
        "AddSecurityGroupIds": [_OTHER_GROUP],
        "RemoveSecurityGroupIds": [world.SECURITY_GROUP],
    },
    "create_tags": {"Resources": ["vpce-0a1b2c3d4e5f60718"], "Tags": [{"Key": "team", "Value": "bench"}]},
    "create_security_group": {"GroupName": "bench", "Description": "bench", "VpcId": world.VPC},
    "authorize_security_group_ingress": {
        "GroupId": world.SECURITY_GROUP,
        "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 10000, "ToPort": 19999, "IpRanges": [{"CidrIp": "10.20.0.0/16"}]}
        ],
    },
    "delete_vpc_endpoints": {"VpcEndpointIds": ["vpce-0a1b2c3d4e5f60718"]},
    "get_resource_configuration": {"resourceConfigurationIdentifier": _ARN},
    "list_resource_configurations": {"resourceConfigurationGroupIdentifier": _ARN},
}


def _as_boto3(call: Call) -> tuple[str, str, Json]:
    if call.sent is not None:
        return call.service, call.method, call.sent
    return call.service, call.method, _ARGUMENTS[call.method]


def built() -> bool:
    """Whether the release binaries are there."""
    functions = [source.parent.parent.name for source in ROOT.glob("functions/*/src/main.rs")]
    return all(os.access(RELEASE / name, os.X_OK) for name in (*functions, "examples/empty"))
