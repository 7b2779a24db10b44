"""Keeps the parts of the platform running, and ends them all when it ends.

In: parts to run. Guarantees: a part that crashes is started again, after growing pauses; one that dies at
once again and again is given up, with its last words; no part outlives the supervisor (local/lifeline.py).
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
from clickstream.local.part import Part, PartLog, PartProcess, Say

TICK_S = 0.1
ADVICE = "stop what listens there (ss -ltnp shows it); an earlier clickstream up ends with Ctrl-C in its terminal"
USAGE_EXIT_CODE = 2  # wrong settings or options: starting again would not help


@dataclass(frozen=True, slots=True)
class RestartRule:
    """Pauses double from first to longest; a life of steady_s makes good for earlier deaths."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    steady_s: float = 10.0
    quick_deaths: int = 5
    stop_grace_s: float = 15.0


class _Seat:
    """A part and its present life, if it has one."""

    def __init__(self, part: Part, log: PartLog) -> None:
        self.part = part
        self.log = log
        self.process: PartProcess | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.quick_deaths = 0


class Supervisor:
    """Runs `parts`; `say` tells the user in lines. Use as a context: leaving it ends all parts."""

    def __init__(self, parts: Sequence[Part], logs: Path, say: Say, rule: RestartRule | None = None) -> None:
        self._say = say
        self._rule = rule or RestartRule()
        self._seats = [_Seat(part, PartLog(part.name, logs, say)) for part in parts]
        self._lifeline = -1
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.given_up: str | None = None
        """Why the supervisor gave up, None as long as it has not."""

    def __enter__(self) -> Supervisor:
        check_ports(seat.part for seat in self._seats)
        self._lifeline, self._write_end = os.pipe()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._watcher.join()
        self._end_parts()
        os.close(self._write_end)
        os.close(self._lifeline)

    def wait(self) -> str:
        """Return when a part is given up, with the reason; until then parts are kept running."""
        while self.given_up is None:
            time.sleep(TICK_S)
        return self.given_up

    def pids(self) -> dict[str, int]:
        """Process ids of the parts that run now."""
        return {seat.part.name: seat.process.pid for seat in self._seats if seat.process is not None}

    def _watch(self) -> None:
        while not self._stopping.is_set() and self.given_up is None:
            for seat in self._seats:
                self._look_at(seat)
            self._stopping.wait(TICK_S)

    def _look_at(self, seat: _Seat) -> None:
        now = time.monotonic()
        if seat.process is None:
            if now >= seat.start_at:
                self._start(seat, now)
            return
        code = seat.process.exit_code()
        if code is not None:
            seat.process = None
            self._after_death(seat, code, now)

    def _start(self, seat: _Seat, now: float) -> None:
        seat.started_at = now
        try:
            seat.process = PartProcess(seat.part, self._lifeline, seat.log)
        except OSError as error:
            self.given_up = f"{seat.part.name} cannot be started: {error}"

    def _after_death(self, seat: _Seat, code: int, now: float) -> None:
        rule, name = self._rule, seat.part.name
        is_quick = now - seat.started_at < rule.steady_s
        seat.quick_deaths = seat.quick_deaths + 1 if is_quick else 0
        if code == USAGE_EXIT_CODE or seat.quick_deaths >= rule.quick_deaths:
            times = f", {seat.quick_deaths} times in a row" if seat.quick_deaths > 1 else ""
            self.given_up = "\n".join(
                [f"{name} does not stay up ({_ending(code)}{times}); see {seat.log.path}", *seat.log.last_lines]
            )
            return
        pause_s = min(rule.longest_pause_s, rule.first_pause_s * 2 ** max(0, seat.quick_deaths - 1))
        seat.start_at = now + pause_s
        self._say(f"{name} stopped ({_ending(code)}); starting it again in {pause_s:g} s, see {seat.log.path}")

    def _end_parts(self) -> None:
        """SIGTERM to all, SIGKILL to those that are not done in time."""
        running = [seat.process for seat in self._seats if seat.process is not None]
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
    """Raise UnavailableError naming every port that is taken, and the part that needs it."""
    taken = []
    for part in parts:
        if part.port is not None:
            try:
                listen(part.port).close()
            except UnavailableError:
                taken.append(f"port {part.port} is taken, the {part.name} needs it")
    if taken:
        raise UnavailableError("starting the platform", "; ".join(taken), ADVICE)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Within the block the first SIGINT, SIGTERM or SIGHUP is a KeyboardInterrupt; later ones are ignored.

    So the block can be left once, in order, and an impatient second Ctrl-C does not cut the parts' ending short.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means: go on without the terminal
        numbers.append(signal.SIGHUP)

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """Not SIG_IGN, which a part that is just being started would inherit."""

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


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
