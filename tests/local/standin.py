"""The stand-in as a process, and its admin interface."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from . import environment
from .paths import STANDIN, built
from .process import Child
from .wait import wait_for

Json = dict[str, Any]


def start(port: int, upstream: str, event_source: str, home: Path) -> Child:
    """Starts the stand-in on `port`; what it does not serve itself it passes on to `upstream`."""
    argv = [
        str(built(STANDIN)),
        "--listen",
        f"127.0.0.1:{port}",
        "--upstream",
        upstream,
        "--event-source",
        event_source,
    ]
    return Child.start("standin", argv, environment.clean(), home / "standin.log")


class Standin:
    """A running stand-in, by its admin interface (all under /_standin/)."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            self._call("GET", "health")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def wait_until_healthy(self, child: Child, timeout: float = 20.0) -> None:
        """Waits for the first answer, and says what the log says when the process ended instead."""

        def look() -> bool:
            if not child.alive():
                raise RuntimeError(f"the stand-in ended while it started:\n{child.tail()}")
            return self.healthy()

        wait_for(look, timeout, "the stand-in answers", child.tail)

    def reset(self) -> None:
        """Forgets every account, share, endpoint, setting, fault and call."""
        self._call("POST", "reset")

    def seed(self, account: str, region: str = "us-east-1", **world: Any) -> None:
        """Adds or replaces by id: `vpcs`, `subnets`, `security_groups`, `service_networks`, `vpc_associations`,
        `endpoint_services`, `route_tables`, `prefix_lists`, `hosted_zones`."""
        self._call("POST", "seed", {"account": account, "region": region, **world})

    def share(self, owner: str, name: str, resources: list[Json], **more: Any) -> Json:
        """Shares `resources` (with `principals`, `invitation`, `event`); answers with every ARN that was made."""
        return dict(self._call("POST", "shares", {"owner": owner, "name": name, "resources": resources, **more}))

    def add_resources(self, share: str, resources: list[Json]) -> Json:
        """Adds to a share what its owner adds later."""
        return dict(self._call("POST", "shares/resources", {"share": share, "resources": resources}))

    def remove_resources(self, share: str, resources: list[str]) -> None:
        """Takes out of a share what its owner takes out, by ARN."""
        self._call("POST", "shares/resources/remove", {"share": share, "resources": resources})

    def add_to_network(self, network: str, resources: list[Json]) -> list[str]:
        """Puts into a service network what its owner puts into it; the ARNs of the resource configurations."""
        return list(self._call("POST", "networks/resources", {"network": network, "resources": resources})["resources"])

    def add_children(self, group: str, children: list[Json]) -> list[str]:
        """Adds to a GROUP what its owner adds later; the ARNs of the children."""
        return list(self._call("POST", "shares/children", {"group": group, "children": children})["children"])

    def remove_children(self, children: list[str]) -> None:
        """Deletes children of a GROUP, by ARN."""
        self._call("POST", "shares/children/remove", {"children": children})

    def invite(self, share: str, account: str, **more: Any) -> Json:
        """The owner shares again with an account, as it must after an invitation expired (`invitation`, `event`)."""
        return dict(self._call("POST", "shares/invite", {"share": share, "account": account, **more}))

    def revoke(self, share: str, account: str | None = None) -> None:
        """The owner stops sharing with an account, or with everybody."""
        self._call("POST", "shares/revoke", {"share": share} | ({"account": account} if account else {}))

    def tell(self, share: str, account: str, times: int = 1) -> None:
        """RAM's event about a share again, so many times."""
        self._call("POST", "shares/event", {"share": share, "account": account, "times": times})

    def set_endpoint(self, id_: str, state: str) -> None:
        """What happens to an endpoint outside Drawbridge."""
        self._call("POST", "endpoints", {"id": id_, "state": state})

    def accept_endpoint(self, id_: str) -> None:
        """The owner of an endpoint service accepts an Interface endpoint, a rejected one too."""
        self._call("POST", "endpoints/accept", {"id": id_})

    def reject_endpoint(self, id_: str) -> None:
        """The owner of an endpoint service rejects an Interface endpoint, an available one too."""
        self._call("POST", "endpoints/reject", {"id": id_})

    def detach_endpoint(self, id_: str) -> None:
        """The provider deletes the association of its resource with a Resource endpoint."""
        self._call("POST", "endpoints/detach", {"id": id_})

    def set_association(self, id_: str, status: str) -> None:
        """What happens to an association outside Drawbridge."""
        self._call("POST", "associations", {"id": id_, "state": status})

    def set_invitation(self, arn: str, status: str, **more: Any) -> None:
        """What happens to an invitation outside Drawbridge: EXPIRED, REJECTED or ACCEPTED; or how old it is by now (`age_minutes`)."""
        self._call("POST", "invitations", {"arn": arn, "status": status, **more})

    def set(self, **settings: Any) -> None:
        """Turns the knobs named: how long things take, how they end, which of AWS's spellings is used."""
        self._call("POST", "settings", settings)

    def fault(self, service: str, operation: str, kind: str, **more: Any) -> str:
        """Breaks a call to come (`caller`, `occurrence`, `count`, `code`, `message`, `status`, `hold_ms`); its id."""
        answer = self._call("POST", "faults", {"service": service, "operation": operation, "kind": kind, **more})
        return str(answer["id"])

    def faults(self) -> Any:
        """Every fault asked for, and how often it came."""
        return self._call("GET", "faults")

    def clear_faults(self) -> None:
        """Withdraws every fault."""
        self._call("DELETE", "faults")

    def calls(self, since: int = 0) -> list[Json]:
        """The calls that came after call number `since`, oldest first."""
        return list(self._call("GET", f"calls?since={since}")["calls"])

    def next_call(self) -> int:
        """The number to pass to `calls` for what comes from here on."""
        return int(self._call("GET", "calls?since=0")["next"])

    def state(self) -> Json:
        """Everything it holds, deleted things included."""
        return dict(self._call("GET", "state"))

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_standin/{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise ValueError(f"{method} /_standin/{path}: {error.code} {error.read().decode()}") from error
