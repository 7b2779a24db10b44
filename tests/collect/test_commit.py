"""Group commit: which requests share a write, what each waits for, and what is dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from clickstream.collect import commit
from clickstream.collect.commit import GroupCommit
from clickstream.errors import StoreError
from clickstream.event import RawLine
from tests.conftest import run_async

LINE = RawLine(b"{}")


class MemorySink:
    """Records the size of each group; `error` makes writes fail, `gate` makes them stall."""

    parallel = 1
    max_lines = 10_000

    def __init__(self, linger_s: float = 0.05) -> None:
        self.linger_s = linger_s
        self.groups: list[int] = []
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.written = threading.Event()

    def write(self, lines: Sequence[RawLine]) -> None:
        self.gate.wait(60)
        if self.error is not None:
            raise self.error
        self.groups.append(len(lines))
        self.written.set()


def added(group_commit: GroupCommit, lines: list[RawLine]) -> asyncio.Future[StoreError | None]:
    """Add lines; return their future result."""
    result: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
    group_commit.add(lines, result.set_result)
    return result


def stored(sink: MemorySink, rounds: Sequence[int]) -> list[StoreError | None]:
    """Add so many requests at a time, each round after the one before; return the result of every request."""

    async def run() -> list[StoreError | None]:
        found: list[StoreError | None] = []
        async with GroupCommit(sink, lambda _seconds, _is_stored: None) as group_commit:
            for count in rounds:
                found += await asyncio.gather(*(added(group_commit, [LINE]) for _ in range(count)))
            assert (group_commit.held_bytes, group_commit.waiting_requests) == (0, 0)
        return found

    return run_async(run())


def test_single_requests_never_linger() -> None:
    sink = MemorySink(linger_s=60)
    assert stored(sink, [1, 1, 1]) == [None] * 3
    assert sink.groups == [1, 1, 1]


def test_requests_that_arrive_during_a_write_share_the_next_one() -> None:
    sink = MemorySink()
    assert stored(sink, [20, 20, 20]) == [None] * 60
    assert sum(sink.groups) == 60
    assert len(sink.groups) <= 6, "the first is written alone, then most share a write"


def test_failed_write_is_reported_to_its_whole_group_and_the_next_is_tried() -> None:
    sink = MemorySink()
    sink.error = StoreError("storing", "the disk is full", "make room")
    assert [error.why for error in stored(sink, [3]) if error] == ["the disk is full"] * 3
    sink.error = ValueError("a bug of ours")
    assert [error.why for error in stored(sink, [2]) if error] == ["ValueError"] * 2
    sink.error = None
    assert stored(sink, [2]) == [None, None]


def test_requests_give_up_in_time_and_writes_that_have_not_begun_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "RESPOND_WITHIN_S", 0.1)
    sink = MemorySink()

    async def run() -> list[StoreError | None]:
        sink.gate.clear()
        async with GroupCommit(sink, lambda _seconds, _is_stored: None) as group_commit:
            first = added(group_commit, [LINE])
            rest = [added(group_commit, [LINE] * 2) for _ in range(3)]
            found = await asyncio.gather(first, *rest)
            assert group_commit.held_bytes == 2, "the group being written is still in memory"
            sink.gate.set()
        return found

    assert [error.why for error in run_async(run()) if error] == ["the raw store did not finish within 0.1 s"] * 4
    assert sink.written.wait(60)
    assert sink.groups == [1]


def test_request_over_the_memory_limit_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_HELD_BYTES", 10)
    sink = MemorySink()
    errors = stored(sink, [8])
    assert [error is None for error in errors] == [True] * 5 + [False] * 3
    assert sum(sink.groups) == 5


def test_closing_stores_what_waits_without_lingering() -> None:
    sink = MemorySink(linger_s=60)

    async def run() -> None:
        async with GroupCommit(sink, lambda _seconds, _is_stored: None) as group_commit:
            await added(group_commit, [LINE])
            for _ in range(5):
                added(group_commit, [LINE])

    run_async(run())
    assert sum(sink.groups) == 6


def test_group_has_at_most_max_lines_unless_one_request_has_more() -> None:
    sink = MemorySink()
    sink.max_lines = 500

    async def run() -> list[StoreError | None]:
        async with GroupCommit(sink, lambda _seconds, _is_stored: None) as group_commit:
            sink.gate.clear()
            waiting = [added(group_commit, [LINE] * count) for count in (1, *[100] * 12, 1000, 1000)]
            sink.gate.set()
            return list(await asyncio.gather(*waiting))

    assert run_async(run()) == [None] * 15
    assert sink.groups == [1, 500, 500, 200, 1000, 1000]
