"""`clickstream up` under load while its parts are killed at random; the supervisor brings them back.

Ten SIGKILLs of the collector, ten of the owner, and ten of an `etl run` that took the warehouse while the
owner was dead. Afterwards: nothing acknowledged lost, nothing doubled, the ledger balanced, no process left.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.e2e.load import assert_exactly_once, under_load, wait_for_events
from tests.e2e.platform import Platform, kill

KILLS = 10
PARTS = ("collect", "dashboard")
PATIENCE_S = 60.0


def parts_of(pid: int) -> dict[str, int]:
    """Name of the command -> process id, of the children of a process."""
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
    """Processes that have this data folder in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"CLICKSTREAM_DATA={data}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_for_part(up: int, name: str, unlike: int) -> int:
    """The process id of the part's next life."""
    deadline = time.monotonic() + PATIENCE_S
    while (pid := parts_of(up).get(name, unlike)) == unlike:
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.05)
    return pid


def kill_part(platform: Platform, up: int, name: str) -> None:
    """SIGKILL a part. Of the owner also an `etl run`, which takes the warehouse in the gap, and is killed in it."""
    pid = wait_for_part(up, name, unlike=-1)  # it may lie between two lives: the warehouse was taken when it came
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    if name == "dashboard":
        loader = platform.start("etl", "run")
        time.sleep(platform_random.uniform(0.3, 1.5))
        kill(loader)
    wait_for_part(up, name, pid)


platform_random = Random(2026)


@pytest.mark.slow
def test_up_under_load_survives_thirty_kills(platform: Platform) -> None:
    ports = ("--collector-port", str(platform.collector_port), "--dashboard-port", str(platform.dashboard_port))
    process = platform.start("up", "--no-sample", *ports)
    urls = [f"{platform.collector_url}/health", f"http://127.0.0.1:{platform.dashboard_port}/health"]
    for url in urls:
        platform.wait_for(url, process)
    # The supervisor gives a part up that dies five times within ten seconds of its start: some lives are longer.
    plan = [name for _ in range(KILLS // 2) for name in PARTS for _ in range(2)]
    with under_load(platform, 4) as clients:
        for number, name in enumerate(plan):
            time.sleep(platform_random.uniform(0.2, 2.0) if number % 4 else 10.5)
            kill_part(platform, process.pid, name)
        for url in urls:
            platform.wait_for(url, process)
        wait_for_events(clients, 1_000)
    acknowledged = {name for client in clients for name in client.acknowledged}
    assert len(acknowledged) > 1000, "there was load"
    assert sum(client.repeated for client in clients) >= KILLS, "the kills were felt"
    assert_exactly_once(platform, acknowledged)
    assert platform.json("doctor", expect=None)["is_well"]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert b"Traceback" not in said
    assert processes_on(platform.data) == []
    assert_exactly_once(platform, acknowledged)
