"""The dashboards as one ASGI app, mounted at /sbw_dashboard by the process that holds the warehouse.

In: the keeper of the mart, the zone in which days are counted, a clock. Out: the page, its files, its websocket. All
addresses in the page are relative, so any mount path works; nothing is fetched from another host. The app needs no
lifespan: mounted apps do not receive lifespan events.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from htmltools import TagChild, TagList
from shiny import App, Inputs, Outputs, Session, reactive, render
from shiny.ui._page import PageHtmlDocument
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from clickstream.dashboard import formats, frame, segments
from clickstream.dashboard.answers.cache import AnswerCache
from clickstream.dashboard.answers.download import PATH, Downloads
from clickstream.dashboard.answers.loads import AnswerCosts, LoaderSource, LoadWatch
from clickstream.dashboard.answers.raw_lines import RawLines
from clickstream.dashboard.answers.records import RecordSource
from clickstream.dashboard.answers.state import MetricQuery, PageState, QueryContext
from clickstream.dashboard.document import STATIC, document
from clickstream.dashboard.explain.server import explain_server
from clickstream.dashboard.explain.sheet import sheet
from clickstream.dashboard.pages import (
    acquisition,
    behaviour,
    customers,
    data_health,
    funnel,
    live,
    overview,
    products,
    raw_events,
    retention,
    visitors,
)
from clickstream.dashboard.pages.data_health import OrderSource
from clickstream.dashboard.panel import content_or_failure, failure, placeholder
from clickstream.dashboard.view import FILTERS, View
from clickstream.errors import ClickstreamError
from clickstream.mart.keeper import MartKeeper
from clickstream.metrics.question import Answer
from clickstream.metrics.records import Records

THREADS = 4  # queries at a time; the engine runs each on all processors
COLLECTOR_URL = "http://127.0.0.1:8000"
MENU_VALUES = 200  # values of a dimension in the filter menu
_PAGES = {
    "overview": overview,
    "live": live,
    "acquisition": acquisition,
    "behaviour": behaviour,
    "products": products,
    "funnel": funnel,
    "retention": retention,
    "customers": customers,
}


class Dashboards:
    """The app. Close it before the mart."""

    def __init__(
        self,
        keeper: MartKeeper,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        url: str,
        loader: LoaderSource,
    ) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dashboard")
        self._cache = AnswerCache(keeper.mart, self._threads, Records(keeper.warehouse))
        self._live_cache = AnswerCache(keeper.mart, self._threads)
        costs = AnswerCosts(lambda: self._cache.cost_s, lambda: self._live_cache.cost_s)
        self._watch = LoadWatch(keeper, clock, self._threads, loader, costs)
        self._records = RecordSource(keeper.warehouse, lambda: self.raw_lines)
        self._zone = zone
        self._collector_url = url
        self.orders = OrderSource()
        """The shop's orders, compared with the tracked ones; without a source, Data health leaves them out."""
        self.raw_lines = RawLines()
        """The raw lines that rows came from; without a store, none can be shown."""
        app = App(self._page, self._server, static_assets={"/static": STATIC})
        files = Route(PATH, Downloads(self._cache, clock, zone).respond, methods=["GET"])
        self._served = GZipMiddleware(Router([files, Mount("", app)]), minimum_size=1024, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._served(scope, receive, send)

    def connect(self, records: Records) -> None:
        """Read the warehouse, and the ledger, there. Without this, the keeper's warehouse and no ledger."""
        self._cache.records = records

    def close(self) -> None:
        """Reject new queries and wait for running ones: the mart cannot be closed while it is read."""
        self._threads.shutdown(cancel_futures=True)

    def _page(self, request: Request) -> PageHtmlDocument:
        view = View.parse(request.url.query)
        pages = {name: module.page_ui(name, view) for name, module in _PAGES.items()}
        pages["visitors"] = visitors.page_ui("visitors", view)
        pages[data_health.PAGE] = data_health.page_ui("data_health", view, self.orders.is_connected())
        pages["raw-events"] = raw_events.page_ui("raw_events", view)
        bars = frame.disconnected_bar(), frame.top_bar(view, pages), frame.filter_row(view, self._zone.key)
        return document(view, TagList(*bars, placeholder("notice"), frame.keys_dialog(), sheet()), pages)

    def _server(self, input: Inputs, _output: Outputs, session: Session) -> None:
        state = PageState(session, self._cache, self._live_cache, self._watch, self._zone)
        _frame_server(input, state, self._collector_url)
        _send_notes(state, session)
        explain_server(input, state, self.raw_lines)
        servers: dict[str, Callable[[], object]] = {
            **{name: partial(module.page_server, name, state) for name, module in _PAGES.items()},
            "visitors": partial(visitors.page_server, "visitors", state, self._records),
            data_health.PAGE: partial(data_health.page_server, "data_health", state, self.orders),
            "raw-events": partial(raw_events.page_server, "raw_events", state, self._records),
        }

        @reactive.effect(priority=3)  # after the address is read, before its queries start
        def _serve_open_page() -> None:
            """Serve a page from the first time it is open: all eleven would cost each browser a second at its start."""
            serve = servers.pop(state.view().page, None)
            if serve is not None:
                with reactive.isolate():
                    serve()


def make_app(
    keeper: MartKeeper,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
    collector_url: str = COLLECTOR_URL,
    loader: LoaderSource = LoaderSource(),  # noqa: B008 - it cannot change
) -> Dashboards:
    """Make the app for a warehouse and its mart. Serve it on one event loop (Shiny has one per process).

    clock: returns the current time with a zone. collector_url: shown in the instructions for sending events.
    """
    return Dashboards(keeper, zone, clock, collector_url, loader)


def _frame_server(input: Inputs, state: PageState, collector_url: str) -> None:
    """Fill the frame around the pages."""
    figures = state.query("", lambda context: [("overview", context.question())])
    size = state.query("", lambda context: _size_queries(input, context))
    values = state.dimension_values("", lambda context: (_dimension(input), context.days, MENU_VALUES))

    @render.ui
    def freshness() -> TagChild:
        return frame.freshness(state.view(), state.snapshot(), state.loader_status())

    @render.ui
    def dates() -> TagChild:
        days, snapshot = state.days(), state.snapshot()
        today = snapshot.as_of.astimezone(state.zone()).date() if snapshot else days.last
        return frame.dates_menu(state.view(), days, today)

    @render.ui
    def chips() -> TagChild:
        return frame.chips(state.view())

    @render.ui
    def hidden_bots() -> TagChild:
        if not state.view().humans:
            return None
        outcome = figures.outcome()
        if isinstance(outcome, ClickstreamError):  # shown once, above the page
            return None
        return frame.hidden_bots(outcome[0].meta["hidden_bot_events"])

    @render.ui
    def filter_values() -> TagChild:
        name = _dimension(input)
        if not name:
            return None
        return content_or_failure(
            values, f"Values of {FILTERS[name].lower()}", lambda rows: frame.filter_values(state.view(), name, rows)
        )

    @render.ui
    def segment_check() -> TagChild:
        text = _segment(input)
        if not text:
            return segments.hint()
        if (error := segments.problem_of(text)) is not None:
            return segments.problem(error)
        return content_or_failure(
            size,
            "The number of visitors",
            lambda answers: segments.found(state.view(), text, answers[0].dicts()[0]) if answers else None,
        )

    @render.ui
    def segment_examples() -> TagChild:
        return content_or_failure(
            figures, "Examples", lambda answers: segments.example_list(answers[0].meta.get("currency"))
        )

    @render.ui
    def notice() -> TagChild:
        status = state.loader_status()
        if status.failure:
            return TagList(failure("The warehouse", status.failure), frame.stale_note())
        if status.building:
            return frame.building_note(*status.building)
        late = frame.late_loader(status) if status.is_late or status.trouble else None
        notice = content_or_failure(figures, "Key figures", lambda answers: _notice(state, answers[0], collector_url))
        return TagList(late, notice)

    @reactive.effect
    def _seen() -> None:
        state.set_seen(bool(input.is_seen()))

    @reactive.effect
    def _retry() -> None:
        input.retry()
        state.retry()


def _send_notes(state: PageState, session: Session) -> None:
    """Keep the browser's notes on days current: it shows them on every chart over time (static/echart.js)."""

    @reactive.effect
    async def _notes() -> None:
        notes = [
            {"day": note.day.isoformat(), "date": formats.day(note.day), "text": formats.safe_text(note.text)}
            for note in state.notes()
        ]
        await session.send_custom_message("notes", {"notes": notes})


def _notice(state: PageState, figures: Answer, collector_url: str) -> TagChild:
    """Return what a reader must know before the figures: no data, no match, sample data."""
    span, view = state.span.outcome(), state.view()
    if span is None:
        return frame.no_data(collector_url)
    is_empty = figures.dicts()[0]["events"] == 0 and view.page != live.PAGE
    return TagList(
        frame.sample_banner(view, figures.meta["sample"], collector_url),
        frame.no_match(view, state.days()) if is_empty else None,
    )


def _dimension(input: Inputs) -> str:
    """Return the dimension selected in the filter menu, "" while the menu is closed."""
    chosen = input.dimension() if "dimension" in input else ""
    return chosen if chosen in FILTERS else ""


def _segment(input: Inputs) -> str:
    """Return the rule in the box of the filter menu."""
    text = input.segment() if "segment" in input else ""
    return text.strip() if isinstance(text, str) else ""


def _size_queries(input: Inputs, context: QueryContext) -> list[MetricQuery]:
    """Return the question how many visitors the rule in the box has; none without a valid rule."""
    text = _segment(input)
    if not text or segments.problem_of(text) is not None:
        return []
    return [("segment_size", segments.size_question(context.question(), text))]
