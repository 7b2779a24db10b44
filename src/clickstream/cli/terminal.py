"""How a command prints and ends: the consoles, what an error looks like, and a bar for long work.

Guarantees: text from outside is printed with its control characters escaped, and never read as markup; output that is
not a terminal is never cut or wrapped; an error takes three lines (what failed, why, what to do); a traceback appears
only with --trace; Ctrl-C ends with 130; when the reader closes the pipe (`| head -1`), the command ends quietly with
141.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

from clickstream.errors import ClickstreamError, QuestionError, SettingsError
from clickstream.visible import visible, visible_line

STOPPED = 130
READER_CLOSED = 141
BAR_AFTER_S = 1.0
UNLIMITED_WIDTH = 1_000_000


class Terminal(Console):
    """The console of every command: it prints text as it is, with control characters escaped.

    When the reader closes the pipe, it ends the command with READER_CLOSED.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)
        if not self.is_terminal:
            self.width = UNLIMITED_WIDTH

    def print(self, *objects: Any, **options: Any) -> None:
        """Print objects. Strings are escaped before rich removes some of their control characters."""
        super().print(*(visible(value) if isinstance(value, str) else value for value in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object into segments of safe text. Rich adds the escape sequences of colours later."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _discard_stdout()
        raise SystemExit(READER_CLOSED)


err = Terminal(stderr=True)
out = Terminal()


def guarded(run: Callable[[], object], console: Console, wants_trace: Callable[[], bool]) -> int:
    """Run a command line and return its exit code. Every exception becomes three lines on `console`."""
    try:
        code = _exit_code(run)
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:
        code = READER_CLOSED
    except ClickstreamError as error:
        print_error(console, error)
        code = 2 if isinstance(error, SettingsError | QuestionError) else 1
    except UnicodeEncodeError as error:
        print_error(console, _not_utf8(error))
        code = 2
    except Exception as error:
        if wants_trace():
            console.print(traceback.format_exc(), end="", soft_wrap=True)
        else:
            print_error(console, _unexpected(error))
        code = 1
    if code == STOPPED:
        console.print("stopped")
        _flushed(code)
        os._exit(code)  # without waiting for other threads: their work may be cut off at any point
    return _flushed(code)


def print_error(console: Console, error: ClickstreamError) -> None:
    """Print what failed, why, and what to do: one line each, of any length."""
    console.print(Text("error", style="red"), end="", soft_wrap=True)
    console.print(f": {one_line(error.doing)}", soft_wrap=True)
    for line in (error.why, error.advice):
        if line:
            console.print(f"  {one_line(line)}", soft_wrap=True)


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout exactly as they are: JSON, SQL, lines of raw objects."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        raise SystemExit(READER_CLOSED) from None


def one_line(text: str) -> str:
    """Return the text as one line that is safe to print."""
    return " ".join(visible(text).split())


class ProgressBar:
    """A `Progress` that a terminal shows as a bar, from the first second of the work on. Use as a context.

    doing: the first phase of the work. unit: what is counted.
    """

    def __init__(self, console: Console, doing: str, unit: str = "objects") -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
        )
        self._unit = unit
        self._is_shown = console.is_terminal and not console.is_dumb_terminal
        self._bar = Progress(*columns, console=console, transient=True, auto_refresh=self._is_shown)
        self._task = self._bar.add_task(visible_line(doing), total=None, counted="")
        self._timer = threading.Timer(BAR_AFTER_S, self._bar.start)
        self._timer.daemon = True

    def __enter__(self) -> ProgressBar:
        if self._is_shown:
            self._timer.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        if self._is_shown:
            self._timer.cancel()
            self._timer.join()
            if self._bar.live.is_started:
                self._bar.stop()

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        counted = f"{done:,} of {total:,} {self._unit}" if total else ""
        self._bar.update(self._task, completed=done, total=total or None, counted=counted)
        if doing:
            self._bar.update(self._task, description=visible_line(doing))


def _exit_code(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _not_utf8(error: UnicodeEncodeError) -> ClickstreamError:
    text = error.object[max(error.start - 20, 0) : error.end + 20].encode("utf-8", "backslashreplace").decode()
    return ClickstreamError("reading the command line", f"text that is not UTF-8: {text!r}", "write it in UTF-8")


def _unexpected(error: Exception) -> ClickstreamError:
    if isinstance(error, OSError):
        path = f": {error.filename}" if error.filename else ""
        advice = "check that it exists, its permissions and free disk space"
        return ClickstreamError("using a file or the network", f"{error.strerror or error}{path}", advice)
    text = f"{type(error).__name__}: {one_line(str(error))}"
    return ClickstreamError("a bug in clickstream", text, "report it with the output of clickstream --trace COMMAND")


def _flushed(code: int) -> int:
    """Write buffered output, while a failure can still be reported; return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return READER_CLOSED
    except OSError as error:
        _discard_stdout()
        with suppress(OSError):
            sys.stderr.write(f"error: writing the result\n  {error.strerror}\n  check the destination of the output\n")
        return 1
    return code


def _discard_stdout() -> None:
    """Redirect stdout to /dev/null: Python would report the closed pipe when it exits."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
