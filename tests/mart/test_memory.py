"""Statements that were asked of one state of the mart run once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clickstream.mart import memory
from clickstream.mart.memory import Memory
from clickstream.warehouse.contract import Table

TABLE = Table(("n",), [(1,)])


def test_callers_at_the_same_time_share_one_computation() -> None:
    shared, computed, may_end = Memory("state"), [0], threading.Event()

    def compute() -> Table:
        computed[0] += 1
        may_end.wait(60)
        return TABLE

    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(shared.table, "key", compute) for _ in range(5)]
        may_end.set()
        assert [each.result() for each in asked] == [TABLE] * 5
    assert computed == [1]


def test_a_failed_statement_is_computed_again() -> None:
    shared = Memory("state")
    with pytest.raises(ZeroDivisionError):
        shared.table("key", lambda: Table((), [(1 // 0,)]))
    assert shared.table("key", lambda: TABLE) == TABLE


def test_long_results_and_too_many_of_them_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_ROWS", 0)
    shared, other = Memory("state"), Table(("n",), [(2,)])
    assert shared.table("key", lambda: TABLE) == TABLE
    assert shared.table("key", lambda: other) == other
    monkeypatch.setattr(memory, "MAX_ROWS", 1)
    monkeypatch.setattr(memory, "MAX_TABLES", 1)
    assert shared.table("a", lambda: TABLE) == TABLE
    assert shared.table("b", lambda: TABLE) == TABLE
    assert shared.table("a", lambda: other) == other
