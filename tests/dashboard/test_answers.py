"""The cache that all browsers share: one computation for each load and question."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from clickstream.dashboard.answers import Answers
from clickstream.dashboard.loads import Pulse
from clickstream.errors import WarehouseError
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock

T = TypeVar("T")


class Counter:
    """Stands in the catalog's place and counts what reaches it; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[str] = []
        self.failures = failures

    def __call__(self, _warehouse: DuckWarehouse, metric: str, _question: Question) -> Answer:
        self.asked.append(metric)
        if len(self.asked) <= self.failures:
            raise WarehouseError("reading the warehouse", "the disk is gone")
        return Answer(metric, (), [], {})


@pytest.fixture
def answers(warehouse: DuckWarehouse) -> Iterator[Answers]:
    with ThreadPoolExecutor(2) as threads:
        yield Answers(warehouse, threads)


def question(clock: Clock, **filters: tuple[str, ...]) -> Question:
    return Question(as_of=clock.now, tz=ZoneInfo("UTC"), filters=filters)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a thread of its own: this one may have the browser's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_the_same_question_is_answered_once_a_load(
    answers: Answers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter()
    monkeypatch.setattr(catalog, "ask", counter)

    async def ask_all() -> None:
        first, second = Pulse(1, clock.now, clock.now), Pulse(2, clock.now, clock.now)
        await asyncio.gather(*(answers.ask(first, "overview", question(clock)) for _ in range(5)))
        await answers.ask(first, "overview", question(clock))
        await answers.ask(first, "overview", question(clock, country=("PL",)))
        await answers.ask(second, "overview", question(clock))

    run(ask_all())
    assert len(counter.asked) == 3


def test_what_failed_is_asked_again(answers: Answers, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(failures=1)
    monkeypatch.setattr(catalog, "ask", counter)
    pulse = Pulse(1, clock.now, clock.now)

    async def ask_twice() -> Answer:
        with pytest.raises(WarehouseError):
            await answers.ask(pulse, "overview", question(clock))
        return await answers.ask(pulse, "overview", question(clock))

    assert run(ask_twice()).metric == "overview"
    assert len(counter.asked) == 2
