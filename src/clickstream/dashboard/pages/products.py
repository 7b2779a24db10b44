"""Products: which products, categories or brands are viewed and sold, and which are bought together.

A chart with a line for each of the five largest, a ranking that the server sorts, 20 rows at a time, and pairs of
products.
"""

from __future__ import annotations

from dataclasses import replace

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions
from clickstream.dashboard.answers.state import MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.charts.trend import split_groups, split_trend
from clickstream.dashboard.explain.links import linked, row_link
from clickstream.dashboard.formats import exact
from clickstream.dashboard.listing import MAX_ROWS, PAGE_SIZE, Listing, listing
from clickstream.dashboard.panel import (
    chart_or_failure,
    chart_table,
    chart_tools,
    chart_unit,
    choice,
    content_or_failure,
    empty_note,
    panel,
    placeholder,
    product_name,
    skeleton,
    value_name,
)
from clickstream.dashboard.view import Days, View
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import default_unit

PAGE = "products"
OUTPUT = "products-series"
BY = {"product": "Product", "category": "Category", "brand": "Brand"}
COLOURS = 6  # number of values with a separate colour
PAIRS = 10
_PAIR = (
    RankColumn("orders", "Orders"),
    RankColumn("share_a", "Of first", "percent", is_wide=True),
    RankColumn("share_b", "Of second", "percent", is_wide=True),
    RankColumn("lift", "Lift", "ratio"),
)
_DIMENSIONS = {"product": "product_id", "category": "category", "brand": "brand"}
COLUMNS = (
    RankColumn("views", "Views"),
    RankColumn("views", "Change", is_change=True),
    RankColumn("view_sessions", "Sessions", is_wide=True),
    RankColumn("cart_adds", "Cart adds", is_wide=True),
    RankColumn("view_to_cart", "View to cart", "percent", is_wide=True),
    RankColumn("units", "Units", is_wide=True),
    RankColumn("revenue", "Revenue", "money", is_wide=True),
)


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    by = choice("by", "Group by", {"" if key == "product" else key: f"By {key}" for key in BY}, _by(view))
    return TagList(
        tags.h1("Products", class_="unseen"),
        panel(
            TagList("Product views", chart_unit(), by),
            echart_ui(module.resolve_id("series")),
            chart_table(),
            tools=chart_tools(),
            about="product_view events in these days: a line for each of the five largest; (other) is the rest.",
        ),
        panel("Ranking", placeholder(module.resolve_id("ranking"), skeleton(PAGE_SIZE)), about=definitions.PRODUCTS),
        panel(
            "Bought together",
            placeholder(module.resolve_id("pairs"), skeleton(PAIRS), class_="ways"),
            about=definitions.BOUGHT_TOGETHER,
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    split = state.query(PAGE, _split_queries, "series")
    table = state.query(PAGE, _table_queries, "ranking")
    together = state.query(PAGE, _pair_queries, "pairs")
    colour_order = state.dimension_values(
        PAGE, lambda context: (_DIMENSIONS[_by(context.view)], _all_days(state, context), COLOURS)
    )

    @output
    @render_echart
    def series() -> Chart:
        known = colour_order.outcome()
        order = [] if isinstance(known, ClickstreamError) else [value for value, _ in known]

        ranked = table.outcome()
        names = {} if isinstance(ranked, ClickstreamError) else _names(ranked[0])

        def drawn(answers: list[Answer]) -> Chart:
            chart = split_trend(answers[0], "Product views", order, lambda value: names.get(value, value))
            return linked(chart, state.view(), OUTPUT, answers[0], split_groups(answers[0], order))

        return chart_or_failure(split, "Product views", drawn)

    @output
    @render.ui
    def ranking() -> TagChild:
        return content_or_failure(table, "Ranking", lambda answers: _ranking(state.view(), answers[0]))

    @output
    @render.ui
    def pairs() -> TagChild:
        return content_or_failure(together, "Bought together", lambda answers: _pairs(state.view(), answers[0]))


def _names(answer: Answer) -> dict[str, str]:
    """Return what the values of a ranking are called, for those with a name."""
    return {row["value"]: row["name"] for row in answer.dicts() if row.get("name")}


def _by(view: View) -> str:
    return view.option("by", BY, "product")


def _table_queries(context: QueryContext) -> list[MetricQuery]:
    return [("products", context.question(limit=MAX_ROWS, by=_by(context.view)))]


def _split_queries(context: QueryContext) -> list[MetricQuery]:
    unit = default_unit((context.days.end - context.days.first).days)
    question = context.question(metric="views", by=unit, split=_DIMENSIONS[_by(context.view)])
    return [("time_series", replace(question, compare="none"))]


def _all_days(state: PageState, context: QueryContext) -> Days:
    """Return all days with data: a value's colour depends on them and not on the days on screen."""
    span = state.span.outcome()
    return span if isinstance(span, Days) else context.days


def _ranking(view: View, answer: Answer) -> TagChild:
    by = _by(view)
    empty, explained = f"No events with a {by} in these days.", row_link(view, "products-ranking")
    layout = Listing(BY[by], lambda row: _name(view, by, row), COLUMNS, empty, explained)
    return listing(view, answer, layout)


def _name(view: View, by: str, row: Row) -> TagChild:
    return product_name(view, row) if by == "product" else value_name(view, _DIMENSIONS[by], row)


def _pair_queries(context: QueryContext) -> list[MetricQuery]:
    return [("bought_together", replace(context.question(limit=PAIRS), compare="none"))]


def _pairs(view: View, answer: Answer) -> TagChild:
    rows, large = answer.dicts(), answer.meta["large_orders"]
    left_out = f" Orders of more than 100 products are left out: {exact(large)}." if large else ""
    if not rows:
        return empty_note(f"No two products are in the same three orders or more in these days.{left_out}")
    total = answer.meta["total_rows"]
    count = f"The {len(rows)} most frequent of {exact(total)} pairs." if total > len(rows) else ""
    note = tags.p(f"{count}{left_out}".strip(), class_="caption") if count or left_out else None
    return TagList(note, ranking_table(rows, Ranking("Products", lambda row: _pair(view, row), _PAIR, bar="orders")))


def _pair(view: View, row: Row) -> Tag:
    """Return the two products of a pair; a click on one filters by it."""
    names = [
        value_name(view, "product_id", {"value": row[f"product_{side}"], "name": row[f"name_{side}"]}) for side in "ab"
    ]
    return tags.span(names[0], tags.span("+", class_="quiet"), names[1], class_="way")
