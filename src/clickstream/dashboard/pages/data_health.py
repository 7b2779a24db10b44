"""Data health: whether the numbers can be trusted.

How old the data is, what became of every accepted line, bad rows, bots, late events, wrong clocks, orders as tracked.
All events received in the days on screen count: filters do not apply. With a shop, an `OrderSource` compares the shop's
orders of these days with the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LiveResult, PageState, QueryContext
from clickstream.dashboard.charts import health
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.panel import (
    chart_or_failure,
    chart_table,
    chart_tools,
    chart_unit,
    choice,
    content_or_failure,
    empty_note,
    figure_card,
    panel,
    placeholder,
    skeleton,
)
from clickstream.dashboard.view import Days, View
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer

PAGE = "data-health"
ROWS = 10
Answers = LiveResult[list[Answer]]
Result = Mapping[str, Any]
"""`totals`, `refunds`; `days`, `browsers`, `channels`: rows of a name and its counts; `problems`, `problem_count`."""
_FIGURES: tuple[tuple[str, str, formats.Kind, str], ...] = (
    ("rate", "Orders captured", "percent", definitions.ORDERS_CAPTURED),
    ("browser_rate", "By the browser", "percent", definitions.ORDERS_BY_BROWSER),
    ("missing", "Missing", "count", definitions.ORDERS_MISSING),
    ("different", "Different in value", "count", definitions.ORDERS_DIFFERENT),
    ("captured", "Refunds captured", "count", definitions.REFUNDS_CAPTURED),
)
_COLUMNS = (
    RankColumn("orders", "Orders"),
    RankColumn("browser", "Browser", is_wide=True),
    RankColumn("server", "Server", is_wide=True),
    RankColumn("missing", "Missing"),
    RankColumn("pending", "Pending", is_wide=True),
    RankColumn("doubled", "Doubled", is_wide=True),
    RankColumn("different", "Different", is_wide=True),
    RankColumn("rate", "Captured", "percent"),
)
_TABLES = {"days": "Day", "browsers": "Browser", "channels": "Channel"}
UNITS = {"hour": "Hours", "day": "Days"}
HOURS_UP_TO = 3  # days on screen that are drawn by hour
MAX_ROWS = 10_000
_CARDS = {
    "newest": ("Newest event", definitions.HEALTH_RECEIVED),
    "loaded": ("Last load", definitions.HEALTH_LOADED),
    "missing_lines": ("Missing lines", definitions.HEALTH_MISSING),
    "pending_lines": ("Not loaded yet", definitions.HEALTH_PENDING),
    "bad_lines": ("Bad rows", definitions.HEALTH_BAD_ROWS),
    "bot_events": ("Events of bots", definitions.HEALTH_BOTS),
}
_TITLES = {"bad_rows": "Bad rows", "bots": "Bots", "clock": "Clocks of devices", "orders": "Orders as tracked"}
_DRAWN: dict[str, Callable[[Answer], TagChild]] = {
    "bad_rows": health.bad_rows_table,
    "clock": health.clocks_table,
    "orders": health.tracked_orders,
}


def _read_nothing(_days: Days) -> Result:
    raise ClickstreamError("reading the shop's orders", "no shop is connected", "set CLICKSTREAM_WEB_DB_URL")


@dataclass(frozen=True, slots=True)
class OrderSource:
    """Where the page gets its numbers. is_connected: whether there is a shop; read: compares the orders of days."""

    is_connected: Callable[[], bool] = lambda: False
    read: Callable[[Days], Result] = _read_nothing


@module.ui
def page_ui(view: View, has_shop: bool) -> TagList:
    """Return the page before its first answer. has_shop: whether there are orders to compare with."""
    by = choice("by", "Length of a bar", {"": "Automatic", **UNITS}, dict(view.options).get("by", ""))
    return TagList(
        tags.h1("Data health", class_="unseen"),
        tags.div(*(_card(key, label, about) for key, (label, about) in _CARDS.items()), class_="cards status"),
        panel(
            TagList("What became of every accepted line", by, chart_unit()),
            placeholder(module.resolve_id("balance"), skeleton(1)),
            echart_ui(module.resolve_id("ledger")),
            chart_table(),
            tools=chart_tools(),
            about=definitions.HEALTH_LEDGER,
        ),
        _small("bad_rows", definitions.HEALTH_BAD_ROWS),
        _small("bots", definitions.HEALTH_BOTS),
        panel(
            TagList("Late events", chart_unit()),
            echart_ui(module.resolve_id("late")),
            chart_table(),
            span=6,
            tools=chart_tools(),
            about=definitions.HEALTH_LATE,
        ),
        _small("clock", definitions.HEALTH_CLOCK),
        _small("orders", definitions.HEALTH_ORDERS, span=12),
        _shop_ui() if has_shop else None,
    )


def _small(id: str, about: str, span: int = 6) -> Tag:
    return panel(_TITLES[id], placeholder(module.resolve_id(id), skeleton(4)), span=span, about=about)


def _shop_ui() -> TagList:
    return TagList(
        tags.h2("Compared with the shop's database", class_="span-12 section-title"),
        tags.div(*(_card(key, label, about) for key, label, _, about in _FIGURES), class_="cards"),
        panel("Orders", placeholder(module.resolve_id("days"), skeleton(ROWS)), about=definitions.ORDERS_CHECK),
        panel("Browsers", placeholder(module.resolve_id("browsers"), skeleton(4)), span=6),
        panel("Channels", placeholder(module.resolve_id("channels"), skeleton(4)), span=6),
        panel("Problems", placeholder(module.resolve_id("problems"), skeleton(4))),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState, source: OrderSource) -> None:
    """Query the metrics of data health and draw the answers; with a shop, compare its orders too."""
    of_lines = ("balance", "ledger", "card_missing_lines", "card_pending_lines", "card_bad_lines")
    ledger, late = _keep_by_unit(state, "health_ledger", *of_lines), _keep_by_unit(state, "health_late", "late")
    bots = _keep(state, "health_bots", "bots", "card_bot_events")
    freshness = _keep(state, "health_freshness", "card_newest", "card_loaded")
    _draw_status(output, freshness, ledger, bots, late)

    @output(id="balance")
    @render.ui
    def balance() -> TagChild:
        note = _no_filters(state.view())
        return content_or_failure(ledger, "The ledger", lambda found: TagList(health.verdict(found[0]), note))

    @output(id="ledger")
    @render_echart
    def ledger_chart() -> Chart:
        return chart_or_failure(ledger, "The ledger", lambda answers: health.ledger_chart(answers[0]))

    @output(id="late")
    @render_echart
    def late_chart() -> Chart:
        return chart_or_failure(late, "Late events", lambda answers: health.late_chart(answers[0]))

    _draw_table("bots", output, bots, health.bots_table)
    for key, draw in _DRAWN.items():
        _draw_table(key, output, _keep(state, f"health_{key}", key), draw)
    if source.is_connected():
        _compare_orders(output, state, source)


def _compare_orders(output: Outputs, state: PageState, source: OrderSource) -> None:
    """Compare the orders of the days on screen and draw the result."""
    found = state.compute(PAGE, lambda context: (context.days, lambda: source.read(context.days)))

    for key, _, kind, _ in _FIGURES:
        _draw_card(output, found, key, kind)
    for key, head in _TABLES.items():
        _draw_groups(output, found, key, head)

    @output
    @render.ui
    def problems() -> TagChild:
        return content_or_failure(found, "Problems", _problems)


def _question(context: QueryContext, metric: str, **options: str) -> tuple[str, Any]:
    """Return a question about the days on screen, without the filters."""
    return metric, replace(context.question(limit=MAX_ROWS, **options), filters={}, compare="none")


def _unit(view: View, days: Days) -> str:
    default = "hour" if (days.end - days.first).days <= HOURS_UP_TO else "day"
    return view.option("by", UNITS, default)


def _keep(state: PageState, metric: str, *outputs: str) -> Answers:
    """Keep the answer of a metric without options current. outputs: those that show it."""
    return state.query(PAGE, lambda context: [_question(context, metric)], dict.fromkeys(outputs, ""))


def _keep_by_unit(state: PageState, metric: str, *outputs: str) -> Answers:
    """Keep the answer of a metric by hour or day current. outputs: those that show it."""

    def build(context: QueryContext) -> list[tuple[str, Any]]:
        return [_question(context, metric, by=_unit(context.view, context.days))]

    return state.query(PAGE, build, dict.fromkeys(outputs, ""))


def _draw_table(id: str, output: Outputs, found: Answers, draw: Callable[[Answer], TagChild]) -> None:
    @output(id=id)
    @render.ui
    def table() -> TagChild:
        return content_or_failure(found, _TITLES[id], lambda answers: draw(answers[0]))


def _draw_status(output: Outputs, freshness: Answers, ledger: Answers, bots: Answers, late: Answers) -> None:
    """Draw the cards at the top."""

    def of_bots(found: Sequence[Answer]) -> TagChild:
        judged, received = found[0].meta["rows_behind"], found[1].meta["rows_behind"]["clickstream_events"]
        share = judged["clickstream_events"] / received if received else None
        shown = formats.short(share, "percent")
        return health.figure(shown, f"of {formats.exact(received)} received", shown)

    drawn: dict[str, tuple[Sequence[Answers], Callable[[list[Answer]], TagChild]]] = {
        "newest": ([freshness], lambda found: health.age_figure(found[0], "last_received_at")),
        "loaded": ([freshness], lambda found: health.age_figure(found[0], "last_loaded_at")),
        "missing_lines": ([ledger], lambda found: health.missing_figure(found[0])),
        "pending_lines": ([ledger], lambda found: health.pending_figure(found[0])),
        "bad_lines": ([ledger], lambda found: health.lines_figure(found[0], "bad")),
        "bot_events": ([bots, late], of_bots),
    }
    for key, (results, draw) in drawn.items():
        _draw_status_card(output, key, results, draw)


def _draw_status_card(
    output: Outputs, key: str, results: Sequence[Answers], draw: Callable[[list[Answer]], TagChild]
) -> None:
    @output(id=f"card_{key}")
    @render.ui
    def card() -> TagChild:
        found: list[Answer] = []
        for outcome in [result.outcome() for result in results]:
            if isinstance(outcome, ClickstreamError):
                return tags.span(formats.NONE, class_="value", title=str(outcome))
            found += outcome
        return draw(found)


def _no_filters(view: View) -> TagChild:
    if not view.filters and not view.humans and view.sample == "auto":
        return None
    text = "Filters do not apply on this page: every event counts that was received in these days."
    return tags.p(text, class_="quiet note")


def _card(key: str, label: str, about: str) -> Tag:
    return figure_card(module.resolve_id(f"card_{key}"), label, about)


def _draw_card(output: Outputs, found: LiveResult[Result], key: str, kind: formats.Kind) -> None:
    @output(id=f"card_{key}")
    @render.ui
    def card() -> TagChild:
        outcome = found.outcome()
        if isinstance(outcome, ClickstreamError):
            return tags.span(formats.NONE, class_="value", title=str(outcome))
        things = "orders" if key in outcome["totals"] else "refunds"
        counts = outcome["totals" if things == "orders" else "refunds"]
        value = counts[key]
        return TagList(
            tags.span(formats.short(value, kind), class_="value", title=formats.exact(value, kind)),
            tags.p(f"of {formats.exact(counts[things] - counts['pending'])} {things}", class_="caption"),
        )


def _draw_groups(output: Outputs, found: LiveResult[Result], key: str, head: str) -> None:
    @output(id=key)
    @render.ui
    def table() -> TagChild:
        return content_or_failure(found, f"Orders by {head.lower()}", lambda result: _table(head, result[key]))


def _table(head: str, rows: Sequence[Row]) -> TagChild:
    if not rows:
        return empty_note("No orders in these days.")
    return ranking_table(rows[:ROWS], Ranking(head, lambda row: formats.cut(row["name"]), _COLUMNS, bar="orders"))


def _problems(result: Result) -> TagChild:
    shown = result["problems"][:ROWS]
    if not shown:
        return empty_note("No order is missing, doubled or different.")
    items = [tags.li(tags.strong(f"{each['order']} {each['kind']}"), f": {each['details']}") for each in shown]
    more = result["problem_count"] - len(shown)
    note = tags.p(f"and {formats.exact(more)} more: clickstream orders check", class_="quiet") if more > 0 else None
    return TagList(tags.ul(*items), note)
