"""A part of the platform: a child process and its log.

In: what to run. Out: a process in its own session, on the supervisor's lifeline, whose output goes line by line
to DATA/logs/<part>.log. Lines that begin with error, warning, critical or notice are also reported to the user.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clickstream.local.lifeline import VARIABLE

LOG_BYTES = 5_000_000
LAST_LINES = 5

Report = Callable[[str], None]
"""Takes one line for the user."""
_NOTICE = "notice: "
_IMPORTANT = ("error", "warning", "critical", _NOTICE)


@dataclass(frozen=True, slots=True)
class Part:
    """What to run. port: the loopback port that it listens on, if any. is_optional: the platform runs without it."""

    name: str
    argv: tuple[str, ...]
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    is_optional: bool = False


class PartLog:
    """The log of a part, over all its restarts. At LOG_BYTES it becomes <part>.log.1 and a new file begins."""

    def __init__(self, name: str, folder: Path, report: Report) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._report = report
        self._reported = ""
        self.path = folder / f"{name}.log"
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def write(self, line: str) -> None:
        with suppress(OSError):  # if a full disk stopped the reader, the part would block on its own output
            if self.path.exists() and self.path.stat().st_size >= LOG_BYTES:
                self.path.replace(self.path.with_suffix(".log.1"))
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        self.last_lines.append(line)
        if line.lower().startswith(_IMPORTANT) and line != self._reported:
            self._reported = line  # a failing part repeats itself: the terminal gets it once, the log every time
            self._report(f"{self._name}: {line.removeprefix(_NOTICE)}")


class PartProcess:
    """One run of a part."""

    def __init__(self, part: Part, lifeline: int, log: PartLog) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # argv is ours
            part.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **part.environment, VARIABLE: str(lifeline), "PYTHONUNBUFFERED": "1"},
            pass_fds=(lifeline,),
            start_new_session=True,  # Ctrl-C reaches only the supervisor, which then stops its parts in order
        )
        self._reader = threading.Thread(target=self._copy, args=(log,), name=f"log-{part.name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code; None while it runs, minus the signal number if a signal ended it."""
        code = self._process.poll()
        if code is not None:
            self.kill()  # processes that it left in its session
            self._reader.join(1)
        return code

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self) -> None:
        self._process.wait()
        self._reader.join(1)

    def _copy(self, log: PartLog) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                log.write(line.rstrip("\n"))
