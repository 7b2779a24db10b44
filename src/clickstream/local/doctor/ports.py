"""Who listens on a port of this machine, as far as the system tells (Linux; elsewhere: that somebody does)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

PROC = Path("/proc")
_LISTENING = "0A"


class Listener(msgspec.Struct, frozen=True):
    """pid None: it belongs to another user, or the system does not say. is_healthy: answers /health as our parts do."""

    pid: int | None
    command: str
    is_healthy: bool

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})" if self.pid else "another program"


def listener_of(port: int) -> Listener | None:
    """Who listens on loopback at `port`; None when nobody does."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return None
    pid = _pid_of(port)
    return Listener(pid, _command(pid), _is_healthy(port))


def parent_of(pid: int) -> int | None:
    """The process that started `pid`, where the system says so."""
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
    """What the process has open; nothing of processes of other users, or that ended meanwhile."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - it is no path


def _inodes(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [f"socket:[{row[9]}]" for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _command(pid: int | None) -> str:
    """Program and first arguments, short: a command line may hold what is nobody's business."""
    with suppress(OSError):
        words = (PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        ours = [place for place, word in enumerate(words) if Path(word).name == "clickstream"]
        if ours:
            return " ".join(["clickstream", *words[ours[0] + 1 :]]).strip()
        return " ".join([Path(words[0]).name, *words[1:3]]).strip()[:60]
    return "?"
