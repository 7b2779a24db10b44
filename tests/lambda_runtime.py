"""A local Lambda Runtime API, and the real runtime client (`awslambdaric`) that runs a handler against it.

In: events. Out: the result of the handler, or the error as Lambda would record it. The client is a separate process
with a clean environment; it starts once and is warm for the second event. Each invocation has a deadline; a client
that has not responded by then is killed, as in Lambda.
Without `contents`, the function is that of this checkout. With it, the function sees only that folder, the standard
library, and what the runtime of AWS holds: the client and boto3.
"""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from uuid import uuid4

NEXT = "/2018-06-01/runtime/invocation/next"
COLD_START_S = 120
RUNTIME_PACKAGES = ("awslambdaric", "boto3")


@dataclass
class Outcome:
    """The end of an invocation: `result`, or `error` with errorType, errorMessage and stackTrace."""

    result: Any = None
    error: dict[str, Any] | None = None


@dataclass
class _Invocation:
    event: Any
    deadline_ms: int
    number: str = field(default_factory=lambda: str(uuid4()))
    outcome: queue.Queue[Outcome] = field(default_factory=queue.Queue)


class LambdaRuntime:
    """A function that waits for events. Call `invoke` from one thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes], api: _Api, log: Path) -> None:
        self.process = process
        self._api = api
        self._log = log

    def invoke(self, event: Any, timeout_s: float = 60) -> Outcome:
        """Invoke the function with an event and return the outcome. Raises TimeoutError if it takes too long."""
        invocation = _Invocation(event, int((time.time() + timeout_s) * 1000))
        self._api.waiting.put(invocation)
        try:
            return invocation.outcome.get(timeout=timeout_s + COLD_START_S)
        except queue.Empty:
            self.process.kill()
            raise TimeoutError(f"no response within {timeout_s} s:\n{self.log()}") from None

    def log(self) -> str:
        """Return the log of the function so far."""
        return self._log.read_text(errors="replace")


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.waiting: queue.Queue[_Invocation | None] = queue.Queue()
        self.running: dict[str, _Invocation] = {}
        self.start_error: dict[str, Any] | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report nothing if the client was killed while it waited: that is how each run ends."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Api
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per response: otherwise each waits 40 ms for an acknowledgement

    def do_GET(self) -> None:
        invocation = self.server.waiting.get() if self.path == NEXT else None
        if invocation is None:
            self.close_connection = True
            return
        self.server.running[invocation.number] = invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.number,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:etl",
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
            "Content-Type": "application/json",
        }
        self._send(200, headers, json.dumps(invocation.event).encode())

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"null")
        *_, number, verb = self.path.split("/")
        if (number, verb) == ("init", "error"):
            self.server.start_error = body
        elif verb == "response":
            self.server.running.pop(number).outcome.put(Outcome(result=body))
        else:
            self.server.running.pop(number).outcome.put(Outcome(error=body))
        self._send(202, {}, b"")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def running_function(
    handler: str, environment: Mapping[str, str], folder: Path, contents: Path | None = None
) -> Iterator[LambdaRuntime]:
    """Run the function `handler` (module.name) with the real client and only this environment.

    folder: for its log and temporary files, and the client of the runtime. contents: what was uploaded.
    """
    api = _Api()
    thread = threading.Thread(target=api.serve_forever, daemon=True)
    thread.start()
    settings = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_address[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": "etl",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": str(contents or folder),
        "TMPDIR": str(folder),
        "_HANDLER": handler,
        **(_only(contents, folder / "runtime") if contents else {}),
        **environment,
    }
    alone = ["-P", "-S", "-s"] if contents else []  # without site-packages and the current folder
    log = folder / "function.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *alone, "-m", "awslambdaric", handler],
            env=settings,
            cwd=contents or folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield LambdaRuntime(process, api, log)
    finally:
        process.kill()
        process.wait()
        api.waiting.put(None)
        api.shutdown()
        api.server_close()
        thread.join()


def _only(contents: Path, runtime: Path) -> dict[str, str]:
    """Return variables with which Python finds only these modules and time zones, and writes nothing beside them."""
    link_packages(RUNTIME_PACKAGES, runtime)
    return {"PYTHONPATH": f"{contents}:{runtime}", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONTZPATH": ""}


def link_packages(names: Sequence[str], folder: Path) -> None:
    """Link installed distributions, and all that they need, into a folder."""
    folder.mkdir(exist_ok=True)
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        waiting += [re.split(r"[^\w.-]", each)[0] for each in found.requires or () if "extra ==" not in each]
        for top in {path.parts[0] for path in found.files or () if path.parts[0] != ".."}:
            if not (folder / top).exists() and top != "__pycache__":
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
