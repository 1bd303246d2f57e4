"""Records what AWS (the local cloud) answers a function, and answers the same again as often as wanted: every cold start
that is measured, in Rust and in Python, gets the same answers at no cost of the cloud's own."""

from __future__ import annotations

import http.client
import http.server
import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlparse

import botocore.session

from .runtime_api import Server

LATTICE = (
    ("GET", r"/resourceconfigurations/?$", "list_resource_configurations"),
    ("GET", r"/resourceconfigurations/.+", "get_resource_configuration"),
    ("GET", r"/servicenetworks/.+", "get_service_network"),
    ("GET", r"/servicenetworkresourceassociations/?$", "list_service_network_resource_associations"),
    ("GET", r"/servicenetworkresourceassociations/.+", "get_service_network_resource_association"),
    ("GET", r"/tags/.+", "list_tags_for_resource"),
)
TARGETS = {"DynamoDB_20120810": "dynamodb", "AWSStepFunctions": "stepfunctions", "AWSEvents": "events", "AmazonSSM": "ssm"}
# Started runs would do the very work that is to be measured.
STARTED = json.dumps({"executionArn": "arn:aws:states:us-east-1:111122223333:execution:bench:bench", "startDate": 1.7e9})


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


_RAM = {
    name.lower(): _snake(name) for name in botocore.session.get_session().get_service_model("ram").operation_names
}


@dataclass(frozen=True)
class Call:
    """One call: the boto3 client, its method, and what was sent where that is boto3's own shape."""

    service: str
    method: str
    sent: Any


@dataclass
class Tape:
    """The calls of one function, in order, and the answers."""

    calls: list[Call] = field(default_factory=list)
    answers: dict[tuple[str, str], list[tuple[int, str, bytes]]] = field(default_factory=lambda: defaultdict(list))


class Replay:
    """A server that records through to `upstream`, or plays a tape."""

    def __init__(self, upstream: str) -> None:
        self.tape = Tape()
        self.recording = True
        self._at: dict[tuple[str, str], int] = defaultdict(int)
        self._lock = threading.Lock()
        upstream_address = urlparse(upstream).netloc
        replay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_call(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                call = which(self.command, self.path, dict(self.headers), body)
                status, kind, answer = (
                    replay.record(call, self.command, self.path, self.headers, body, upstream_address)
                    if replay.recording
                    else replay.play(call)
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = handle_one_call

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def record(
        self, call: Call, method: str, path: str, headers: Any, body: bytes, upstream: str
    ) -> tuple[int, str, bytes]:
        """Passes the call on and keeps the answer."""
        if call.method == "start_execution":
            answer = (200, "application/x-amz-json-1.0", STARTED.encode())
        else:
            connection = http.client.HTTPConnection(upstream, timeout=20)
            connection.request(method, path, body, {k: v for k, v in headers.items() if k.lower() != "connection"})
            got = connection.getresponse()
            answer = (got.status, got.getheader("Content-Type") or "", got.read())
            connection.close()
        with self._lock:
            self.tape.calls.append(call)
            self.tape.answers[call.service, call.method].append(answer)
        return answer

    def play(self, call: Call) -> tuple[int, str, bytes]:
        """The next answer to this operation."""
        with self._lock:
            answers = self.tape.answers[call.service, call.method]
            at = self._at[call.service, call.method]
            self._at[call.service, call.method] += 1
        return answers[min(at, len(answers) - 1)]

    def rewind(self, tape: Tape | None = None) -> None:
        """From the first answer again, perhaps of another tape."""
        self.tape = tape or self.tape
        self._at.clear()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()


def which(verb: str, path: str, headers: dict[str, str], body: bytes) -> Call:
    """Which operation a request is, over the four protocols."""
    headers = {name.lower(): value for name, value in headers.items()}
    if target := headers.get("x-amz-target"):
        service, operation = target.split(".")
        return Call(TARGETS[service], _snake(operation), json.loads(body))
    bare = urlparse(path).path
    if bare.strip("/") in _RAM:
        return Call("ram", _RAM[bare.strip("/")], json.loads(body or b"{}"))
    if bare == "/" and b"Action=" in body:
        return Call("ec2", _snake(parse_qs(body.decode())["Action"][0]), None)
    if bare == "/2013-04-01/hostedzonesbyvpc":
        asked = parse_qs(urlparse(path).query)
        return Call("route53", "list_hosted_zones_by_vpc", {"VPCId": asked["vpcid"][0], "VPCRegion": asked["vpcregion"][0]})
    for method, pattern, operation in LATTICE:
        if verb == method and re.match(pattern, bare):
            return Call("vpc-lattice", operation, None)
    raise ValueError(f"which operation is {verb} {path}?")
