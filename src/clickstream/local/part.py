"""A part of the platform as a child process, and the log of what it says.

In: what to run. Out: a process in a session of its own, on the supervisor's lifeline, whose output goes
line by line into DATA/logs/<part>.log; lines that begin like an error or a warning are also said aloud.
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

Say = Callable[[str], None]
_IMPORTANT = ("error", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Part:
    """What to run. port: where it listens on loopback, None when it does not."""

    name: str
    argv: tuple[str, ...]
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class PartLog:
    """A part's log over all its lives. At LOG_BYTES it becomes <part>.log.1, and a new one begins."""

    def __init__(self, name: str, folder: Path, say: Say) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._say = say
        self._said = ""
        self.path = folder / f"{name}.log"
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def put(self, line: str) -> None:
        with suppress(OSError):  # a full disk must not stop the reading: the part would hang on its own output
            if self.path.exists() and self.path.stat().st_size >= LOG_BYTES:
                self.path.replace(self.path.with_suffix(".log.1"))
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        self.last_lines.append(line)
        if line.lower().startswith(_IMPORTANT) and line != self._said:
            self._said = line  # a part in trouble repeats itself: once is enough on the terminal, all is in the log
            self._say(f"{self._name}: {line}")


class PartProcess:
    """One life of a part."""

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
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends its parts in order
        )
        self._pump = threading.Thread(target=self._copy, args=(log,), name=f"log-{part.name}", daemon=True)
        self._pump.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        code = self._process.poll()
        if code is not None:
            self.kill()  # what it may have left behind in its session
            self._pump.join(1)
        return code

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self) -> None:
        self._process.wait()
        self._pump.join(1)

    def _copy(self, log: PartLog) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                log.put(line.rstrip("\n"))
