"""Products: what is looked at, by product, category or brand.

A line for each of the five largest, and a ranking that is sorted here, on the server, 20 rows at a time.
"""

from __future__ import annotations

from dataclasses import replace

from htmltools import TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import formats, words
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table, sort_rows
from clickstream.dashboard.charts.trend import split_trend
from clickstream.dashboard.panel import (
    chart_table,
    chart_tools,
    chart_unit,
    choice,
    drawn,
    nothing,
    panel,
    place,
    product_name,
    shown,
    skeleton,
    value_name,
)
from clickstream.dashboard.state import Ask, Ground, PageState
from clickstream.dashboard.view import Days, View
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import default_unit

PAGE = "products"
BY = {"product": "Product", "category": "Category", "brand": "Brand"}
STEP = 20
MOST = 10_000  # rows that are sorted here; a metric answers no more at once
COLOURS = 6  # values that have a colour of their own
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
SORTS = tuple(dict.fromkeys(column.key for column in COLUMNS))


@module.ui
def page_ui(view: View) -> TagList:
    """The page before its first answer."""
    by = choice("by", "Group by", {"" if key == "product" else key: f"By {key}" for key in BY}, _by(view))
    return TagList(
        tags.h1("Products", class_="unseen"),
        panel(
            TagList("Product views", chart_unit(), by),
            echart_ui(module.resolve_id("series")),
            chart_table(),
            tools=chart_tools(),
            about="product_view events in these days. The five largest have their own line; the rest is (other).",
        ),
        panel("Ranking", place(module.resolve_id("ranking"), skeleton(STEP)), about=words.PRODUCTS),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Ask for the page and draw what comes."""
    split = state.ask(PAGE, _split_asks)
    table = state.ask(PAGE, lambda ground: [("products", ground.question(limit=MOST, by=_by(ground.view)))])
    coloured = state.values(PAGE, lambda ground: (_DIMENSIONS[_by(ground.view)], _all_days(state, ground), COLOURS))

    @output
    @render_echart
    def series() -> Chart:
        known = coloured.outcome()
        order = [] if isinstance(known, ClickstreamError) else [value for value, _ in known]
        return drawn(split, "Product views", lambda answers: split_trend(answers[0], "Product views", order))

    @output
    @render.ui
    def ranking() -> TagChild:
        return shown(table, "The ranking", lambda answers: _ranking(state.view(), answers[0]))


def _by(view: View) -> str:
    return view.option("by", BY, "product")


def _split_asks(ground: Ground) -> list[Ask]:
    unit = default_unit((ground.days.end - ground.days.first).days)
    question = ground.question(metric="views", by=unit, split=_DIMENSIONS[_by(ground.view)])
    return [("time_series", replace(question, compare="none"))]


def _all_days(state: PageState, ground: Ground) -> Days:
    """Colours go by all days with data, so that a value keeps its own whatever days are on screen."""
    span = state.span.outcome()
    return span if isinstance(span, Days) else ground.days


def _ranking(view: View, answer: Answer) -> TagChild:
    by, sort = _by(view), view.option("sort", SORTS, "views")
    shown_rows = int(rows) if (rows := dict(view.options).get("rows", "")).isdecimal() else STEP
    rows_by_size = sort_rows(answer.dicts(), sort)
    if not rows_by_size:
        return nothing(f"No event in these days names a {by}.")
    drawn_as = Ranking(BY[by], lambda row: _name(view, by, row), COLUMNS, sort, lambda key: _sorted_by(view, key))
    return TagList(
        ranking_table(rows_by_size[:shown_rows], drawn_as, sort),
        _more(view, shown_rows, answer.meta["total_rows"]),
    )


def _name(view: View, by: str, row: Row) -> TagChild:
    return product_name(view, row) if by == "product" else value_name(view, _DIMENSIONS[by], row)


def _sorted_by(view: View, key: str) -> str:
    return view.with_option(sort="" if key == "views" else key).query()


def _more(view: View, shown_rows: int, total: int) -> TagChild:
    """How many rows there are, and a way to see the next."""
    count = tags.span(f"{formats.exact(min(shown_rows, total))} of {formats.exact(total)}", class_="quiet")
    if shown_rows >= total:
        return tags.p(count, class_="more")
    link = view.with_option(rows=str(shown_rows + STEP)).query()
    return tags.p(count, tags.a("Show more", href=link, class_="button", data_key="more"), class_="more")
