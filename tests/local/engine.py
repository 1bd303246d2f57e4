"""Starts ministack, with what Drawbridge's tests need and ministack 1.5.33 lacks.

Run as `python -m local.engine` with ministack's own variables and two more: when the process `DRAWBRIDGE_OWNER` is gone
(killed, so that it could not clean up), the engine ends itself and the process group `DRAWBRIDGE_COMPANION`.

What is added:
- StopExecution ends a run that waits between two attempts of a task, as on AWS. ministack marks it ABORTED and goes on.
- A run's history shows the input of each task (`taskScheduledEventDetails.parameters`), as on AWS.
- A stream goes on at the first record of a batch that its function reports as failed (`ReportBatchItemFailures`), as on AWS.
  ministack takes any answer for success of the whole batch.
- A run that waits on a task token is ended by StopExecution, and its token is worth nothing then, as on AWS.
- `GET /_drawbridge/busy` counts what is under way, so that a test can tell rest from a pause; a run that waits on a task
  token, whose function is done, rests. `GET /_drawbridge/waiting` lists those.
- `GET /_drawbridge/stalls` lists when no request was answered, and for how long: on a machine that is shared, calls were late
  that nothing was wrong with.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.services import dynamodb, lambda_svc, stepfunctions

POLL_SECONDS = 0.05
BUSY = "/_drawbridge/busy"
WAITING = "/_drawbridge/waiting"
STALLS = "/_drawbridge/stalls"
STALL_SECONDS = 1.0

Reply = tuple[int, dict[str, str], bytes]

_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("execution", default=None)
_runs: set[str] = set()
_tokens: dict[str, dict[str, Any]] = {}
_given_again: Counter[str] = Counter()
_stalls: list[str] = []
_ministacks_wait = stepfunctions._invoke_with_callback


class Stopped(SystemExit):
    """Ends the thread of a run that was stopped; neither ministack's handlers nor a Catch see it."""


def _sleep(seconds: float) -> None:
    execution = _execution.get()
    until = time.monotonic() + seconds * stepfunctions._SFN_WAIT_SCALE
    while True:
        if execution is not None and execution["status"] != "RUNNING":
            raise Stopped
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, POLL_SECONDS))


def _run_known(run: Callable[[str], None]) -> Callable[[str], None]:
    def run_execution(arn: str) -> None:
        _execution.set(stepfunctions._executions.get(arn))
        _runs.add(arn)
        try:
            run(arn)
        finally:
            _runs.discard(arn)

    return run_execution


def _invoke_shown(invoke: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def invoke_resource(resource: str, arguments: Any) -> Any:
        _show(_execution.get(), resource, arguments)
        return invoke(resource, arguments)

    return invoke_resource


def _show(execution: dict[str, Any] | None, resource: str, arguments: Any) -> None:
    for event in reversed(execution["events"] if execution else []):
        details = event.get("taskScheduledEventDetails")
        if details and details["resource"] == resource and "parameters" not in details:
            details["parameters"] = json.dumps(arguments)
            break


def _wait_on_token(resource: str, arguments: Any, token: str, state: dict[str, Any]) -> Any:
    """`lambda:invoke.waitForTaskToken`. As in ministack an error of the function is swallowed; as on AWS the token ends with
    its run."""
    execution = _execution.get()
    if execution is None or "states:::lambda:invoke" not in resource:
        return _ministacks_wait(resource, arguments, token, state)
    _show(execution, resource, arguments)
    known: dict[str, Any] = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[token] = known
    arn = execution["executionArn"]
    try:
        function = stepfunctions._resolve_lambda_function_ref(arguments["FunctionName"], optimized=True)
        with contextlib.suppress(stepfunctions._ExecutionError):
            stepfunctions._call_lambda(function, arguments["Payload"])
        _tokens[arn] = known
        until = time.monotonic() + state.get("TimeoutSeconds", 99999)
        while not known["event"].wait(POLL_SECONDS):
            if execution["status"] != "RUNNING":
                raise Stopped
            if time.monotonic() > until:
                raise stepfunctions._ExecutionError("States.Timeout", "the wait on a task token is over")
    finally:
        _tokens.pop(arn, None)
        stepfunctions._task_tokens.pop(token, None)
    if error := known["error"]:
        raise stepfunctions._ExecutionError(error["Error"], error["Cause"])
    return json.loads(known["result"])


# Of a record that is reported as failed, again and again.
MOST_RETRIES = 5


def _reporting(execute: Callable[[Any, Any], dict[str, Any]]) -> Callable[[Any, Any], dict[str, Any]]:
    """A stream's function that reports failures in a batch is given the batch again, from the first of them on."""

    def execute_function(func: Any, event: Any) -> dict[str, Any]:
        result = execute(func, event)
        records = event.get("Records") if isinstance(event, dict) else None
        body = result.get("body")
        failures = body.get("batchItemFailures") if isinstance(body, dict) and not result.get("error") else None
        if not failures or not records or "dynamodb" not in records[0]:
            return result
        first, stream = failures[0]["itemIdentifier"], records[0]["eventSourceARN"]
        name = func["config"]["FunctionName"]
        _given_again[f"{name} {first}"] += 1
        for key, position in list(lambda_svc._dynamodb_stream_positions._data.items()):
            account, region, mapping = key
            known = lambda_svc._esms.get_scoped(account, region, mapping)
            if known and known["EventSourceArn"] == stream and name in known["FunctionArn"].split(":"):
                left = dynamodb.stream_records_since(
                    stream.split("/")[1], position, len(records) * 100, account_id=account, region=region
                )
                done = next((at for at, record in enumerate(left) if record["dynamodb"]["SequenceNumber"] == first), 0)
                # A record that stays undecodable would hold the stream up for ever: AWS passes it over, into a queue,
                # after as many retries as the template says. Here one takes a second, so fewer have to do.
                done += _given_again[f"{name} {first}"] > min(known.get("MaximumRetryAttempts", MOST_RETRIES), MOST_RETRIES)
                lambda_svc._dynamodb_stream_positions._data[key] = position + done
        return result | {
            "error": True,
            "body": {"errorType": "BatchItemFailures", "errorMessage": json.dumps(failures)},
        }

    return execute_function


def _with_busy(
    handle: Callable[[str, str, Any], Awaitable[Reply | None]],
) -> Callable[[str, str, Any], Awaitable[Reply | None]]:
    async def handle_admin(path: str, method: str, query: Any) -> Reply | None:
        if path == BUSY:
            return 200, {"Content-Type": "application/json"}, json.dumps(_busy()).encode()
        if path == WAITING:
            return 200, {"Content-Type": "application/json"}, json.dumps(sorted(_waiting())).encode()
        if path == STALLS:
            return 200, {"Content-Type": "application/json"}, json.dumps(_stalls).encode()
        return await handle(path, method, query)

    return handle_admin


def _watch(port: int) -> None:
    """Asks this process for a sign of life every second, for as long as it lives."""
    while True:
        time.sleep(1)
        began, at = time.monotonic(), time.strftime("%H:%M:%S", time.gmtime())
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{BUSY}") as answer:
            answer.read()
            if (took := time.monotonic() - began) > STALL_SECONDS:
                _stalls.append(f"{at}Z: no request was answered for {took:.1f} s")


def _busy() -> dict[str, int]:
    return {"runs": len(_runs - _waiting()), "invocations": lambda_svc._inflight_total, "records": _unread()}


def _waiting() -> set[str]:
    """The runs that wait on a task token which nobody has used yet."""
    return {arn for arn, known in list(_tokens.items()) if not known["event"].is_set()}


def _unread() -> int:
    """Stream records that no function has been given yet."""
    unread = 0
    for (account, region, mapping), position in list(lambda_svc._dynamodb_stream_positions._data.items()):
        known = lambda_svc._esms.get_scoped(account, region, mapping)
        if known and known.get("Enabled", True):
            table = known["EventSourceArn"].split("/")[1]
            unread += max(0, dynamodb.stream_end_position(table, account_id=account, region=region) - position)
    return unread


def _end_with(owner: int, companion: int) -> None:
    while True:
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(companion, signal.SIGKILL)
            os.killpg(os.getpgrp(), signal.SIGKILL)
        time.sleep(0.5)


def _extend() -> None:
    stepfunctions._scaled_sleep = _sleep
    stepfunctions._run_execution = _run_known(stepfunctions._run_execution)
    stepfunctions._invoke_resource = _invoke_shown(stepfunctions._invoke_resource)
    stepfunctions._invoke_with_callback = _wait_on_token
    lambda_svc._execute_function = _reporting(lambda_svc._execute_function)
    app._handle_admin_reset = _with_busy(app._handle_admin_reset)


if __name__ == "__main__":
    _extend()
    owner, companion = os.environ.pop("DRAWBRIDGE_OWNER", ""), os.environ.pop("DRAWBRIDGE_COMPANION", "0")
    if owner:
        threading.Thread(target=_end_with, args=(int(owner), int(companion)), daemon=True).start()
    threading.Thread(target=_watch, args=(int(os.environ["GATEWAY_PORT"]),), daemon=True).start()
    app.main()
