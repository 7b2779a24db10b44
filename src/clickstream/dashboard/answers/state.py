"""The state of one browser: its view, the days that the view covers, and its queries to the metrics.

In: the address of the page and the shared snapshot. Out: reactive values for the pages. Queries run outside the
reactive flow, so that a slow one does not block the others; a newer query replaces an older one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar, cast
from zoneinfo import ZoneInfo

from shiny import Session, module, reactive, req

from clickstream.dashboard.answers.cache import AnswerCache, question_key
from clickstream.dashboard.answers.loads import LoaderStatus, LoadWatch, Snapshot
from clickstream.dashboard.view import Days, Explained, View, resolve_days
from clickstream.errors import ClickstreamError
from clickstream.metrics.explain.explanation import Explanation, Part
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.notes import Note

T = TypeVar("T")
LIVE_PAGE = "live"
"""Its queries have the watch's live snapshot and a separate cache. They run only while the browser shows the page."""
_log = logging.getLogger(__name__)


class LiveResult(Generic[T]):
    """The outcome of the most recently started query, for outputs to read."""

    def __init__(self) -> None:
        self._outcome: reactive.Value[T | ClickstreamError | None] = reactive.Value(None, name="outcome")
        self._is_pending: reactive.Value[bool] = reactive.Value(True, name="is_pending")
        self._key: Hashable = None
        self._task: asyncio.Task[None] | None = None

    def start(self, key: Hashable, run: Callable[[], Awaitable[T]]) -> None:
        """Start a query and cancel the running one. With an unchanged `key` outputs are not dimmed meanwhile."""
        self.stop()
        if key != self._key:
            self._is_pending.set(True)
        self._key = key
        self._task = asyncio.create_task(self._run(run))

    def stop(self) -> None:
        """Cancel the running query."""
        if self._task is not None:
            self._task.cancel()

    def outcome(self) -> T | ClickstreamError:
        """Return the outcome; while a first or changed query runs, outputs keep their content and are dimmed."""
        if self._is_pending():
            req(False, cancel_output="progress")
        return cast("T | ClickstreamError", self._outcome())

    async def _run(self, run: Callable[[], Awaitable[T]]) -> None:
        outcome: T | ClickstreamError
        try:
            outcome = await run()
        except ClickstreamError as error:
            outcome = error
        except Exception as error:
            _log.exception("a query of the dashboard failed")
            name = type(error).__name__
            outcome = ClickstreamError("computing the answer", f"unexpected {name}", "see the log for details")
        async with reactive.lock():
            self._outcome.set(outcome)
            self._is_pending.set(False)
            await reactive.flush()


MetricQuery = tuple[str, Question]  # a metric's name, and the question to it
Query = tuple[Hashable, Callable[[], Awaitable[T]]]  # a key that changes with the question, and a function that runs it


@dataclass(frozen=True, slots=True)
class QueryContext:
    """The values that questions are built from: the view, its zone and days, and the snapshot."""

    view: View
    zone: ZoneInfo
    days: Days
    snapshot: Snapshot

    def question(self, limit: int = 100, **options: str) -> Question:
        """Return a question about the days on screen, with the comparison and the filters of the view."""
        return Question(
            as_of=self.snapshot.as_of,
            tz=self.zone,
            from_date=self.days.first,
            to_date=self.days.end,
            compare=self.view.compare,
            filters=self.view.filter_values(),
            options=options,
            limit=limit,
        )

    def earlier_days(self) -> Days | None:
        """Return the days of the comparison period, None without a comparison."""
        length = self.days.end - self.days.first
        back = {"previous": length, "year": timedelta(days=364)}.get(self.view.compare)
        return Days(self.days.first - back, self.days.end - back) if back else None


@dataclass(frozen=True, slots=True)
class Source:
    """What a panel shows. build: its queries; the first is explained. figure: the column that it is about, if any."""

    build: Callable[[QueryContext], list[MetricQuery]]
    figure: str


class PageState:
    """The state that all pages of one browser share. Create it in the server function."""

    def __init__(
        self, session: Session, cache: AnswerCache, live_cache: AnswerCache, watch: LoadWatch, zone: ZoneInfo
    ) -> None:
        self._session = session
        self._cache = cache
        self._live_cache = live_cache
        self._watch = watch
        self._zone = zone
        with reactive.isolate():
            view = View.parse(session.clientdata.url_search())
        self._view: reactive.Value[View] = reactive.Value(replace(view, explained=Explained()), name="view")
        self._explained: reactive.Value[Explained] = reactive.Value(view.explained, name="explained")
        self._sources: dict[str, Source] = {}
        self._days: reactive.Value[Days | None] = reactive.Value(None, name="days")
        self._retries: reactive.Value[int] = reactive.Value(0, name="retries")
        self._is_seen: reactive.Value[bool] = reactive.Value(False, name="is_seen")
        self._is_live_viewer = False
        self.span: LiveResult[Days | None] = LiveResult()
        watch.add_browser()
        session.on_ended(watch.remove_browser)
        session.on_ended(lambda: self._watch_live(False))
        session.on_ended(self.span.stop)
        # These effects run before the outputs (priority 0), in this order, and then the queries that `_keep_current`
        # starts. If an output ran first, it could send a value and then, run again after its question changed, request
        # to be dimmed: the browser rejects a message that contains both.
        reactive.effect(priority=4)(self._follow_address)
        reactive.effect(priority=3)(self._follow_live)
        reactive.effect(priority=3)(self._follow_span)
        reactive.effect(priority=2)(self._follow_days)

    def view(self) -> View:
        return self._view()

    def explained(self) -> Explained:
        """Return what the Explain panel is about. It is not a part of `view`, so that no answer changes with it."""
        return self._explained()

    def zone(self) -> ZoneInfo:
        """Return the zone in which days are counted."""
        name = self._view().tz
        return ZoneInfo(name) if name else self._zone

    def days(self) -> Days:
        """Return the days on screen; outputs wait until they are known."""
        days = self._days()
        if days is None:
            req(False, cancel_output="progress")
        return cast(Days, days)

    def snapshot(self) -> Snapshot | None:
        return self._watch.snapshot()

    def loader_status(self) -> LoaderStatus:
        return self._watch.loader_status()

    def notes(self) -> list[Note]:
        """Return the notes on days, by day."""
        return self._watch.notes()

    def retry(self) -> None:
        """Run all queries again."""
        with reactive.isolate():
            self._retries.set(self._retries() + 1)

    def set_seen(self, is_seen: bool) -> None:
        """Note whether the browser shows the page now; a tab in the background does not."""
        self._is_seen.set(is_seen)

    def query(
        self,
        page: str,
        build: Callable[[QueryContext], list[MetricQuery]],
        explains: str | Mapping[str, str] = "",
    ) -> LiveResult[list[Answer]]:
        """Keep the answers of the queries that `build` returns current while `page` is open ("" = any page).

        explains: the output that shows the first answer, or outputs and the column that each of them shows: what their
        Explain panels are about.
        """
        outputs = ({explains: ""} if explains else {}) if isinstance(explains, str) else explains
        self._sources |= {module.resolve_id(output): Source(build, figure) for output, figure in outputs.items()}

        def prepare(context: QueryContext) -> Query[list[Answer]]:
            queries = build(context)
            key = tuple((metric, question_key(question)) for metric, question in queries)
            return key, lambda: self._answers(self._cache_of(page), context.snapshot, queries)

        return self._keep_current(page, prepare)

    def last_event(self, page: str) -> LiveResult[datetime | None]:
        """Keep the time of the last event of the view's visitors current while `page` is open."""

        def prepare(context: QueryContext) -> Query[datetime | None]:
            question = replace(context.question(), from_date=None, to_date=None)
            key = (context.view.sample, context.view.humans)
            return key, lambda: self._cache_of(page).last_event_at(context.snapshot, question)

        return self._keep_current(page, prepare)

    def explanation(self) -> LiveResult[tuple[Explained, Explanation | None]]:
        """Keep the explanation of what the Explain panel is about; None where no metric is behind it."""

        def prepare(context: QueryContext) -> Query[tuple[Explained, Explanation | None]]:
            target = self.explained()
            source = self._sources.get(target.panel)
            queries = source.build(context) if source else []
            if source is None or not queries:
                return target, lambda: _done((target, None))
            metric, question = queries[0]
            part = Part(source.figure or None, _instant(target.at), target.value or None)

            async def run() -> tuple[Explained, Explanation | None]:
                return target, await self._cache.explanation(context.snapshot, metric, question, part)

            return (target, metric, question_key(question)), run

        return self._keep_current("", prepare)

    async def run(self, work: Callable[[], T]) -> T:
        """Run work on a thread; its result is not kept."""
        return await self._cache.run(work)

    def dimension_values(
        self, page: str, choose: Callable[[QueryContext], tuple[str, Days, int]]
    ) -> LiveResult[list[tuple[str, int]]]:
        """Keep the most frequent values of a dimension current. choose: the dimension ("" = none), days and limit."""

        def prepare(context: QueryContext) -> Query[list[tuple[str, int]]] | None:
            dimension, days, limit = choose(context)
            if not dimension:
                return None
            question = replace(context, days=days).question()
            key = (dimension, limit, question_key(question))
            return key, lambda: self._cache.dimension_values(context.snapshot, dimension, question, limit)

        return self._keep_current(page, prepare)

    def compute(self, page: str, build: Callable[[QueryContext], tuple[Hashable, Callable[[], T]]]) -> LiveResult[T]:
        """Keep the result of other work current while `page` is open. build: returns its key, and what computes it."""

        def prepare(context: QueryContext) -> Query[T]:
            key, work = build(context)
            return key, lambda: self._cache_of(page).cached(context.snapshot, (page, key, context.zone.key), work)

        return self._keep_current(page, prepare)

    def _keep_current(self, page: str, prepare: Callable[[QueryContext], Query[T] | None]) -> LiveResult[T]:
        """Run the query of `prepare` again whenever its context changes while `page` is open."""
        result: LiveResult[T] = LiveResult()

        def follow() -> None:
            retries, view, snapshot, days = self._retries(), self.view(), self._snapshot_of(page), self._days()
            if page in ("", view.page) and snapshot is not None and days is not None:
                query = prepare(QueryContext(view, self.zone(), days, snapshot))
                if query is not None:
                    result.start((retries, query[0]), query[1])

        reactive.effect(priority=1)(follow)
        self._session.on_ended(result.stop)
        return result

    def _snapshot_of(self, page: str) -> Snapshot | None:
        if page != LIVE_PAGE:
            return self.snapshot()
        return self._watch.live() if self._is_seen() else None

    def _cache_of(self, page: str) -> AnswerCache:
        return self._live_cache if page == LIVE_PAGE else self._cache

    async def _answers(self, cache: AnswerCache, snapshot: Snapshot, queries: list[MetricQuery]) -> list[Answer]:
        return list(await asyncio.gather(*(cache.answer(snapshot, *query) for query in queries)))

    async def _follow_address(self) -> None:
        search = self._session.clientdata.url_search()
        view = View.parse(search)
        plain = replace(view, explained=Explained())
        with reactive.isolate():
            if plain != self._view():
                self._view.set(plain)
            if view.explained != self._explained():
                self._explained.set(view.explained)
        if view.query() != (search or "?"):
            await self._session.send_custom_message("address", {"query": view.query()})

    def _follow_live(self) -> None:
        self._watch_live(self._is_seen() and self.view().page == LIVE_PAGE)

    def _watch_live(self, is_viewer: bool) -> None:
        if is_viewer != self._is_live_viewer:
            self._is_live_viewer = is_viewer
            (self._watch.add_live_viewer if is_viewer else self._watch.remove_live_viewer)()

    def _follow_span(self) -> None:
        key, snapshot, zone, sample = self._retries(), self.snapshot(), self.zone(), self.view().sample
        if snapshot is not None:
            self.span.start((key, zone.key, sample), lambda: self._cache.data_span(snapshot, zone, sample))

    def _follow_days(self) -> None:
        snapshot, span = self.snapshot(), self.span.outcome()
        if snapshot is None:
            return
        known = None if isinstance(span, ClickstreamError) else span
        days = resolve_days(self.view(), snapshot.as_of.astimezone(self.zone()).date(), known)
        with reactive.isolate():
            if days != self._days():
                self._days.set(days)


async def _done(result: T) -> T:
    return result


def _instant(text: str) -> datetime | None:
    """Read an instant of the address; None if it is not one."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
