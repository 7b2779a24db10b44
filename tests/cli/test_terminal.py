"""How a command ends, and the bar that long work shows on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from clickstream.cli import terminal
from clickstream.cli.terminal import ProgressBar, Terminal, guarded
from clickstream.errors import ClickstreamError, QuestionError
from tests.patience import wait_until


def run_guarded(run: Callable[[], object], wants_trace: bool = False) -> tuple[int, str]:
    printed = io.StringIO()
    return guarded(run, Terminal(file=printed), lambda: wants_trace), printed.getvalue()


def raising(error: BaseException) -> Callable[[], object]:
    def run() -> object:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
        (ClickstreamError("doing", "why\nit " + "is long " * 9, "do [b]this[/b]"), 1, "do [b]this[/b]"),
        (QuestionError("x", "name", "why"), 2, "invalid parameter `name`"),
        (PermissionError(13, "Permission denied", "/x"), 1, "  Permission denied: /x"),
        (ZeroDivisionError("by zero"), 1, "  ZeroDivisionError: by zero"),
        (BrokenPipeError(), 141, ""),
        (UnicodeEncodeError("utf-8", "country=D\udcff", 9, 10, "surrogates not allowed"), 2, "text that is not UTF-8"),
    ],
    ids=["exit", "exit_without_code", "ours", "question", "os", "bug", "reader_closed", "not_utf8"],
)
def test_every_exception_becomes_an_exit_code_and_at_most_three_lines(
    error: BaseException, code: int, expected: str
) -> None:
    assert run_guarded(raising(error))[0] == code
    text = run_guarded(raising(error))[1]
    assert expected in text
    assert len(text.splitlines()) <= 3
    assert "Traceback" not in text


def test_trace_shows_the_traceback_of_a_bug() -> None:
    code, text = run_guarded(raising(ZeroDivisionError()), wants_trace=True)
    assert code == 1
    assert text.startswith("Traceback")
    assert text.endswith("ZeroDivisionError\n")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_appears_only_on_a_terminal(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 0.01)
    printed = io.StringIO()
    console = Console(file=printed, width=80, force_terminal=is_terminal, _environ={"TERM": "xterm"})
    with ProgressBar(console, "loading") as progress:
        progress(30, 1200)
        wait_until(lambda: "30 of 1,200 objects" in printed.getvalue() or not is_terminal)
        progress(0, 0, "the owner (process 7, http://127.0.0.1:3838) is working")
        wait_until(lambda: "the owner (process 7" in printed.getvalue() or not is_terminal)
    text = printed.getvalue()
    assert ("30 of 1,200 objects" in text) is is_terminal
    assert ("the owner (process 7" in text) is is_terminal


def test_a_bar_shows_the_phase_and_only_known_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 0.01)
    printed = io.StringIO()
    with ProgressBar(
        Console(file=printed, width=80, force_terminal=True, _environ={"TERM": "xterm"}), "x", "days"
    ) as progress:
        progress(3, 9, "searching")
        wait_until(lambda: "searching" in printed.getvalue() and "3 of 9 days" in printed.getvalue())
        progress(0, 0, "deleting rows")
        wait_until(lambda: "deleting rows" in printed.getvalue())
    assert "0 of 0" not in printed.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 60)
    printed = io.StringIO()
    with ProgressBar(Console(file=printed, force_terminal=True), "loading") as progress:
        progress(1, 1)
    assert printed.getvalue() == ""
