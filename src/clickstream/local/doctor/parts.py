"""Checks the parts of the platform: supervisor, collector and owner, and the programs that use their ports.

Which process listens on a port is known on Linux only; elsewhere, only that some program does.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from clickstream.local.doctor.examination import Examination, PartFact
from clickstream.local.owner.client import fetch_status
from clickstream.local.owner.file import find_owner, read_owner
from clickstream.local.state_file import is_alive, read_state_file
from clickstream.local.up import UP_FILE, Ports, UpState
from clickstream.settings import Settings

PROC = Path("/proc")
_LISTENING = "0A"


class Listener(msgspec.Struct, frozen=True):
    """The program on a port. pid: None if it is unknown. is_healthy: its /health responds as our parts do."""

    pid: int | None
    command: str
    is_healthy: bool

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})" if self.pid else "another program"


def check_parts(found: Examination, settings: Settings, ports: Ports) -> None:
    """Add the three parts, and a problem for each that does not respond or whose port another program uses."""
    up = read_state_file(settings.data / UP_FILE, UpState)
    if up is not None and not is_alive(up.pid):
        up = None
    if up is not None:
        ports = Ports(_port(up.collector_url), _port(up.dashboard_url))
        found.parts.append(PartFact("supervisor", "running", up.pid, None, "clickstream up"))
    else:
        found.parts.append(PartFact("supervisor", "stopped"))
    _check_collector(found, ports.collector, up)
    _check_owner(found, settings, ports.dashboard, up)


def _check_collector(found: Examination, port: int, up: UpState | None) -> None:
    url, listener = f"http://127.0.0.1:{port}", listener_of(port)
    if listener is None:
        found.parts.append(PartFact("collector", "stopped"))
        if up is not None:
            why = f"no program listens on port {port}, although clickstream up (process {up.pid}) is running"
            found.add_problem(
                "the collector is not running", why, "it restarts automatically; see DATA/logs/collector.log"
            )
    elif listener.is_healthy and _is_collector(listener):
        is_ours = up is not None and listener.pid is not None and parent_of(listener.pid) == up.pid
        note = "" if is_ours else "not started by this clickstream up; it may use another raw store"
        found.parts.append(PartFact("collector", "healthy", listener.pid, url, note))
    elif _is_collector(listener) and listener.pid is not None:
        found.parts.append(PartFact("collector", "unhealthy", listener.pid, url))
        why = f"process {listener.pid} listens on port {port} and reports that it cannot store events"
        advice = "check the disk of the raw store; see DATA/logs/collector.log"
        found.add_problem("the collector rejects events", why, advice)
    else:
        found.parts.append(PartFact("collector", "stopped"))
        _add_port_problem(found, port, listener, "collector", "--collector-port")


def _check_owner(found: Examination, settings: Settings, port: int, up: UpState | None) -> None:
    owner = find_owner(settings)
    status = fetch_status(owner) if owner else None
    if owner and status is not None:
        passes = "reads only" if status.etl.get("reads_only") else f"{status.etl.get('passes', 0):,} passes"
        note = f"{passes}, {status.events:,} events"
        found.parts.append(PartFact("owner", "healthy", owner.pid, owner.url, note))
        _check_loader(found, status.etl)
        return
    found.parts.append(PartFact("owner", "silent" if owner else "stopped", owner.pid if owner else None))
    if owner:
        why = f"owner.json names process {owner.pid}, which does not respond at {owner.url}"
        advice = "see DATA/logs/owner.log; if that process is another program, remove DATA/owner.json"
        found.add_problem("the owner does not respond", why, advice)
    elif stale := read_owner(settings):
        why = f"process {stale.pid} no longer runs; it was killed, or the machine stopped"
        advice = "no data is lost; the next clickstream up replaces the file"
        found.add_problem("owner.json is stale", why, advice)
    elif up is not None:
        why = f"clickstream up (process {up.pid}) is running without it"
        found.add_problem("the owner is not running", why, "it restarts automatically; see DATA/logs/owner.log")
    if owner is None and (listener := listener_of(port)):
        _add_port_problem(found, port, listener, "owner", "--dashboard-port")


def _check_loader(found: Examination, etl: dict[str, Any]) -> None:
    if etl.get("trouble"):
        advice = "fix the cause; loading then resumes automatically; see DATA/logs/owner.log"
        found.add_problem("loading fails", f"{etl['trouble']} ({etl['failures']:,} times)", advice)


def _add_port_problem(found: Examination, port: int, listener: Listener, part: str, option: str) -> None:
    what = f"port {port} is in use by {listener}"
    found.add_problem(what, f"the {part} needs this port", f"stop that program, or run clickstream up {option} N")


def _is_collector(listener: Listener) -> bool:
    """Whether the program is a collector, by its command line; if that is unknown, by its response."""
    if listener.pid is None or listener.command == "?":
        return listener.is_healthy
    words = listener.command.split()
    return words[:1] == ["clickstream"] and "collect" in words


def _port(url: str) -> int:
    return urlsplit(url).port or 80


def listener_of(port: int) -> Listener | None:
    """Return the program that listens on loopback at `port`; None if no program does."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return None
    pid = _pid_of(port)
    return Listener(pid, _command(pid), _is_healthy(port))


def parent_of(pid: int) -> int | None:
    """Return the id of the process that started `pid`; None if unknown."""
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _is_healthy(port: int) -> bool:
    try:
        with urllib3.PoolManager(retries=False, timeout=2) as pool:
            response = pool.request("GET", f"http://127.0.0.1:{port}/health")
        return response.status == 200 and bool(json.loads(response.data) == {"status": "ok"})
    except (HTTPError, ValueError):
        return False


def _pid_of(port: int) -> int | None:
    inodes = {inode for table in ("tcp", "tcp6") for inode in _inodes(PROC / "net" / table, port)}
    if not inodes:
        return None
    for folder in PROC.glob("[0-9]*/fd"):
        if not inodes.isdisjoint(_open_files(folder)):
            return int(folder.parent.name)
    return None


def _open_files(folder: Path) -> Iterator[str]:
    """Yield the open files of a process; nothing if it belongs to another user or has ended."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - not a path, but a name such as socket:[123]


def _inodes(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _command(pid: int | None) -> str:
    """Return program and first arguments only: the rest of a command line may be private."""
    with suppress(OSError):
        words = (PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        ours = [index for index, word in enumerate(words) if Path(word).name == "clickstream"]
        if ours:
            return " ".join(["clickstream", *words[ours[0] + 1 :]]).strip()
        return " ".join([Path(words[0]).name, *words[1:3]]).strip()[:60]
    return "?"
