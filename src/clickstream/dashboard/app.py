"""The dashboards as one ASGI app, mounted at /sbw_dashboard by the process that holds the warehouse.

In: the keeper of the mart, the zone in which days are counted, a clock. Out: the page, its files, its websocket. All
addresses in the page are relative, so any mount path works; nothing is fetched from another host. The app needs no
lifespan: mounted apps do not receive lifespan events.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

from htmltools import TagChild, TagList
from shiny import App, Inputs, Outputs, Session, reactive, render
from shiny.ui._page import PageHtmlDocument
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from clickstream.dashboard import frame
from clickstream.dashboard.answers.cache import AnswerCache
from clickstream.dashboard.answers.loads import LoaderSource, LoadWatch
from clickstream.dashboard.answers.state import PageState
from clickstream.dashboard.document import STATIC, document
from clickstream.dashboard.pages import acquisition, behaviour, data_health, funnel, overview, products, retention
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
    "acquisition": acquisition,
    "behaviour": behaviour,
    "products": products,
    "funnel": funnel,
    "retention": retention,
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
        self._watch = LoadWatch(keeper, clock, self._threads, loader, lambda: self._cache.cost_s)
        self._zone = zone
        self._collector_url = url
        self.orders = OrderSource()
        """The shop's orders, compared with the tracked ones; without a source, Data health leaves them out."""
        app = App(self._page, self._server, static_assets={"/static": STATIC})
        self._served = GZipMiddleware(app, minimum_size=1024, compresslevel=6)

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
        pages[data_health.PAGE] = data_health.page_ui("data_health", view, self.orders.is_connected())
        bars = frame.disconnected_bar(), frame.top_bar(view, pages), frame.filter_row(view, self._zone.key)
        return document(view, TagList(*bars, placeholder("notice")), pages)

    def _server(self, input: Inputs, _output: Outputs, session: Session) -> None:
        state = PageState(session, self._cache, self._watch, self._zone)
        _frame_server(input, state, self._collector_url)
        for name, module in _PAGES.items():
            module.page_server(name, state)
        data_health.page_server("data_health", state, self.orders)


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
    values = state.dimension_values("", lambda context: (_dimension(input), context.days, MENU_VALUES))

    @render.ui
    def freshness() -> TagChild:
        return frame.freshness(state.view(), state.snapshot(), state.loader_status())

    @render.ui
    def dates() -> TagChild:
        return frame.dates_menu(state.view(), state.days())

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
    def _retry() -> None:
        input.retry()
        state.retry()


def _notice(state: PageState, figures: Answer, collector_url: str) -> TagChild:
    """Return what a reader must know before the figures: no data, no match, sample data."""
    span, view = state.span.outcome(), state.view()
    if span is None:
        return frame.no_data(collector_url)
    is_empty = figures.dicts()[0]["events"] == 0
    return TagList(
        frame.sample_banner(view, figures.meta["sample"], collector_url),
        frame.no_match(view, state.days()) if is_empty else None,
    )


def _dimension(input: Inputs) -> str:
    """Return the dimension selected in the filter menu, "" while the menu is closed."""
    chosen = input.dimension() if "dimension" in input else ""
    return chosen if chosen in FILTERS else ""
