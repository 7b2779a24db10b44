"""What one browser looks at: its view, the days that view means, and what it asks of the metrics.

In: the address of the page and the shared pulse. Out: reactive values for the pages. Questions run beside the
reactive flow, so that a slow one holds up nobody; the latest question wins, an overtaken answer is thrown away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar, cast
from zoneinfo import ZoneInfo

from shiny import Session, reactive, req

from clickstream.dashboard.answers import Answers, question_key
from clickstream.dashboard.loads import Heartbeat, LoadWatch, Pulse
from clickstream.dashboard.view import Days, View, resolve_days
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer, Question

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Asked(Generic[T]):
    """The outcome of the latest piece of work that was started, for outputs to read."""

    def __init__(self) -> None:
        self._outcome: reactive.Value[T | ClickstreamError | None] = reactive.Value(None)
        self._is_open: reactive.Value[bool] = reactive.Value(True)
        self._key: Hashable = None
        self._task: asyncio.Task[None] | None = None

    def start(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> None:
        """Begin `work` and forget what runs. The same `key` as before: what is on screen is not dimmed meanwhile."""
        self.stop()
        if key != self._key:
            self._is_open.set(True)
        self._key = key
        self._task = asyncio.create_task(self._run(work))

    def stop(self) -> None:
        """Forget what runs."""
        if self._task is not None:
            self._task.cancel()

    def outcome(self) -> T | ClickstreamError:
        """The outcome; while the first or a changed question is open, outputs keep what they show and dim it."""
        if self._is_open():
            req(False, cancel_output="progress")
        return cast("T | ClickstreamError", self._outcome())

    async def _run(self, work: Callable[[], Awaitable[T]]) -> None:
        outcome: T | ClickstreamError
        try:
            outcome = await work()
        except ClickstreamError as error:
            outcome = error
        except Exception as error:
            _log.exception("a question of the dashboard failed")
            outcome = ClickstreamError("answering", f"unexpected {type(error).__name__}", "the log has the details")
        async with reactive.lock():
            self._outcome.set(outcome)
            self._is_open.set(False)
            await reactive.flush()


Ask = tuple[str, Question]  # a metric's name and what it is asked


@dataclass(frozen=True, slots=True)
class Ground:
    """What questions are made from: the view, and what it means at this load."""

    view: View
    zone: ZoneInfo
    days: Days
    pulse: Pulse

    def question(self, limit: int = 100, **options: str) -> Question:
        """A question about the days on screen, with the comparison and the filters of the view."""
        return Question(
            as_of=self.pulse.as_of,
            tz=self.zone,
            from_date=self.days.first,
            to_date=self.days.end,
            compare=self.view.compare,
            filters=self.view.filter_values(),
            options=options,
            limit=limit,
        )

    def earlier_days(self) -> Days | None:
        """The days compared with, None without a comparison."""
        length = self.days.end - self.days.first
        back = {"previous": length, "year": timedelta(days=364)}.get(self.view.compare)
        return Days(self.days.first - back, self.days.end - back) if back else None


class PageState:
    """All that the pages of one browser share. Make it in the server function."""

    def __init__(self, session: Session, answers: Answers, watch: LoadWatch, zone: ZoneInfo) -> None:
        self._session = session
        self._answers = answers
        self._watch = watch
        self._zone = zone
        with reactive.isolate():
            self._view: reactive.Value[View] = reactive.Value(View.parse(session.clientdata.url_search()))
        self._days: reactive.Value[Days | None] = reactive.Value(None)
        self._retries: reactive.Value[int] = reactive.Value(0)
        self.span: Asked[Days | None] = Asked()
        watch.join()
        session.on_ended(watch.leave)
        session.on_ended(self.span.stop)
        # All of these run before the outputs (priority 0), in this order, and then what `keep` starts. An output that
        # ran first could send a value and, run again because its question had changed, ask to be dimmed: both would
        # reach the browser in one message, which it refuses whole.
        reactive.effect(priority=4)(self._follow_address)
        reactive.effect(priority=3)(self._follow_span)
        reactive.effect(priority=2)(self._follow_days)

    def view(self) -> View:
        return self._view()

    def zone(self) -> ZoneInfo:
        """The zone that days are counted in."""
        name = self._view().tz
        return ZoneInfo(name) if name else self._zone

    def days(self) -> Days:
        """The days on screen; outputs wait until they are known."""
        days = self._days()
        if days is None:
            req(False, cancel_output="progress")
        return cast(Days, days)

    def pulse(self) -> Pulse | None:
        return self._watch.pulse()

    def heartbeat(self) -> Heartbeat:
        return self._watch.heartbeat()

    def retry(self) -> None:
        """Ask everything again."""
        with reactive.isolate():
            self._retries.set(self._retries() + 1)

    def ask(self, page: str, build: Callable[[Ground], list[Ask]]) -> Asked[list[Answer]]:
        """Keep asking what `build` names while `page` is open ("" = any page); the answers come together."""

        def work(ground: Ground) -> tuple[Hashable, Callable[[], Awaitable[list[Answer]]]]:
            asks = build(ground)
            key = tuple((metric, question_key(question)) for metric, question in asks)
            return key, lambda: self._answer(ground.pulse, asks)

        return self.keep(page, work)

    def values(self, page: str, pick: Callable[[Ground], tuple[str, Days, int]]) -> Asked[list[tuple[str, int]]]:
        """Keep asking for the most frequent values of the dimension ("" = none), days and number that `pick` names."""

        def work(ground: Ground) -> tuple[Hashable, Callable[[], Awaitable[list[tuple[str, int]]]]] | None:
            dimension, days, limit = pick(ground)
            if not dimension:
                return None
            question = replace(ground, days=days).question()
            key = (dimension, limit, question_key(question))
            return key, lambda: self._answers.values(ground.pulse, dimension, question, limit)

        return self.keep(page, work)

    def keep(self, page: str, plan: Callable[[Ground], tuple[Hashable, Callable[[], Awaitable[T]]] | None]) -> Asked[T]:
        """Keep doing what `plan` says while `page` is open: openly (outputs dim) when its key changes, else quietly."""
        asked: Asked[T] = Asked()

        def follow() -> None:
            retries, view, pulse, days = self._retries(), self.view(), self.pulse(), self._days()
            if page in ("", view.page) and pulse is not None and days is not None:
                planned = plan(Ground(view, self.zone(), days, pulse))
                if planned is not None:
                    asked.start((retries, planned[0]), planned[1])

        reactive.effect(priority=1)(follow)
        self._session.on_ended(asked.stop)
        return asked

    async def _answer(self, pulse: Pulse, asks: list[Ask]) -> list[Answer]:
        return list(await asyncio.gather(*(self._answers.ask(pulse, metric, question) for metric, question in asks)))

    async def _follow_address(self) -> None:
        search = self._session.clientdata.url_search()
        view = View.parse(search)
        with reactive.isolate():
            if view != self._view():
                self._view.set(view)
        if view.query() != (search or "?"):
            await self._session.send_custom_message("address", {"query": view.query()})

    def _follow_span(self) -> None:
        key, pulse, zone, sample = self._retries(), self.pulse(), self.zone(), self.view().sample
        if pulse is not None:
            self.span.start((key, zone.key, sample), lambda: self._answers.span(pulse, zone, sample))

    def _follow_days(self) -> None:
        pulse, span = self.pulse(), self.span.outcome()
        if pulse is None:
            return
        known = None if isinstance(span, ClickstreamError) else span
        days = resolve_days(self.view(), pulse.as_of.astimezone(self.zone()).date(), known)
        with reactive.isolate():
            if days != self._days():
                self._days.set(days)
