"""Lambda's runtime API on loopback: hands one event to one process, and reads the process's clock when it asks for work
and when it is done."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "/2018-06-01/runtime"


@dataclass
class Reading:
    """What one cold start cost."""

    ready_cpu_ms: float = 0.0
    """CPU from exec to the first request for work."""
    done_cpu_ms: float = 0.0
    """CPU from exec to the answer to the first event."""
    peak_mib: float = 0.0
    """Peak resident memory by then."""
    error: str | None = None
    """The name of the fault, if the answer was one."""
    answer: Any = None


class Server(http.server.ThreadingHTTPServer):
    """One whose clients are killed when they have been measured, which is no error of theirs."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tells of everything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class RuntimeApi:
    """Serves one process one event."""

    def __init__(self, event: Any) -> None:
        self.reading = Reading()
        self.done = threading.Event()
        self._pid = 0
        self._started = threading.Event()
        self._handed_out = False
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if api._handed_out:
                    # The process asks for a second event: there is none, and it is about to be ended.
                    threading.Event().wait(30)
                    return
                # A small process asks before its starter knows its id.
                api._started.wait(10)
                api.reading.ready_cpu_ms = cpu_ms(api._pid)
                api._handed_out = True
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111122223333:function:bench")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                api.reading.done_cpu_ms = cpu_ms(api._pid)
                api.reading.peak_mib = peak_mib(api._pid)
                said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
                if self.path.endswith("/error"):
                    api.reading.error = said.get("errorType", "?")
                api.reading.answer = said
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                api.done.set()

            def log_message(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def started(self, pid: int) -> None:
        """Whose clock it is."""
        self._pid = pid
        self._started.set()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()


def cpu_ms(pid: int) -> float:
    """CPU that the process has had, ended threads included, in milliseconds. Its own clock counts nanoseconds and is right
    while the process runs, too; /proc's figures lag by up to a tick then."""
    clock = (~pid << 3) | 2  # clock_getcpuclockid(3), which Python does not have: CPUCLOCK_SCHED of a process
    return time.clock_gettime_ns(clock) / 1e6


def peak_mib(pid: int) -> float:
    """Peak resident memory of the process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
