"""Child programs for the tests of the supervisor, and ways to inspect processes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from clickstream.local.part import Part

STEADY = "import time, signal; print('ready', flush=True); time.sleep(600)"
ORDERLY = """
import signal, sys, time
def stop(*_):
    open(sys.argv[1], "a").write("stopped ")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
open(sys.argv[1], "a").write("ready ")
time.sleep(600)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)
WATCHED = "from clickstream.local.lifeline import watch; import time; assert watch(); print('ready', flush=True); " + (
    "time.sleep(600)"
)


def child(name: str, program: str, *arguments: str, port: int | None = None) -> Part:
    return Part(name, (sys.executable, "-c", program, *arguments), port)


def is_alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def text_of(path: Path) -> str:
    """Read a file; return "" if it does not exist (a process that /proc listed may have ended)."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_text()
    return ""


def environment(**more: str) -> dict[str, str]:
    """The environment of this process without CLICKSTREAM_* settings, plus `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")} | more
