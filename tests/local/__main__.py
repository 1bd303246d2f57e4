"""`python -m local up|down|demo|share|status`, run in tests/ by the Makefile."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from . import story, world
from .cloud import LocalCloud, Settings, sweep_up
from .environment import SECRET
from .paths import CLI, ROOT
from .show import Show

# Nobody waits for the sweep here, so the clock may run it, as on AWS.
UP = Settings(name="cloud", overrides={"SweepState": "ENABLED", "SubscriptionsState": "ENABLED"})
DEMO = Settings(name="demo")


def demo() -> int:
    """Plays the story and leaves nothing running; 0 only if every row of the final table is usable."""
    show = Show()
    cloud = LocalCloud(DEMO)
    try:
        _raise(cloud, show)
        outcome = story.play(cloud, show)
    except (story.Ended, RuntimeError, OSError, AssertionError) as error:
        show.failed(str(error))
        show.console.print(f"logs: {DEMO.home}")
        return 1
    finally:
        cloud.stop()
    story.report(outcome, show.console)
    for trouble in outcome.unusable:
        show.failed(trouble)
    return 1 if outcome.unusable else 0


def up() -> int:
    """Starts the cloud, deploys, and lets it run."""
    show = Show()
    cloud = LocalCloud.attach(UP)
    if cloud is None:
        cloud = LocalCloud(UP)
        try:
            _raise(cloud, show, owned=False)
            world.settle_consumer(cloud.standin, cloud.region)
        except BaseException:
            cloud.stop()
            raise
    else:
        show.step("it is up already")
    _say_next(cloud)
    return 0


def down() -> int:
    """Stops what `up` started."""
    print("stopped" if sweep_up(UP) else "nothing was running")
    return 0


def share() -> int:
    """Plays the provider: shares three databases and a metrics endpoint with the cloud's account."""
    cloud = _running()
    shared = world.share(cloud.standin, name=f"redis-{len(cloud.standin.state()['shares']) + 1}")
    print(json.dumps(shared, indent=1))
    return 0


def status() -> int:
    """Executions and ledger, in a few lines."""
    print(_running().explain())
    return 0


def _raise(cloud: LocalCloud, show: Show, owned: bool = True) -> None:
    with show.busy("starting ministack and the stand-in", "ministack and the stand-in answer"):
        cloud.start(owned)
    with show.busy("sam deploy", "infra/template.yaml is deployed"):
        cloud.deploy()


def _running() -> LocalCloud:
    cloud = LocalCloud.attach(UP)
    if cloud is None:
        raise SystemExit("no local cloud is up: run `make local`")
    return cloud


def _say_next(cloud: LocalCloud) -> None:
    python = f"{Path(os.path.relpath(sys.prefix, ROOT / 'tests')) / 'bin' / 'python'} -m local"
    print(
        f"""
The cloud runs in the background; logs are in {cloud.settings.home.relative_to(ROOT)}. Next, type:

  export AWS_ENDPOINT_URL={cloud.endpoint} AWS_REGION={cloud.region}
  export AWS_ENDPOINT_URL_{{EC2,RAM,VPC_LATTICE,ROUTE_53,SERVICE_QUOTAS}}={cloud.standin_endpoint}
  export AWS_ACCESS_KEY_ID={cloud.account} AWS_SECRET_ACCESS_KEY={SECRET} LEDGER_TABLE={cloud.table}
  {CLI.relative_to(ROOT)} subscribe {world.SUBSCRIPTION.relative_to(ROOT)}
  (cd tests && {python} share)      # account {world.PROVIDER} shares three databases and a metrics endpoint
  {CLI.relative_to(ROOT)} ls
  (cd tests && {python} status)     # executions and ledger
  make down
"""
    )


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def main() -> int:
    """Runs one command."""
    commands = {command.__name__: command for command in (demo, up, down, share, status)}
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=commands)
    asked = parser.parse_args().command
    signal.signal(signal.SIGTERM, _end)
    try:
        return commands[asked]()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
