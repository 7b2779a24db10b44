"""How a command ends, and the bar that long work shows."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from clickstream.errors import ClickstreamError, QuestionError
from clickstream.local import terminal
from clickstream.local.terminal import Working, guarded
from tests.patience import wait_until


def end(run: Callable[[], object], wants_trace: bool = False) -> tuple[int, str]:
    said = io.StringIO()
    return guarded(run, Console(file=said, width=40), lambda: wants_trace), said.getvalue()


def raising(error: BaseException) -> Callable[[], object]:
    def run() -> object:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
        (ClickstreamError("doing", "why\nit " + "is long " * 9, "do [b]this[/b]"), 1, "do [b]this[/b]"),
        (QuestionError("x", "name", "why"), 2, "asking with name"),
        (PermissionError(13, "Permission denied", "/x"), 1, "  Permission denied: /x"),
        (ZeroDivisionError("by zero"), 1, "  ZeroDivisionError: by zero"),
        (BrokenPipeError(), 141, ""),
    ],
    ids=["exit", "exit_without_code", "ours", "question", "os", "fault", "reader_gone"],
)
def test_whatever_is_raised_becomes_an_exit_code_and_three_lines(error: BaseException, code: int, said: str) -> None:
    assert end(raising(error))[0] == code
    text = end(raising(error))[1]
    assert said in text
    assert len(text.splitlines()) <= 3
    assert "Traceback" not in text


def test_a_fault_shows_where_to_who_asks_for_it() -> None:
    with pytest.raises(ZeroDivisionError):
        end(raising(ZeroDivisionError()), wants_trace=True)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_appears_on_a_terminal_after_a_while(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 0.01)
    said = io.StringIO()
    console = Console(file=said, width=80, force_terminal=is_terminal, _environ={"TERM": "xterm"})
    with Working(console, "loading") as working:
        working.reached(30, 1200)
        wait_until(lambda: "30 of 1,200 objects" in said.getvalue() or not is_terminal)
        working.asks("process 7, http://127.0.0.1:3838")
        wait_until(lambda: "the owner (process 7" in said.getvalue() or not is_terminal)
    text = said.getvalue()
    assert ("30 of 1,200 objects" in text) is is_terminal
    assert ("the owner (process 7" in text) is is_terminal


def test_a_bar_says_what_is_done_and_counts_only_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 0.01)
    said = io.StringIO()
    with Working(Console(file=said, width=80, force_terminal=True, _environ={"TERM": "xterm"}), "x", "days") as working:
        working.reached(3, 9, "searching")
        wait_until(lambda: "searching" in said.getvalue() and "3 of 9 days" in said.getvalue())
        working.reached(0, 0, "deleting rows")
        wait_until(lambda: "deleting rows" in said.getvalue())
    assert "0 of 0" not in said.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BAR_AFTER_S", 60)
    said = io.StringIO()
    with Working(Console(file=said, force_terminal=True), "loading") as working:
        working.reached(1, 1)
    assert said.getvalue() == ""
