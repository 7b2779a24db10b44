"""The order of system calls before a 2xx, observed with strace: SIGKILL cannot show whether anything was fsynced.

The check also runs on copies of the package without one of the fsyncs, where it must find the order broken.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import clickstream
from tests.ports import free_port

PACKAGE = Path(clickstream.__file__).parent
CALLS = "write,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2"
_CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_RENAMED = re.compile(r'"(?P<old>[^"]*)", (?:[^"]*)"(?P<new>[^"]*)"')
REQUESTS = 3


@dataclass
class Step:
    """One system call. A response counts when the call starts, all others when they have finished."""

    verb: str
    path: str
    target: str = ""


def traced(folder: Path, ack: str, source: Path | None = None) -> list[Step]:
    """Send single events to a collector under strace, one after another; return its system calls."""
    program = shutil.which("strace")
    if program is None:
        if os.environ.get("CI") == "true":
            raise AssertionError("strace is needed: apt-get install strace")
        pytest.skip("strace is not installed")
    port, log = free_port(), folder / "strace"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")}
    environment |= {"CLICKSTREAM_DATA": str(folder / "data"), "CLICKSTREAM_ACK": ack}
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    collect = [sys.executable, "-m", "clickstream", "collect", "--port", str(port)]
    process = subprocess.Popen(
        [program, "-f", "-y", "-yy", "-s", "40", "-e", f"trace={CALLS}", "-o", str(log), *collect], env=environment
    )
    try:
        send_one_by_one(port)
    finally:
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child[0]), signal.SIGKILL)
        process.wait(60)
    return list(steps_of(log.read_text(errors="replace").splitlines()))


def send_one_by_one(port: int) -> None:
    deadline = time.monotonic() + 120
    sent = 0
    while sent < REQUESTS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/clickstream", b'{"eventName":"x"}')
            assert connection.getresponse().status == 200
            sent += 1
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the collector did not start"
            time.sleep(0.1)
        finally:
            connection.close()


def steps_of(lines: list[str]) -> Iterator[Step]:
    begun: dict[str, str] = {}
    for line in lines:
        resumed = _RESUMED.match(line)
        if resumed:
            step = step_of(begun.pop(resumed["pid"], ""))
            if step is not None and step.verb != "respond":
                yield step
            continue
        step = step_of(line)
        if line.endswith("<unfinished ...>"):
            begun[line.split()[0]] = line
            if step is None or step.verb != "respond":
                continue
        if step is not None:
            yield step


def step_of(line: str) -> Step | None:
    call = _CALL.match(line)
    if call is None:
        return None
    if call["name"].startswith("rename"):
        renamed = _RENAMED.search(call["rest"])
        return Step("rename", renamed["old"], renamed["new"]) if renamed else None
    file = _FILE.match(call["rest"])
    if file is None:
        return None
    path = file["path"]
    if path.startswith(("TCP", "socket")):
        return Step("respond", path) if "HTTP/1.1 200" in call["rest"] else None
    if "fsync" in call["name"] or call["name"] == "fdatasync":
        return Step("fsync", path)
    return Step("write", path)


def before_each_response(steps: list[Step]) -> Iterator[list[Step]]:
    """Yield the system calls before each response, since the one before it."""
    done: list[Step] = []
    for step in steps:
        if step.verb == "respond":
            yield done
            done = []
        else:
            done.append(step)


def is_durable_object(done: list[Step]) -> bool:
    """Whether a file was written, fsynced and renamed into `events/`, and its folder fsynced after that."""
    for index, step in enumerate(done):
        if step.verb == "rename" and "/events/" in step.target:
            before, after = done[:index], done[index + 1 :]
            written = [at for at, other in enumerate(before) if (other.verb, other.path) == ("write", step.path)]
            synced = [at for at, other in enumerate(before) if (other.verb, other.path) == ("fsync", step.path)]
            folder = str(Path(step.target).parent)
            return bool(written) and bool(synced) and max(written) < max(synced) and Step("fsync", folder) in after
    return False


def is_durable_record(done: list[Step]) -> bool:
    """Whether a write-ahead file was written, and fsynced after that."""
    written = [at for at, step in enumerate(done) if step.verb == "write" and step.path.endswith(".wal")]
    synced = [at for at, step in enumerate(done) if step.verb == "fsync" and step.path.endswith(".wal")]
    return bool(written) and bool(synced) and max(written) < max(synced)


def test_response_comes_after_file_and_folder_are_synced(tmp_path: Path) -> None:
    found = list(before_each_response(traced(tmp_path, "store")))
    assert len(found) == REQUESTS
    assert all(map(is_durable_object, found)), found


def test_response_in_disk_mode_comes_after_write_ahead_file_and_folder_are_synced(tmp_path: Path) -> None:
    found = list(before_each_response(traced(tmp_path, "disk")))
    assert len(found) == REQUESTS
    assert all(map(is_durable_record, found)), found
    assert Step("fsync", str(tmp_path / "data" / "spool")) in found[0], "the name of a new file is durable too"


WITHOUT_FSYNC = [
    pytest.param("store", "durable.py", "def write_synced", id="of the object"),
    pytest.param("store", "durable.py", "def sync", id="of the folder"),
    pytest.param("disk", "collect/spool.py", "def append", id="of the spool"),
]


@pytest.mark.parametrize(("ack", "module", "function"), WITHOUT_FSYNC)
def test_missing_fsync_is_detected(tmp_path: Path, ack: str, module: str, function: str) -> None:
    source = tmp_path / "source"
    shutil.copytree(PACKAGE, source / "clickstream", ignore=shutil.ignore_patterns("__pycache__"))
    path = source / "clickstream" / module
    head, found, tail = path.read_text().partition(function)
    assert found
    path.write_text(head + found + re.sub(r"os\.fsync\([^)]*\)", "pass", tail, count=1))
    is_durable = is_durable_object if ack == "store" else is_durable_record
    done = list(before_each_response(traced(tmp_path, ack, source)))
    assert len(done) == REQUESTS
    assert not any(map(is_durable, done))
