"""Group commit alone: who is written together, who waits for what, what is dropped."""

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


class Shelf:
    """Keeps what it is given; fails or stalls when it is told to."""

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
    """Add lines; what became of them."""
    told: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
    group_commit.add(lines, told.set_result)
    return told


def stored(shelf: Shelf, rounds: Sequence[int]) -> list[StoreError | None]:
    """Add so many lines at a time, each round when the one before is done; what became of every line."""

    async def run() -> list[StoreError | None]:
        found: list[StoreError | None] = []
        async with GroupCommit(shelf, lambda _seconds, _is_stored: None) as group_commit:
            for count in rounds:
                found += await asyncio.gather(*(added(group_commit, [LINE]) for _ in range(count)))
            assert (group_commit.held_bytes, group_commit.waiting_requests) == (0, 0)
        return found

    return run_async(run())


def test_lone_requests_never_linger() -> None:
    shelf = Shelf(linger_s=60)
    assert stored(shelf, [1, 1, 1]) == [None] * 3
    assert shelf.groups == [1, 1, 1]


def test_requests_that_come_while_one_is_written_share_the_next_write() -> None:
    shelf = Shelf()
    assert stored(shelf, [20, 20, 20]) == [None] * 60
    assert sum(shelf.groups) == 60
    assert len(shelf.groups) <= 6, "the first goes alone, then most go together"


def test_what_a_write_raises_is_told_to_all_of_its_group_and_the_next_is_tried() -> None:
    shelf = Shelf()
    shelf.error = StoreError("storing", "the disk is full", "make room")
    assert [error.why for error in stored(shelf, [3]) if error] == ["the disk is full"] * 3
    shelf.error = ValueError("a fault of ours")
    assert [error.why for error in stored(shelf, [2]) if error] == ["ValueError"] * 2
    shelf.error = None
    assert stored(shelf, [2]) == [None, None]


def test_nobody_waits_longer_than_promised_and_what_was_not_begun_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "ANSWER_WITHIN_S", 0.1)
    shelf = Shelf()

    async def run() -> list[StoreError | None]:
        shelf.gate.clear()
        async with GroupCommit(shelf, lambda _seconds, _is_stored: None) as group_commit:
            first = added(group_commit, [LINE])
            rest = [added(group_commit, [LINE] * 2) for _ in range(3)]
            found = await asyncio.gather(first, *rest)
            assert group_commit.held_bytes == 2, "what is being written is held"
            shelf.gate.set()
        return found

    assert [error.why for error in run_async(run()) if error] == ["the raw store is too slow"] * 4
    assert shelf.written.wait(60)
    assert shelf.groups == [1]


def test_what_would_not_fit_into_memory_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_HELD_BYTES", 10)
    shelf = Shelf()
    errors = stored(shelf, [8])
    assert [error is None for error in errors] == [True] * 5 + [False] * 3
    assert sum(shelf.groups) == 5


def test_leaving_stores_what_waits_without_lingering() -> None:
    shelf = Shelf(linger_s=60)

    async def run() -> None:
        async with GroupCommit(shelf, lambda _seconds, _is_stored: None) as group_commit:
            await added(group_commit, [LINE])
            for _ in range(5):
                added(group_commit, [LINE])

    run_async(run())
    assert sum(shelf.groups) == 6


def test_no_more_is_written_together_than_the_sink_takes_unless_one_request_has_more() -> None:
    shelf = Shelf()
    shelf.max_lines = 500

    async def run() -> list[StoreError | None]:
        async with GroupCommit(shelf, lambda _seconds, _is_stored: None) as group_commit:
            shelf.gate.clear()
            waiting = [added(group_commit, [LINE] * count) for count in (1, *[100] * 12, 1000, 1000)]
            shelf.gate.set()
            return list(await asyncio.gather(*waiting))

    assert run_async(run()) == [None] * 15
    assert shelf.groups == [1, 500, 500, 200, 1000, 1000]
