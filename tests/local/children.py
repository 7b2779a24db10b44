"""Child programs of the supervisor's tests, and ways to look at processes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from clickstream.local.part import Part

STEADY = "import time, signal; print('here', flush=True); time.sleep(600)"
POLITE = """
import signal, sys, time
def bye(*_):
    open(sys.argv[1], "a").write("bye ")
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
open(sys.argv[1], "a").write("here ")
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"
WATCHED = "from clickstream.local.lifeline import watch; import time; assert watch(); print('here', flush=True); " + (
    "time.sleep(600)"
)


def child(name: str, program: str, *arguments: str, port: int | None = None) -> Part:
    return Part(name, (sys.executable, "-c", program, *arguments), port)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie, which waits for its parent only, does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def text_of(path: Path) -> str:
    """What a file holds, "" when there is none (a process that /proc told of may be gone by now)."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_text()
    return ""


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of the user's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")} | more
