"""Data health: how many of the shop's real orders were tracked, by the browser and by the shop's server.

In: an `OrderSource`, which compares the shop's orders of the days on screen with the warehouse. The tab is shown only
if a shop is connected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LiveResult, PageState
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.panel import content_or_failure, empty_note, explain, panel, placeholder, skeleton
from clickstream.dashboard.view import Days, View
from clickstream.errors import ClickstreamError

PAGE = "data-health"
ROWS = 10
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


def _read_nothing(_days: Days) -> Result:
    raise ClickstreamError("reading the shop's orders", "no shop is connected", "set CLICKSTREAM_WEB_DB_URL")


@dataclass(frozen=True, slots=True)
class OrderSource:
    """Where the page gets its numbers. is_connected: whether there is a shop; read: compares the orders of days."""

    is_connected: Callable[[], bool] = lambda: False
    read: Callable[[Days], Result] = _read_nothing


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    del view
    return TagList(
        tags.h1("Data health", class_="unseen"),
        tags.div(*(_card(key, label, about) for key, label, _, about in _FIGURES), class_="cards"),
        panel("Orders", placeholder(module.resolve_id("days"), skeleton(ROWS)), about=definitions.ORDERS_CHECK),
        panel("Browsers", placeholder(module.resolve_id("browsers"), skeleton(4)), span=6),
        panel("Channels", placeholder(module.resolve_id("channels"), skeleton(4)), span=6),
        panel("Problems", placeholder(module.resolve_id("problems"), skeleton(4))),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState, source: OrderSource) -> None:
    """Compare the orders of the days on screen and draw the result."""
    found = state.compute(PAGE, lambda context: (context.days, lambda: source.read(context.days)))

    for key, _, kind, _ in _FIGURES:
        _draw_card(output, found, key, kind)
    for key, head in _TABLES.items():
        _draw_table(output, found, key, head)

    @output
    @render.ui
    def problems() -> TagChild:
        return content_or_failure(found, "Problems", _problems)


def _card(key: str, label: str, about: str) -> Tag:
    grey = tags.div(class_="skeleton figure-skeleton")
    figure = placeholder(module.resolve_id(f"card_{key}"), grey, class_="figure")
    return tags.section(tags.header(tags.h2(label), explain(about)), figure, class_="card")


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


def _draw_table(output: Outputs, found: LiveResult[Result], key: str, head: str) -> None:
    @output(id=key)
    @render.ui
    def table() -> TagChild:
        return content_or_failure(found, head, lambda result: _table(head, result[key]))


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
