"""`clickstream up` under load while its parts are killed at random; the supervisor restarts them.

Ten SIGKILLs of the collector, ten of the owner, and ten of an `etl run` that opened the warehouse before the owner was
back. Afterwards no acknowledged event is lost or loaded twice, the ledger balances, and no process is left.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.e2e.load import acknowledged, assert_exactly_once, lost, under_load, wait_for_load
from tests.e2e.platform import Platform, kill

KILLS = 10
PARTS = ("collect", "dashboard")
PATIENCE_S = 60.0
RANDOM = Random(2026)


def parts_of(pid: int) -> dict[str, int]:
    """Map the command to the process id, for the children of a process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parent = int((folder / "stat").read_text().rpartition(") ")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0") if parent == pid else []
            for name in PARTS:
                if name.encode() in words:
                    found[name] = int(folder.name)
    return found


def processes_on(data: Path) -> list[str]:
    """Return the command lines of processes that have this data directory in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"CLICKSTREAM_DATA={data}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_for_part(up: int, name: str, unlike: int) -> int:
    """Wait until the part runs with another process id; return that id."""
    deadline = time.monotonic() + PATIENCE_S
    while (pid := parts_of(up).get(name, unlike)) == unlike:
        assert time.monotonic() < deadline, f"{name} was not restarted"
        time.sleep(0.05)
    return pid


def kill_part(platform: Platform, up: int, name: str) -> None:
    """Kill a part. After the owner, also kill an `etl run` that opens the warehouse before the owner is back."""
    pid = wait_for_part(up, name, unlike=-1)  # it may be restarting: another process held the warehouse
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    if name == "dashboard":
        loader = platform.start("etl", "run")
        time.sleep(RANDOM.uniform(0.3, 1.5))
        kill(loader)
    wait_for_part(up, name, pid)


@pytest.mark.slow
def test_up_under_load_survives_thirty_kills(platform: Platform) -> None:
    ports = ("--collector-port", str(platform.collector_port), "--dashboard-port", str(platform.dashboard_port))
    process = platform.start("up", "--no-sample", "--no-shop", *ports)
    urls = [f"{platform.collector_url}/health", f"http://127.0.0.1:{platform.dashboard_port}/health"]
    for url in urls:
        platform.wait_for(url, process)
    # The supervisor gives up a part after five early exits in a row: let it run for more than ten seconds at times.
    plan = [name for _ in range(KILLS // 2) for name in PARTS for _ in range(2)]
    with under_load(platform, 4) as senders:
        for number, name in enumerate(plan):
            time.sleep(RANDOM.uniform(0.2, 2.0) if number % 4 else 10.5)
            kill_part(platform, process.pid, name)
        for url in urls:
            platform.wait_for(url, process)
        wait_for_load(senders, 200)
    assert lost(senders) >= KILLS, "the kills were felt"
    assert_exactly_once(platform, acknowledged(senders))
    assert platform.json("doctor", expect=None)["is_well"]
    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert b"Traceback" not in output
    assert processes_on(platform.data) == []
    assert_exactly_once(platform, acknowledged(senders))
