"""The terminal's manners: how a command ends, what an error looks like, and a bar for long work.

Guarantees: an error takes three lines (what, why, what to do); no traceback reaches a user who did not ask
for it with --trace; Ctrl-C ends with 130; a reader that went away (`| head -1`) ends it quietly with 141.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from clickstream.errors import ClickstreamError, QuestionError, SettingsError

STOPPED = 130
READER_GONE = 141
BAR_AFTER_S = 1.0


class Terminal(Console):
    """A console that leaves with READER_GONE when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _to_nowhere()
        raise SystemExit(READER_GONE)


def guarded(run: Callable[[], object], err: Console, wants_trace: Callable[[], bool]) -> int:
    """Run a command line; return its exit code. Whatever it raises becomes three lines."""
    try:
        code = _exit_code(run)
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:
        code = READER_GONE
    except ClickstreamError as error:
        say_error(err, error)
        code = 2 if isinstance(error, SettingsError | QuestionError) else 1
    except Exception as error:
        if wants_trace():
            raise
        say_error(err, _unexpected(error))
        code = 1
    if code == STOPPED:
        err.print("stopped")
        _flushed(code)
        os._exit(code)  # not waiting for work on other threads: it may be cut anywhere, by design
    return _flushed(code)


def say_error(err: Console, error: ClickstreamError) -> None:
    """What, why, what to do: a line each, however long."""
    mark = "[red]error[/]" if err.is_terminal else "error"
    err.print(f"{mark}: ", end="", soft_wrap=True)
    err.print(one_line(error.doing), markup=False, soft_wrap=True)
    for line in (error.why, error.advice):
        if line:
            err.print(f"  {one_line(line)}", markup=False, soft_wrap=True)


def write_result(text: str) -> None:
    """Write to stdout what programs read."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere()
        raise SystemExit(READER_GONE) from None


def one_line(text: str) -> str:
    return " ".join(text.split())


class Working:
    """A bar on a terminal while a command loads or waits, from its second second on. Use as a context."""

    def __init__(self, err: Console, doing: str, of: str = "objects") -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
        )
        self._of = of
        self._is_shown = err.is_terminal and not err.is_dumb_terminal
        self._bar = Progress(*columns, console=err, transient=True, auto_refresh=self._is_shown)
        self._task = self._bar.add_task(doing, total=None, counted="")
        self._timer = threading.Timer(BAR_AFTER_S, self._bar.start)
        self._timer.daemon = True

    def __enter__(self) -> Working:
        if self._is_shown:
            self._timer.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        if self._is_shown:
            self._timer.cancel()
            self._timer.join()
            if self._bar.live.is_started:
                self._bar.stop()

    def asks(self, owner: object) -> None:
        """The owner does the work."""
        self._bar.update(self._task, description=f"the owner ({owner}) is at it", total=None, counted="")

    def reached(self, done: int, total: int, doing: str = "") -> None:
        """`done` of `total` objects (or what else is counted) are done; total 0: nobody knows of how many."""
        counted = f"{done:,} of {total:,} {self._of}" if total else ""
        self._bar.update(self._task, completed=done, total=total or None, counted=counted)
        if doing:
            self._bar.update(self._task, description=doing)


def _exit_code(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _unexpected(error: Exception) -> ClickstreamError:
    if isinstance(error, OSError):
        place = f": {error.filename}" if error.filename else ""
        why = f"{error.strerror or error}{place}"
        return ClickstreamError("using a file or the network", why, "check that it is there, its rights and free space")
    text = f"{type(error).__name__}: {one_line(str(error))}"
    return ClickstreamError("a fault in clickstream itself", text, "clickstream --trace COMMAND shows where; report it")


def _flushed(code: int) -> int:
    """Write what is still held back, while it can be told whether somebody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere()
        return READER_GONE
    except OSError as error:
        _to_nowhere()
        with suppress(OSError):
            sys.stderr.write(f"error: writing the result\n  {error.strerror}\n  check where the output goes\n")
        return 1
    return code


def _to_nowhere() -> None:
    """Send stdout to nowhere: Python would complain about the pipe when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
