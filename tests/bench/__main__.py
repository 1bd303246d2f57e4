"""`python -m bench` (from tests/): measures, holds the figures against the budgets, writes docs/benchmark.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

from local.cloud import LocalCloud, Settings
from local.paths import ROOT

from . import cold, kinds, latency

RESULT = ROOT / "docs" / "benchmark.md"
READY_OVER_EMPTY_MS = 5.0
PYTHON_AT_LEAST = 10.0
PEAK_MIB = 25.0
EVENT_TO_READY_SECONDS = 3.0


def main() -> int:
    """Measures everything; 1 if a budget is exceeded."""
    if not cold.built():
        sys.exit("the release binaries are missing: run `make bench`, which builds them")
    with LocalCloud(Settings(name="bench"), say=print) as cloud:
        took = latency.measure(cloud)
        each = kinds.measure(cloud, print)
        empty, functions = cold.measure(cloud, print)
    over = [
        f"{name}: {what}"
        for name, measured in functions.items()
        for what, exceeded in (
            ("ready", measured.rust.ready_cpu_ms - empty.ready_cpu_ms > READY_OVER_EMPTY_MS),
            ("python", measured.python.done_cpu_ms < PYTHON_AT_LEAST * measured.rust.done_cpu_ms),
            ("memory", measured.rust.peak_mib > PEAK_MIB),
        )
        if exceeded
    ]
    if took.median > EVENT_TO_READY_SECONDS:
        over.append(f"event to ready: {took.median:.2f} s")
    RESULT.write_text(_report(empty, functions, took, each, over))
    print(RESULT.read_text())
    return 1 if over else 0


def _report(
    empty: cold.Cost,
    functions: dict[str, cold.Compared],
    took: latency.Latency,
    each: dict[kinds.Kind, kinds.Cost],
    over: list[str],
) -> str:
    rows = "\n".join(
        f"| {name} | {m.rust.calls} | {m.rust.ready_cpu_ms:.1f} | {m.rust.ready_cpu_ms - empty.ready_cpu_ms:+.1f} "
        f"| {m.rust.done_cpu_ms:.1f} | {m.python.done_cpu_ms:.0f} | {m.python.done_cpu_ms / m.rust.done_cpu_ms:.0f}x "
        f"| {m.rust.peak_mib:.1f} | {m.python.peak_mib:.1f} |"
        for name, m in functions.items()
    )
    seconds = ", ".join(f"{s:.2f}" for s in sorted(took.seconds))
    calls = ", ".join(f"{service} {count}" for service, count in took.calls.items())
    by_kind = "\n".join(
        f"| {kind.name} | {kind.asked_for} | {cost.median:.2f} | {cost.transitions} | {cost.invocations} "
        f"| {sum(cost.calls.values())} | {cost.mutating} |"
        for kind, cost in each.items()
    )
    verdict = "All budgets are met." if not over else "Over budget: " + "; ".join(over) + "."
    return f"""# Benchmark

Written by `make bench` on {date.today().isoformat()}: {os.cpu_count()} cores ({_cpu()}), {platform.system()}. {verdict}

## Cold start

CPU from exec to the first request for work ("ready") and to the answer to the first event ("done"), and peak memory by then: medians of {cold.RUNS} starts, all in turn in one run. A runtime API stub on loopback hands out the event; AWS's answers were recorded from the local cloud and are played back, the same to Rust and to Python. The Rust binaries are native release builds (`opt-level = "z"`, fat LTO), compiled with the hint of docs/adr/0005, which the deployed ones are not. Python is a bare runtime loop with boto3 that makes the same calls, and decides, checks and logs nothing. The calls go over plain HTTP: no TLS handshake is in these figures, on either side.

| function | AWS calls | ready, ms CPU | beside empty | done, ms CPU | Python done | Python / Rust | peak MiB | Python MiB |
|---|---|---|---|---|---|---|---|---|
| empty lambda_runtime binary | 0 | {empty.ready_cpu_ms:.1f} | | {empty.done_cpu_ms:.1f} | | | {empty.peak_mib:.1f} | |
{rows}

Budgets: ready within {READY_OVER_EMPTY_MS:.0f} ms of the empty binary; Python at least {PYTHON_AT_LEAST:.0f} times Rust to done; under {PEAK_MIB:.0f} MiB.

## From the event to ready

What Drawbridge itself adds, with the stand-in answering at once, no poll needed and `SFN_WAIT_SCALE=1`, on the local cloud with debug builds: median {took.median:.2f} s (each run: {seconds} s). Budget: {EVENT_TO_READY_SECONDS:.0f} s.

One connection: {took.transitions} state transitions over both state machines, {took.invocations} invocations (intake and announce apart). AWS calls: {calls}.

## Each kind

The same for one connection of each kind, from the event (of a share) or from intake's call (of what a subscription alone asks for) to ready: medians of {kinds.RUNS} runs. Transitions, invocations and AWS calls are those of the connection: intake, announce, publish and adjust, which are woken by what changes, are apart, and so is the ledger among what is changed.

| kind | asked for by | seconds | transitions | invocations | AWS calls | of those, change something |
|---|---|---|---|---|---|---|
{by_kind}
"""


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return subprocess.run(["uname", "-m"], capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
