"""Runs another program as a part of the platform: its output is ours, and it ends when this process ends.

In: a command line. Out: its exit code. SIGTERM and SIGINT to this process become `stop_signal` to the program, which
then ends in its orderly way. On Linux the kernel sends that signal too if this process is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clickstream.local.supervisor import stop_signals

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. environment: added to ours. user: the id to run as; None: ours. stop_signal: ends it in order."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM


def start(program: Program) -> subprocess.Popen[bytes]:
    """Start a program with our output."""
    return subprocess.Popen(  # noqa: S603 - our own programs
        program.argv,
        cwd=program.folder,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        user=program.user,
        group=program.user,
        extra_groups=None if program.user is None else [],
        preexec_fn=end_with_parent(program.stop_signal),  # noqa: PLW1509 - a single system call
    )


def run(program: Program) -> int:
    """Run a program until it ends; return its exit code. A signal to this process stops it (SystemExit).

    Call it on the main thread.
    """
    with stop_signals():
        process = start(program)
        try:
            return process.wait()
        except KeyboardInterrupt:
            with suppress(ProcessLookupError):
                process.send_signal(program.stop_signal)
            process.wait()
            raise SystemExit(0) from None


def end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what a new process calls so that the kernel sends it this signal when its parent ends (Linux)."""
    if _LIBC is None:
        return None
    libc = _LIBC

    def request() -> None:
        with suppress(OSError, AttributeError):
            libc.prctl(_PR_SET_PDEATHSIG, int(number))

    return request
