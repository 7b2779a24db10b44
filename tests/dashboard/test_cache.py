"""The cache shared by all browsers: one computation for each load and question."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from clickstream.dashboard.answers.cache import AnswerCache
from clickstream.dashboard.answers.loads import Snapshot
from clickstream.errors import WarehouseError
from clickstream.mart.file import Mart
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Question
from tests.conftest import Clock

T = TypeVar("T")


class Counter:
    """Replaces `catalog.ask` and counts its calls; the first `failures` calls fail."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[str] = []
        self.failures = failures

    def __call__(self, _mart: Mart, metric: str, _question: Question, **_more: Any) -> Answer:
        self.calls.append(metric)
        if len(self.calls) <= self.failures:
            raise WarehouseError("reading the warehouse", "the disk failed")
        return Answer(metric, (), [], {})


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    with Mart.open(tmp_path / "mart.duckdb") as mart, ThreadPoolExecutor(2) as threads:
        yield AnswerCache(mart, threads)


def question(clock: Clock, **filters: tuple[str, ...]) -> Question:
    return Question(as_of=clock.now, tz=ZoneInfo("UTC"), filters=filters)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on another thread: this one may run the browser's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_equal_questions_are_computed_once_per_load(
    cache: AnswerCache, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter()
    monkeypatch.setattr(catalog, "ask", counter)

    async def ask_all() -> None:
        first, second = Snapshot(1, clock.now, clock.now), Snapshot(2, clock.now, clock.now)
        await asyncio.gather(*(cache.answer(first, "overview", question(clock)) for _ in range(5)))
        await cache.answer(first, "overview", question(clock))
        await cache.answer(first, "overview", question(clock, country=("PL",)))
        await cache.answer(second, "overview", question(clock))

    run(ask_all())
    assert len(counter.calls) == 3


def test_a_failed_answer_is_computed_again(cache: AnswerCache, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(failures=1)
    monkeypatch.setattr(catalog, "ask", counter)
    snapshot = Snapshot(1, clock.now, clock.now)

    async def ask_twice() -> Answer:
        with pytest.raises(WarehouseError):
            await cache.answer(snapshot, "overview", question(clock))
        return await cache.answer(snapshot, "overview", question(clock))

    assert run(ask_twice()).metric == "overview"
    assert len(counter.calls) == 2
