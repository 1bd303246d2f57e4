"""Several accounts of one local cloud, each with the same stack: what a test breaks in one is whole in the others.

A fault strikes calls by account, function, operation and occurrence, not by connection, so two broken runs of one account
cannot be told apart. In accounts of their own they go side by side.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from local import LocalCloud, wait_for
from story import Story

COUNT = 6
ACCOUNTS = [f"1111222200{at:02}" for at in range(1, COUNT + 1)]


def nothing(_: Story) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong in one account, and what must come of it."""

    name: str
    play: Callable[[Story], None]
    """Breaks something, lets the story run, and looks at what came of it."""
    mended: Callable[[Story], None] = nothing
    """Looks at what comes of it once nothing is broken any more."""


@dataclass
class Lanes:
    """The accounts."""

    clouds: list[LocalCloud]

    def run(self, cases: Iterable[Case], begin: Callable[[Story], None]) -> None:
        """Plays the cases, as many at a time as there are accounts; fails when all are over, naming each that failed.

        `begin` prepares each account once. An account in which a case failed is not used again.
        """
        waiting = deque(cases)
        assert waiting, "no cases: the table that they are generated from has changed"
        failures: dict[str, str] = {}

        def work(cloud: LocalCloud) -> None:
            try:
                empty(cloud)
                story = Story(cloud)
                begin(story)
                while case := _next(waiting):
                    if failed := _failure(case, story):
                        failures[case.name] = failed
                        return
            except BaseException as error:  # noqa: BLE001 - told at the end, beside the others
                failures[f"account {cloud.account}"] = _told(error)
            finally:
                stop(cloud)

        with ThreadPoolExecutor(len(self.clouds)) as pool:
            list(pool.map(work, self.clouds))
        left = f"\n{len(waiting)} more were not tried: no account was left" if waiting else ""
        assert not failures, "\n\n".join(f"--- {name}\n{why}" for name, why in failures.items()) + left


def _next(waiting: deque[Case]) -> Case | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _failure(case: Case, story: Story) -> str | None:
    try:
        case.play(story)
        story.mend()
        case.mended(story)
    except BaseException as error:  # noqa: BLE001 - told at the end, beside the others
        return f"{_told(error)}\n{story.explain()}"
    finally:
        story.mend()
    return None


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-4))


DEPLOYED_WITHIN = 300.0
"""Seconds: takes 3 on two idle cores, ten times that on busy ones; what is late for a test is not late for six stacks."""

_deployed: dict[str, Lanes | Exception] = {}


def lanes(cloud: LocalCloud) -> Lanes:
    """The accounts beside that of `cloud`; deployed when first asked for, like it and from the same packages."""
    if cloud.endpoint not in _deployed:
        try:
            packages = _packages(cloud)
            with ThreadPoolExecutor(2) as pool:
                _deployed[cloud.endpoint] = Lanes(list(pool.map(lambda account: _deploy(cloud, account, packages), ACCOUNTS)))
        except Exception as error:  # noqa: BLE001 - told to every test that asks, not only to the first
            _deployed[cloud.endpoint] = error
    made = _deployed[cloud.endpoint]
    if isinstance(made, Exception):
        raise RuntimeError(f"the other accounts were not deployed: {_told(made)}") from made
    return made


def _packages(cloud: LocalCloud) -> dict[str, bytes]:
    bucket, s3 = cloud.profile.bucket, cloud.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if not key.endswith(".template")}


def _deploy(cloud: LocalCloud, account: str, packages: dict[str, bytes]) -> LocalCloud:
    lane = LocalCloud(replace(cloud.settings, account=account))
    lane.endpoint, lane.standin_endpoint = cloud.endpoint, cloud.standin_endpoint
    stack, shared, bucket = cloud.profile.stack, cloud.profile.bucket, f"lane-{account}"
    own = lane.client("s3")
    own.create_bucket(Bucket=bucket)
    for key, body in packages.items():
        own.put_object(Bucket=bucket, Key=key, Body=body)
    there, here = lane.client("cloudformation"), cloud.client("cloudformation")
    parameters = here.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    template = here.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    # A template of more than 51,200 bytes comes from S3, as with sam deploy.
    own.put_object(Bucket=bucket, Key="stack.template", Body=template.replace(shared, bucket).encode())
    there.create_stack(
        StackName=stack,
        TemplateURL=f"{cloud.endpoint}/{bucket}/stack.template",
        Parameters=[{name: each[name] for name in ("ParameterKey", "ParameterValue")} for each in parameters],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    def made() -> bool:
        stood = there.describe_stacks(StackName=stack)["Stacks"][0]
        assert "FAILED" not in stood["StackStatus"] and "ROLLBACK" not in stood["StackStatus"], _events(there, stack)
        return bool(stood["StackStatus"] == "CREATE_COMPLETE")

    wait_for(made, DEPLOYED_WITHIN, f"the stack of {account} is made", lambda: _events(there, stack))
    return lane


def _events(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(
        f"{each['Timestamp']} {each['LogicalResourceId']} {each['ResourceStatus']} {each.get('ResourceStatusReason', '')}"
        for each in events
    )


def stop(lane: LocalCloud) -> None:
    """Ends every run of an account."""
    states = lane.client("stepfunctions")
    for arn in lane.machines:
        for run in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            states.stop_execution(executionArn=run["executionArn"], error="Reset", cause="the test is over")


def empty(lane: LocalCloud) -> None:
    """Empties an account's ledger; the stand-in was emptied for all accounts."""
    stop(lane)
    dynamodb = lane.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=lane.table, ProjectionExpression="pk, sk")
    for key in [item for page in pages for item in page["Items"]]:
        dynamodb.delete_item(TableName=lane.table, Key=key)
