"""The owner's ETL loop survives failures, and logs each failure once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import date
from functools import partial

import pytest

from clickstream.errors import StoreError
from clickstream.etl.run import PassResult
from clickstream.local.owner import loop as loops
from clickstream.local.owner.loop import EtlLoop
from clickstream.progress import Progress
from tests.patience import wait_until


def failing(times: int, error: Exception) -> Callable[[Collection[date], Progress], PassResult]:
    left = [times]

    def run_pass(reconcile: Collection[date], progress: Progress) -> PassResult:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return PassResult(objects=1)

    return run_pass


def test_a_failing_pass_is_counted_logged_once_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    with EtlLoop(failing(3, StoreError("listing the raw store", "no disk")), pause_s=0.001) as loop:
        wait_until(lambda: loop.status()["passes"] >= 2)
    assert loop.status()["failures"] == 3
    assert loop.status()["trouble"] is None
    messages = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert messages == [
        ("ERROR", "loading failed and will be retried: listing the raw store: no disk"),
        ("WARNING", "loading works again"),
    ]
    assert all(record.exc_info is None for record in caplog.records)


def test_a_bug_leaves_its_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), EtlLoop(failing(1, KeyError("oops")), pause_s=0.001) as loop:
        wait_until(lambda: loop.status()["passes"])
    assert caplog.records[0].exc_info is not None


def test_passes_never_overlap() -> None:
    running = threading.Lock()

    def run_pass(reconcile: Collection[date], progress: Progress) -> PassResult:
        assert running.acquire(blocking=False)
        threading.Event().wait(0.002)
        running.release()
        return PassResult(objects=1)

    with EtlLoop(run_pass, pause_s=0.001) as loop:
        callers = [threading.Thread(target=loop.run_now) for _ in range(10)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert loop.run_now() == PassResult(objects=1)
    assert loop.status()["failures"] == 0


def test_a_requested_pass_raises_its_error_to_the_caller() -> None:
    loop = EtlLoop(failing(1, StoreError("listing", "no disk")))
    with pytest.raises(StoreError):
        loop.run_now()


def test_a_caller_that_waits_for_a_pass_receives_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "REPORT_EVERY_S", 0.01)
    begun, may_end = threading.Event(), threading.Event()
    reported: list[tuple[int, int, str]] = []

    def run_pass(reconcile: Collection[date], progress: Progress) -> PassResult:
        progress(3, 10)
        begun.set()
        may_end.wait(60)
        return PassResult()

    def note(done: int, total: int, doing: str = "") -> None:
        reported.append((done, total, doing))
        may_end.set()

    with EtlLoop(run_pass) as loop:
        assert begun.wait(60)
        assert loop.run_alone(lambda: "mine", partial(note, doing="waiting")) == "mine"
    assert reported[0] == (3, 10, "waiting"), "the phase is the caller's, who waits"


@pytest.mark.parametrize(
    ("lines", "cost_s", "pause_s"), [(0, 0.01, 1.0), (5, 0.2, 3.8), (999, 5.0, 4.0), (1000, 5.0, 0.0)], ids=str
)
def test_the_pause_follows_the_cost_of_the_pass_but_not_under_load(lines: int, cost_s: float, pause_s: float) -> None:
    loop = EtlLoop(failing(0, StoreError("", "")))
    assert loop._pause_after(PassResult(lines=lines), cost_s) == pytest.approx(pause_s)


@pytest.mark.parametrize(("lines", "is_noticed"), [(0, False), (5, True), (1000, False)], ids=str)
def test_a_load_of_few_lines_is_noticed_at_once(lines: int, is_noticed: bool) -> None:
    passed, noticed = threading.Event(), threading.Event()

    def run_pass(reconcile: Collection[date], progress: Progress) -> PassResult:
        if passed.is_set():
            second.set()
        passed.set()
        return PassResult(lines=lines)

    second = threading.Event()
    with EtlLoop(run_pass, pause_s=0.001, notice_load=noticed.set):
        assert second.wait(60)
    assert noticed.is_set() is is_noticed
