"""The local cloud as one thing: start it, deploy, look into it, empty it, stop it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from . import deploy, environment, ministack, standin
from .counters import Mark, Spent, faults, invocations, logged, transitions
from .paths import CLI, LOCAL, TEMPLATE, built
from .process import Child, free_port
from .wait import wait_for

T = TypeVar("T")
Json = dict[str, Any]

# The rest of AWS is ministack's.
# What the stand-in answers, as boto3 calls it, with what the SDKs call it in the name of a variable.
SERVED_BY_STANDIN = {
    "ec2": "EC2",
    "ram": "RAM",
    "vpc-lattice": "VPC_LATTICE",
    "route53": "ROUTE_53",
    "service-quotas": "SERVICE_QUOTAS",
}
STATE_FILE = "cloud.json"
RESTING_LOOKS = 3

# What ministack says of an environment that it removed itself before the function's code ran.
TAKEN_DOWN = "bootstrap exited during init with code -1"
MOST_STARTS = 3
# ministack's ListExecutions fails now and then while a run begins: "dictionary changed size during iteration".
MOST_LOOKS = 4
# Of the engine's pauses, the last are told.
MOST_STALLS = 10


@dataclass(frozen=True)
class Settings:
    """How a local cloud is to be."""

    name: str = "cloud"
    """Its folder under .local/: two clouds of different names can run side by side."""
    account: str = "111122223333"
    """The account that Drawbridge is installed in."""
    wait_scale: float = 1.0
    """By how much waits and retry intervals of state machines are shortened; 1 is AWS's time."""
    template: Path = TEMPLATE
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Template parameters, on top of those in samconfig.toml."""

    @property
    def home(self) -> Path:
        """Logs, pids and scratch files."""
        return LOCAL / self.name


@dataclass(frozen=True)
class Execution:
    """One run of a state machine."""

    arn: str
    machine: str
    name: str
    status: str
    input: Any
    output: Any
    error: str | None
    cause: str | None


@dataclass(frozen=True)
class Answer:
    """What a function answered: `error` is the name of its fault, None when there was none."""

    payload: Any
    error: str | None


class LocalCloud:
    """ministack, the stand-in and the deployed stack.

    As a context manager it starts and deploys, and leaves nothing running. `attach` finds one that `make local` left.
    """

    def __init__(self, settings: Settings | None = None, say: Callable[[str], None] | None = None) -> None:
        self.settings = settings or Settings()
        self.profile = deploy.Profile.read()
        self.region = self.profile.region
        self.account = self.settings.account
        self._say = say or (lambda _: None)
        self._children: list[Child] = []
        self._clients: dict[tuple[str, str], Any] = {}
        self._forgotten: set[str] = set()
        self.endpoint = ""
        self.standin_endpoint = ""

    def __enter__(self) -> LocalCloud:
        try:
            self.start()
            self.deploy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @classmethod
    def attach(cls, settings: Settings | None = None) -> LocalCloud | None:
        """The cloud that runs under this name, if one does."""
        cloud = cls(settings)
        known = _read_state(cloud.settings.home)
        if known is None:
            return None
        cloud._children = [Child(**child) for child in known["children"]]
        cloud.endpoint, cloud.standin_endpoint = known["endpoint"], known["standin"]
        return cloud if all(child.alive() for child in cloud._children) else None

    def start(self, owned: bool = True) -> None:
        """Starts both processes and waits until they answer. Owned ones end with this process, whatever ends it."""
        home = self.settings.home
        sweep_up(self.settings)
        home.mkdir(parents=True, exist_ok=True)
        engine_port, standin_port = free_port(), free_port()
        self.endpoint = f"http://127.0.0.1:{engine_port}"
        self.standin_endpoint = f"http://127.0.0.1:{standin_port}"
        self._say("starting the stand-in (RAM, VPC Lattice, EC2) and ministack (everything else)")
        source = self.profile.overrides["EventSource"]
        stand = standin.start(standin_port, self.endpoint, source, home)
        self._children.append(stand)
        engine = ministack.start(
            engine_port,
            self.standin_endpoint,
            home,
            self.account,
            self.region,
            self.settings.wait_scale,
            companion=stand.pid,
            owned=owned,
        )
        self._children.append(engine)
        self._record()
        self.standin.wait_until_healthy(stand)
        self.engine.wait_until_healthy(engine)

    def deploy(self) -> None:
        """Deploys the template with SAM CLI."""
        self._say("deploying infra/template.yaml with sam deploy")
        self.client("s3").create_bucket(Bucket=self.profile.bucket)
        deploy.deploy(
            self.endpoint,
            self.account,
            self.profile,
            self.settings.home / "deploy.log",
            self.settings.template,
            self.settings.overrides,
        )

    def stop(self) -> None:
        """Stops what was started, in any state; doing it twice is fine."""
        while self._children:
            self._children.pop().stop()
        _forget(self.settings.home)

    # Who to ask

    @cached_property
    def standin(self) -> standin.Standin:
        """The stand-in's admin interface."""
        return standin.Standin(self.standin_endpoint)

    @cached_property
    def engine(self) -> ministack.Engine:
        """ministack's admin interface."""
        return ministack.Engine(self.endpoint)

    def client(self, service: str, account: str | None = None) -> Any:
        """A boto3 client of `account` (Drawbridge's own unless told otherwise)."""
        key = (service, account or self.account)
        if key not in self._clients:
            self._clients[key] = boto3.session.Session(key[1], environment.SECRET, region_name=self.region).client(
                service,
                endpoint_url=self.standin_endpoint if service in SERVED_BY_STANDIN else self.endpoint,
                config=Config(
                    retries={"total_max_attempts": MOST_LOOKS if service == "stepfunctions" else 1},
                    connect_timeout=5,
                    read_timeout=90,
                    max_pool_connections=64,
                    s3={"addressing_style": "path"},
                ),
            )
        return self._clients[key]

    # What was deployed

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return deploy.outputs(self.client("cloudformation"), self.profile.stack)

    @cached_property
    def _resources(self) -> dict[str, tuple[str, str]]:
        return deploy.resources(self.client("cloudformation"), self.profile.stack)

    def _physical(self, kind: str, name: str) -> str:
        type_, physical = self._resources.get(_logical(name), ("", ""))
        if type_ != kind:
            known = sorted(logical for logical, (type_, _) in self._resources.items() if type_ == kind)
            raise LookupError(f"{name}: the stack has no such {kind}, but {known}")
        return physical

    def machine(self, name: str) -> str:
        """The ARN of the state machine `name` (`onboard`, `connect`, `disconnect`)."""
        return self._physical("AWS::StepFunctions::StateMachine", name)

    def function(self, name: str) -> str:
        """The name that the function `name` (`intake`, `vet`, ...) has on the cloud."""
        return self._physical("AWS::Lambda::Function", name)

    @cached_property
    def machines(self) -> dict[str, str]:
        """ARN -> name of each deployed state machine."""
        return {self.machine(name): name for name in ("onboard", "connect", "disconnect")}

    @cached_property
    def functions(self) -> dict[str, str]:
        """Name on the cloud -> name in the house, of each deployed function."""
        kind = "AWS::Lambda::Function"
        return {physical: _house(logical) for logical, (type_, physical) in self._resources.items() if type_ == kind}

    @cached_property
    def log_groups(self) -> dict[str, str]:
        """Name in the house -> log group, of each deployed function."""
        look = self.client("lambda").get_function_configuration
        return {
            name: look(FunctionName=on_cloud)["LoggingConfig"]["LogGroup"] for on_cloud, name in self.functions.items()
        }

    @cached_property
    def table(self) -> str:
        """The name of the ledger's table."""
        return self._physical("AWS::DynamoDB::Table", "ledger")

    @cached_property
    def queues(self) -> dict[str, str]:
        """Logical id -> URL of each deployed queue."""
        return {
            logical: physical for logical, (type_, physical) in self._resources.items() if type_ == "AWS::SQS::Queue"
        }

    def definition(self, machine: str) -> Json:
        """The definition of a machine as it was deployed."""
        described = self.client("stepfunctions").describe_state_machine(stateMachineArn=self.machine(machine))
        return dict(json.loads(described["definition"]))

    # Making things happen

    def invoke(self, function: str, payload: Any) -> Answer:
        """Invokes a function and waits for its answer. Bytes are sent as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        for _ in range(MOST_STARTS):
            answered = self.client("lambda").invoke(FunctionName=self.function(function), Payload=body)
            said = json.loads(answered["Payload"].read() or b"null")
            # When one environment of a function dies, ministack takes down all, those that are only starting included.
            if not isinstance(said, dict) or said.get("errorMessage") != TAKEN_DOWN:
                break
        failed = "FunctionError" in answered
        return Answer(said, (said or {}).get("errorType", "?") if failed else None)

    def invoke_later(self, function: str, payload: Any) -> None:
        """Invokes a function asynchronously: with Lambda's own retries and dead letters."""
        self.client("lambda").invoke(
            FunctionName=self.function(function), Payload=json.dumps(payload).encode(), InvocationType="Event"
        )

    def sweep(self) -> Answer:
        """What the schedule does."""
        return self.invoke("intake", {"trigger": "sweep"})

    def emit(self, detail: Any, source: str | None = None, detail_type: str = "Resource Sharing State Change") -> None:
        """Puts an event on the default bus, by default one like RAM's."""
        entry = {
            "Source": source or self.profile.overrides["EventSource"],
            "DetailType": detail_type,
            "Detail": detail if isinstance(detail, str) else json.dumps(detail),
        }
        answered = self.client("events").put_events(Entries=[entry])
        if answered["FailedEntryCount"]:
            raise ValueError(f"the bus refused the event: {answered['Entries']}")

    def cli(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the real `drawbridge` against this cloud, with these environment variables besides."""
        env = environment.of_account(self.account, self.region, self.endpoint) | {
            "LEDGER_TABLE": self.table,
            "INSTALLATION": self.settings.overrides.get("Installation", "drawbridge"),
            **variables,
        }
        env |= {f"AWS_ENDPOINT_URL_{name}": self.standin_endpoint for name in SERVED_BY_STANDIN.values()}
        ran = subprocess.run([str(built(CLI)), *arguments], env=env, capture_output=True, text=True, check=False)
        if check and ran.returncode != 0:
            raise RuntimeError(
                f"drawbridge {' '.join(arguments)} ended with {ran.returncode}: {ran.stderr or ran.stdout}"
            )
        return ran

    # Looking

    def wait_for(self, look: Callable[[], T | None], timeout: float = 30.0, what: str = "the condition") -> T:
        """The first truthy answer of `look`; when none comes, an error that shows the state of the cloud."""
        return wait_for(look, timeout, what, self.explain)

    def executions(self, machine: str | None = None, status: str | None = None) -> list[Execution]:
        """The runs of one machine or of all since the last `reset`, oldest first, in one status or in any."""
        states = self.client("stepfunctions")
        found = [(name, states.describe_execution(executionArn=arn)) for name, arn in self._listed(machine, status)]
        return [_execution(name, known) for name, known in sorted(found, key=lambda pair: pair[1]["startDate"])]

    def _listed(self, machine: str | None, status: str | None) -> Iterator[tuple[str, str]]:
        wanted = {self.machine(machine): machine} if machine else self.machines
        asked = {"statusFilter": status} if status else {}
        for arn, name in wanted.items():
            pages = (
                self.client("stepfunctions")
                .get_paginator("list_executions")
                .paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 1000}, **asked)
            )
            for listed in (listed for page in pages for listed in page["executions"]):
                if listed["executionArn"] not in self._forgotten:
                    yield name, listed["executionArn"]

    def wait_for_end(self, timeout: float = 60.0) -> list[Execution]:
        """Waits until no run is left that has not ended, and none is started any more; then all of them."""
        self.wait_for_rest(timeout)
        return self.executions()

    def wait_for_rest(self, timeout: float = 60.0) -> None:
        """Waits until nothing is under way: no run but those that wait for somebody, no invocation, no change that announce
        has not seen."""
        looks = 0

        def rests() -> bool:
            nonlocal looks
            looks = 0 if any(self.engine.busy().values()) else looks + 1
            # What hands work on (the bus, an asynchronous invocation) is not counted while it does so.
            return looks >= RESTING_LOOKS

        self.wait_for(rests, timeout, "everything comes to rest")

    def history(self, arn: str) -> list[Json]:
        """The events of a run."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def task_inputs(self, arn: str) -> list[tuple[str, Any]]:
        """Every call that a run made of a function: (function, input), in order, retries included."""
        by_arn = {
            self.client("lambda").get_function_configuration(FunctionName=physical)["FunctionArn"]: name
            for physical, name in self.functions.items()
        }
        made = []
        for event in self.history(arn):
            details = event.get("taskScheduledEventDetails", {})
            if "parameters" not in details:
                continue
            given = json.loads(details["parameters"])
            if details["resource"].endswith(":lambda:invoke.waitForTaskToken"):
                made.append((by_arn[given["FunctionName"]], given["Payload"]))
            elif details["resource"] in by_arn:
                made.append((by_arn[details["resource"]], given))
        return made

    def items(self, prefix: str = "", audit: bool = False) -> list[Json]:
        """The ledger's items, plainly typed, whose key starts with `prefix`: `SHARE#`, `CONNECTION#`, `SUBSCRIPTION`."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        plain = [{name: _plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        kept = [i for i in plain if i["pk"].startswith(prefix) and (audit or not i["sk"].startswith("AUDIT#"))]
        return sorted(kept, key=lambda item: (item["pk"], item["sk"]))

    def connections(self) -> list[Json]:
        """The connections in the ledger."""
        return self.items("CONNECTION#")

    def shares(self) -> list[Json]:
        """The shares in the ledger."""
        return self.items("SHARE#")

    def explain(self) -> str:
        """Executions and ledger in a few lines, for whoever reads a failed test."""
        lines = [
            f"{e.machine} {e.name}: {e.status} {e.error or ''} {e.cause or ''}".rstrip() for e in self.executions()
        ]
        lines += [
            f"{i['pk']}: {i.get('status')} since {i.get('since')}: {i.get('why')}"
            for i in self.items()
            if "status" in i
        ]
        return "\n".join([*(lines or ["no execution, nothing in the ledger"]), *self.stalls()])

    def stalls(self) -> list[str]:
        """When the engine stood still, for whoever reads a failed test: what was late then is nobody's fault."""
        return [f"the engine at {stall}" for stall in self.engine.stalls()[-MOST_STALLS:]]

    # Counting

    def mark(self) -> Mark:
        """This moment, to pass to `spent`."""
        arns = frozenset(arn for _, arn in self._listed(None, None))
        return Mark(time.time(), self.standin.next_call(), arns)

    def spent(self, mark: Mark) -> Spent:
        """What was used since `mark`: transitions, invocations, AWS calls."""
        definitions = {name: self.definition(name) for name in self.machines.values()}
        runs = [execution for execution in self.executions() if execution.arn not in mark.executions]
        return Spent(
            {e.name: transitions(self.history(e.arn), definitions[e.machine]) for e in runs},
            invocations(self.client("logs"), self.log_groups, mark.at),
            self.standin.calls(mark.call),
        )

    def logged(self, mark: Mark, function: str) -> list[str]:
        """What a function logged since `mark`."""
        return logged(self.client("logs"), self.log_groups[function], mark.at)

    def faults(self, mark: Mark, function: str) -> list[str]:
        """The faults that a function counted since `mark`."""
        return faults(self.client("logs"), self.log_groups[function], mark.at)

    # Starting over

    def reset(self) -> None:
        """Makes it as it was after the deployment: no run, no record, no message, an empty stand-in."""
        states = self.client("stepfunctions")
        for _, arn in self._listed(None, "RUNNING"):
            states.stop_execution(executionArn=arn, error="Reset", cause="the test is over")
        self.engine.scale_waits(self.settings.wait_scale)
        # Before and after: what still runs writes to the ledger, and emptying it is announced.
        self.standin.clear_faults()
        self.wait_for_rest()
        self._empty_table()
        self.wait_for_rest()
        self._empty_parameters()
        self.standin.reset()
        for url in self.queues.values():
            self.client("sqs").purge_queue(QueueUrl=url)
        self._forgotten |= {arn for _, arn in self._listed(None, None)}

    def _empty_table(self) -> None:
        dynamodb = self.client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(TableName=self.table, ProjectionExpression="pk, sk")
        keys = [item for page in pages for item in page["Items"]]
        for start in range(0, len(keys), 25):
            batch = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + 25]]
            dynamodb.batch_write_item(RequestItems={self.table: batch})

    def _empty_parameters(self) -> None:
        ssm = self.client("ssm")
        pages = ssm.get_paginator("describe_parameters").paginate()
        for name in [parameter["Name"] for page in pages for parameter in page["Parameters"]]:
            ssm.delete_parameter(Name=name)

    @contextmanager
    def waits(self, scale: float) -> Iterator[None]:
        """Within it, state machines wait `scale` times as long as on AWS."""
        self.engine.scale_waits(scale)
        try:
            yield
        finally:
            self.engine.scale_waits(self.settings.wait_scale)

    def _record(self) -> None:
        children = [child.known() for child in self._children]
        state = {"endpoint": self.endpoint, "standin": self.standin_endpoint, "children": children}
        _state_path(self.settings.home).write_text(json.dumps(state, indent=1))


def _logical(name: str) -> str:
    """The id in the template of what is called so in the house: `endpoint-event` is `EndpointEvent`."""
    return "".join(part.capitalize() for part in name.split("-"))


def _house(logical: str) -> str:
    """The other way round."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", logical).lower()


def sweep_up(settings: Settings) -> bool:
    """Stops what an earlier cloud of this name left running; whether there was anything."""
    known = _read_state(settings.home)
    if known is None:
        return False
    left = [child for child in (Child(**child) for child in known["children"]) if child.alive()]
    for child in reversed(left):
        child.stop()
    _forget(settings.home)
    return bool(left)


def _forget(home: Path) -> None:
    """Removes everything but the logs: the engine's scratch folder holds each function unpacked, some 200 MB."""
    _state_path(home).unlink(missing_ok=True)
    shutil.rmtree(ministack.scratch(home), ignore_errors=True)


def _state_path(home: Path) -> Path:
    return home / STATE_FILE


def _read_state(home: Path) -> Json | None:
    try:
        return dict(json.loads(_state_path(home).read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _execution(machine: str, known: Json) -> Execution:
    return Execution(
        known["executionArn"],
        machine,
        known["name"],
        known["status"],
        json.loads(known.get("input") or "null"),
        json.loads(known.get("output") or "null"),
        known.get("error"),
        known.get("cause"),
    )


def _plain(value: Json) -> Any:
    ((kind, inner),) = value.items()
    if kind == "N":
        return float(inner) if any(c in inner for c in ".eE") else int(inner)
    if kind == "L":
        return [_plain(each) for each in inner]
    if kind == "M":
        return {name: _plain(each) for name, each in inner.items()}
    if kind == "NULL":
        return None
    return inner
