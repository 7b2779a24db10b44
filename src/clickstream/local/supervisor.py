"""Keeps the parts of the platform running, and stops all of them when it ends.

In: parts to run. Guarantees: a part that exits is restarted, after increasing pauses; a part that keeps exiting
right after its start is given up, with the last lines of its log; if it is optional, the others keep running; no part
outlives the supervisor (local/lifeline.py).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from clickstream.collect.server import listen
from clickstream.errors import UnavailableError
from clickstream.local.part import Part, PartLog, PartProcess, Report

TICK_S = 0.1
ADVICE = "stop the program that listens there (ss -ltnp lists it); an earlier clickstream up ends with Ctrl-C"
USAGE_EXIT_CODE = 2  # invalid settings or options: a restart would not help


@dataclass(frozen=True, slots=True)
class RestartRule:
    """When to restart a part, and when to give it up.

    Pauses double from first_pause_s to longest_pause_s. An exit within steady_s of the start is an early exit;
    max_early_exits of them in a row, and the part is given up. stop_grace_s: between SIGTERM and SIGKILL.
    """

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    steady_s: float = 10.0
    max_early_exits: int = 5
    stop_grace_s: float = 15.0


class _SupervisedPart:
    """A part, its log, and its process while it runs. restart_at: not before (s, monotonic clock)."""

    def __init__(self, part: Part, log: PartLog) -> None:
        self.part = part
        self.log = log
        self.process: PartProcess | None = None
        self.started_at = 0.0
        self.restart_at = 0.0
        self.early_exits = 0
        self.is_abandoned = False


class Supervisor:
    """Runs `parts` until the context is left; `report` receives one line for the user per event."""

    def __init__(self, parts: Sequence[Part], logs: Path, report: Report, rule: RestartRule | None = None) -> None:
        self._report = report
        self._rule = rule or RestartRule()
        self._parts = [_SupervisedPart(part, PartLog(part.name, logs, report)) for part in parts]
        self._lifeline = -1
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.given_up: str | None = None
        """Why the supervisor gave up a part that is not optional; None as long as all of them run."""

    def __enter__(self) -> Supervisor:
        check_ports(supervised.part for supervised in self._parts)
        self._lifeline, self._write_end = os.pipe()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._watcher.join()
        self._stop_parts()
        os.close(self._write_end)
        os.close(self._lifeline)

    def wait(self) -> str:
        """Wait until a part is given up; return the reason."""
        while self.given_up is None:
            time.sleep(TICK_S)
        return self.given_up

    def pids(self) -> dict[str, int]:
        """Process ids of the running parts, by name."""
        return {
            supervised.part.name: supervised.process.pid for supervised in self._parts if supervised.process is not None
        }

    def _watch(self) -> None:
        while not self._stopping.is_set() and self.given_up is None:
            for supervised in self._parts:
                self._check(supervised)
            self._stopping.wait(TICK_S)

    def _check(self, supervised: _SupervisedPart) -> None:
        now = time.monotonic()
        if supervised.process is None:
            if now >= supervised.restart_at and not supervised.is_abandoned:
                self._start(supervised, now)
            return
        code = supervised.process.exit_code()
        if code is not None:
            supervised.process = None
            self._after_exit(supervised, code, now)

    def _start(self, supervised: _SupervisedPart, now: float) -> None:
        supervised.started_at = now
        try:
            supervised.process = PartProcess(supervised.part, self._lifeline, supervised.log)
        except OSError as error:
            self._give_up(supervised, f"cannot start the {supervised.part.name}: {error}")

    def _after_exit(self, supervised: _SupervisedPart, code: int, now: float) -> None:
        rule, name = self._rule, supervised.part.name
        is_early = now - supervised.started_at < rule.steady_s
        supervised.early_exits = supervised.early_exits + 1 if is_early else 0
        if code == USAGE_EXIT_CODE or supervised.early_exits >= rule.max_early_exits:
            times = f", {supervised.early_exits} times in a row" if supervised.early_exits > 1 else ""
            verb = "keeps exiting" if times else "exited"
            reason = f"the {name} {verb} ({_exit_text(code)}{times}); see {supervised.log.path}"
            self._give_up(supervised, "\n".join([reason, *supervised.log.last_lines]))
            return
        pause_s = min(rule.longest_pause_s, rule.first_pause_s * 2 ** max(0, supervised.early_exits - 1))
        supervised.restart_at = now + pause_s
        self._report(
            f"the {name} exited ({_exit_text(code)}); restarting it in {pause_s:g} s, see {supervised.log.path}"
        )

    def _give_up(self, supervised: _SupervisedPart, reason: str) -> None:
        supervised.is_abandoned = True
        if supervised.part.is_optional:
            self._report(reason)
        else:
            self.given_up = reason

    def _stop_parts(self) -> None:
        """Send SIGTERM to all parts, then SIGKILL to those that still run after the grace period."""
        running = [supervised.process for supervised in self._parts if supervised.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self._rule.stop_grace_s
        while running and time.monotonic() < deadline:
            running = [process for process in running if process.exit_code() is None]
            time.sleep(0.02)
        for process in running:
            process.kill()
            process.wait()


def check_ports(parts: Iterable[Part]) -> None:
    """Raise UnavailableError that names every port in use and the part that needs it."""
    in_use = []
    for part in parts:
        if part.port is not None:
            try:
                listen(part.port).close()
            except UnavailableError:
                in_use.append(f"port {part.port} is in use; the {part.name} needs it")
    if in_use:
        raise UnavailableError("starting the platform", "; ".join(in_use), ADVICE)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first SIGINT, SIGTERM or SIGHUP within the block; ignore later ones.

    A second Ctrl-C therefore does not interrupt the orderly stop of the parts.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # under nohup: keep running without the terminal
        numbers.append(signal.SIGHUP)

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """A handler rather than SIG_IGN, which a part that starts just now would inherit."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, ignore)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_text(code: int) -> str:
    return f"exit {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
