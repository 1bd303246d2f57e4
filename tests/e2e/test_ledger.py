"""The ledger's adapter and the CLI against a real engine: Rust tests that need one, which this cloud has."""

from __future__ import annotations

import os
import subprocess

from local import LocalCloud
from local.paths import ROOT


def test_the_adapter_and_the_cli_on_a_real_engine(cloud: LocalCloud) -> None:
    """Their tables are their own. The flags are the Makefile's: with others, cargo would build the SDK again."""
    command = ["cargo", "-Zprofile-hint-mostly-unused", "test", "--workspace", "--test", "engine", "--test", "story"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    # A backtrace through tokio is longer than what is shown of a failure.
    env |= {"RUSTC_BOOTSTRAP": "1", "RUST_BACKTRACE": "0", "LEDGER_TEST_ENDPOINT": cloud.endpoint}
    ran = subprocess.run([*command, "--", "--ignored"], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    passed = sum(int(line.split()[3]) for line in ran.stdout.splitlines() if line.startswith("test result: ok."))
    assert passed >= 9, ran.stdout
