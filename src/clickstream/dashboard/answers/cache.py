"""Answers of metrics, shared by all browsers: computed in threads, once per load and question.

In: a metric and a question. Out: its answer, awaited. Callers with the same question wait for the same computation. A
failed one is repeated at the next call; answers of older loads are dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from clickstream.dashboard.answers.loads import Snapshot
from clickstream.dashboard.view import Days
from clickstream.mart.file import Mart
from clickstream.metrics import catalog, contents
from clickstream.metrics.explain.explanation import Explanation, Part, explain
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records
from clickstream.metrics.records.scope import no_records

T = TypeVar("T")
MAX_ENTRIES = 256  # a page needs about ten; a large table takes about 1 MB


class AnswerCache:
    """A cache in front of the catalog of metrics. Use it on one event loop."""

    def __init__(self, mart: Mart, threads: Executor, records: Records | None = None) -> None:
        """records: where metrics read that need the warehouse."""
        self._mart = mart
        self.records = records
        self._threads = threads
        self._entries: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()
        self._newest: tuple[int, datetime] | None = None
        self.cost_s = 0.0
        """How long it took to compute the answers of the newest load that were asked for, each on one thread."""

    async def answer(self, snapshot: Snapshot, metric: str, question: Question) -> Answer:
        """Return the answer of `metric`. Raises what the catalog raises."""
        key = (metric, question_key(question))
        return await self.cached(snapshot, key, lambda: catalog.ask(self._mart, metric, question, records=self.records))

    async def computed(self, metric: str, question: Question, write: Callable[[Answer], T]) -> T:
        """Return `write` of an answer that is computed now and not kept: a file can be large."""
        return await self.run(lambda: write(catalog.ask(self._mart, metric, question, records=self.records)))

    async def explanation(self, snapshot: Snapshot, metric: str, question: Question, part: Part) -> Explanation:
        """Return how the answer of `metric` is computed. Raises what the catalog raises."""
        records = self.records
        if records is None:
            raise no_records(metric)
        key = ("explanation", metric, part, question_key(question))
        return await self.cached(snapshot, key, lambda: explain(self._mart, records, metric, question, part))

    async def run(self, work: Callable[[], T]) -> T:
        """Run work on a thread; its result is not kept."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def data_span(self, snapshot: Snapshot, zone: ZoneInfo, sample: str) -> Days | None:
        """Return the days from the first to the last one with data, in `zone`; None without data."""
        span = await self.cached(
            snapshot,
            ("span", zone.key, sample),
            lambda: contents.data_span(self._mart, zone, sample, snapshot.as_of),
        )
        return span and Days(span[0], span[1] + timedelta(days=1))

    async def last_event_at(self, snapshot: Snapshot, question: Question) -> datetime | None:
        """Return the time of the last event."""
        kept = tuple(
            sorted((name, values) for name, values in question.filters.items() if name in ("sample", "humans"))
        )
        return await self.cached(snapshot, ("last", kept), lambda: contents.last_event_at(self._mart, question))

    async def dimension_values(
        self, snapshot: Snapshot, dimension: str, question: Question, limit: int
    ) -> list[tuple[str, int]]:
        """Return values of a dimension with their number of events in the question's days, most events first."""
        key = ("values", dimension, limit, question_key(question))
        return await self.cached(
            snapshot, key, lambda: contents.dimension_values(self._mart, dimension, question, limit)
        )

    async def cached(self, snapshot: Snapshot, key: Hashable, work: Callable[[], T]) -> T:
        """Return the result of `work`, computed once per load and key."""
        moment = (snapshot.load_id, snapshot.as_of)
        if self._newest is None or moment > self._newest:
            self._entries.clear()
            self.cost_s = 0.0
            self._newest = moment
        key = (moment, key)
        task = self._entries.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.get_running_loop().run_in_executor(self._threads, self._measured, work)
            task.add_done_callback(_read_outcome)
            self._entries[key] = task
        self._entries.move_to_end(key)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
        result: T = await asyncio.shield(task)
        return result

    def _measured(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.cost_s += time.monotonic() - started


def _read_outcome(task: asyncio.Future[Any]) -> None:
    """Mark an error as seen: who waited for it may be gone, and asyncio would log it as never retrieved."""
    if not task.cancelled():
        task.exception()


def question_key(question: Question) -> Hashable:
    """Return all of a question except `as_of`: equal for the same question after another load."""
    return (
        question.tz.key,
        question.from_date,
        question.to_date,
        question.compare,
        tuple(sorted(question.filters.items())),
        tuple(sorted(question.options.items())),
        question.limit,
        question.offset,
    )
