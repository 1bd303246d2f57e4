"""`sam deploy` onto the local cloud: the same command, template and binaries as on AWS."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import environment
from .paths import ROOT, SAM, SAM_CONFIG, TEMPLATE, built

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef]

PROFILE = "local"
HOOKS = Path(__file__).parent / "hooks"


class DeployFailed(RuntimeError):
    """`sam deploy` did not end well; the message is what it said."""


@dataclass(frozen=True)
class Profile:
    """What `samconfig.toml` says of the local deployment."""

    stack: str
    bucket: str
    region: str
    overrides: dict[str, str]

    @classmethod
    def read(cls) -> Profile:
        """From the profile `local`."""
        parameters = tomllib.loads(SAM_CONFIG.read_text())[PROFILE]["deploy"]["parameters"]
        overrides = dict(pair.split("=", 1) for pair in parameters["parameter_overrides"])
        return cls(parameters["stack_name"], parameters["s3_bucket"], parameters["region"], overrides)


def architecture() -> str:
    """This machine's architecture, in Lambda's words: local functions are native binaries."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


def deploy(
    endpoint: str,
    account: str,
    profile: Profile,
    log: Path,
    template: Path = TEMPLATE,
    overrides: Mapping[str, str] | None = None,
) -> None:
    """Packages and deploys; everything that SAM CLI says goes to `log`."""
    parameters = profile.overrides | {"Architecture": architecture()} | dict(overrides or {})
    argv = [
        str(built(SAM)),
        "deploy",
        "--template-file",
        str(built(template)),
        "--config-file",
        str(SAM_CONFIG),
        "--config-env",
        PROFILE,
        "--parameter-overrides",
        *(f"{name}={value!r}" for name, value in parameters.items()),
    ]
    env = environment.of_account(account, profile.region, endpoint) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "PYTHONPATH": str(HOOKS),
        "PATH": f"{SAM.parent}{os.pathsep}{os.environ['PATH']}",
    }
    with log.open("wb") as out:
        ended = subprocess.run(argv, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
    if ended.returncode != 0:
        raise DeployFailed(f"sam deploy failed ({ended.returncode}); {log}:\n{_end_of(log)}")


def outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The stack's outputs by name."""
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def resources(cloudformation: Any, stack: str) -> dict[str, tuple[str, str]]:
    """The stack's resources: logical id -> (type, physical id)."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        found["LogicalResourceId"]: (found["ResourceType"], found["PhysicalResourceId"])
        for page in pages
        for found in page["StackResourceSummaries"]
    }


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])
