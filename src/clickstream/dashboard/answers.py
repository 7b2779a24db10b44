"""Answers of metrics for all browsers: asked in threads, once per load and question.

In: a metric and a question. Out: its answer, awaited. Whoever asks the same while it is being worked out waits
for the same work. What failed is asked anew; what rests on an older load makes room.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clickstream.dashboard.loads import Pulse
from clickstream.dashboard.view import Days
from clickstream.metrics import catalog, contents
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.contract import Warehouse

KEPT = 256  # answers; a page has about ten, a large table takes about 1 MB


class Answers:
    """The shared cache in front of the catalog. Use it on one event loop."""

    def __init__(self, warehouse: Warehouse, threads: Executor) -> None:
        self._warehouse = warehouse
        self._threads = threads
        self._kept: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()
        self._newest: tuple[int, datetime] | None = None

    async def ask(self, pulse: Pulse, metric: str, question: Question) -> Answer:
        """The answer of `metric`. Raises what the catalog raises."""
        key = (metric, question_key(question))
        answer: Answer = await self._once(pulse, key, lambda: catalog.ask(self._warehouse, metric, question))
        return answer

    async def span(self, pulse: Pulse, zone: ZoneInfo, sample: str) -> Days | None:
        """The days from the first to the last with data, in `zone`; None when there is no data."""
        span: tuple[date, date] | None = await self._once(
            pulse, ("span", zone.key, sample), lambda: contents.data_span(self._warehouse, zone, sample, pulse.as_of)
        )
        return span and Days(span[0], span[1] + timedelta(days=1))

    async def values(self, pulse: Pulse, dimension: str, question: Question, limit: int) -> list[tuple[str, int]]:
        """Values of a dimension with their events in the question's days, most events first."""
        key = ("values", dimension, limit, question_key(question))
        values: list[tuple[str, int]] = await self._once(
            pulse, key, lambda: contents.dimension_values(self._warehouse, dimension, question, limit)
        )
        return values

    async def _once(self, pulse: Pulse, key: Hashable, work: Callable[[], Any]) -> Any:
        moment = (pulse.load_id, pulse.as_of)
        if self._newest is None or moment > self._newest:
            self._kept.clear()
            self._newest = moment
        key = (moment, key)
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._kept[key] = task
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return await asyncio.shield(task)


def question_key(question: Question) -> Hashable:
    """All that is asked but the instant: equal for the same question after another load."""
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
