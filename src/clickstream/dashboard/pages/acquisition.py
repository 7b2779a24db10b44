"""Acquisition: which channels, sources and campaigns bring visits, and which of these visits lead to orders.

A chart with a line for each of the five largest groups, one long ranking, the models of attribution side by side, and
the devices and countries of the visits.
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
from clickstream.dashboard.drawings.attribution import by_value, model_table
from clickstream.dashboard.explain.links import linked, row_link
from clickstream.dashboard.listing import MAX_ROWS, PAGE_SIZE, Listing, listing, more_rows, shown_rows
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
    skeleton,
    value_name,
)
from clickstream.dashboard.view import View
from clickstream.dashboard.words import in_words
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import default_unit

PAGE = "acquisition"
OUTPUT = "acquisition-series"
BY = {
    "channel": "Channel",
    "source": "Source",
    "medium": "Medium",
    "campaign": "Campaign",
    "referrer_domain": "Referrer",
    "new_returning": "First or return visit",
}
ROWS = 8
COLOURS = 6  # number of values with a separate colour
COLUMNS = (
    RankColumn("sessions", "Sessions"),
    RankColumn("sessions", "Change", is_change=True),
    RankColumn("visitors", "Visitors", is_wide=True),
    RankColumn("new_sessions", "First visits", is_wide=True),
    RankColumn("bounce_rate", "Bounced", "percent", is_wide=True),
    RankColumn("avg_session_s", "Average", "seconds", is_wide=True),
    RankColumn("cart_sessions", "With cart", is_wide=True),
    RankColumn("orders", "Orders", is_wide=True),
    RankColumn("conversion_rate", "Converted", "percent", is_wide=True),
    RankColumn("revenue", "Revenue", "money", is_wide=True),
)
CREDITED = {name: BY[name] for name in ("channel", "source", "medium", "campaign")}
LOOKBACKS = {"7": "7 days", "14": "14 days", "30": "30 days", "60": "60 days", "90": "90 days"}
DEFAULT_LOOKBACK = "30"
UNOBSERVED = "(unobserved)"
PANELS = {"device_type": "Devices", "browser": "Browsers", "os": "Systems", "country": "Countries"}
_FEW = (RankColumn("sessions", "Sessions"), RankColumn("sessions", "Change", is_change=True))


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    by = choice(
        "by", "Group sessions by", {"" if key == "channel" else key: label for key, label in BY.items()}, _by(view)
    )
    return TagList(
        tags.h1("Acquisition", class_="unseen"),
        panel(
            TagList("Sessions by", by, chart_unit()),
            echart_ui(module.resolve_id("series")),
            chart_table(),
            tools=chart_tools(),
            about=definitions.ACQUISITION_SERIES,
        ),
        panel(
            "Where visits come from",
            placeholder(module.resolve_id("ranking"), skeleton(PAGE_SIZE)),
            about=definitions.ACQUISITION,
        ),
        panel(
            TagList(
                "Orders earned by",
                _choice("credit", "Divide orders by", CREDITED, _credited(view)),
                "from visits up to",
                _choice("lookback", "How far back visits count", LOOKBACKS, _lookback(view)),
                "before",
            ),
            placeholder(module.resolve_id("attribution"), skeleton(ROWS)),
            tools=chart_tools(left_out=("table", "png")),
            about=definitions.ATTRIBUTION,
        ),
        *(
            panel(
                title,
                placeholder(module.resolve_id(dimension), skeleton(ROWS)),
                span=6,
                about=definitions.COUNTRIES if dimension == "country" else definitions.DEVICES,
            )
            for dimension, title in PANELS.items()
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    over_time = state.query(PAGE, _series_queries, "series")
    table = state.query(PAGE, _table_queries, "ranking")
    earned = state.query(PAGE, lambda context: [_attribution_query(context)], "attribution")
    colour_order = state.dimension_values(PAGE, lambda context: (_dimension(context.view), context.days, COLOURS))

    @output
    @render_echart
    def series() -> Chart:
        dimension = _dimension(state.view())
        known = colour_order.outcome()
        order = [] if isinstance(known, ClickstreamError) else [value for value, _ in known]

        def drawn(answers: list[Answer]) -> Chart:
            chart = split_trend(answers[0], "Sessions", order, lambda value: in_words(dimension, value))
            return linked(chart, state.view(), OUTPUT, answers[0], split_groups(answers[0], order))

        return chart_or_failure(over_time, "Sessions", drawn)

    @output
    @render.ui
    def ranking() -> TagChild:
        view = state.view()
        explained = row_link(view, "acquisition-ranking") if _by(view) != "new_returning" else None
        layout = Listing(BY[_by(view)], lambda row: _name(view, row), COLUMNS, "No sessions in these days.", explained)
        return content_or_failure(table, "The ranking", lambda answers: listing(view, answers[0], layout))

    @output
    @render.ui
    def attribution() -> TagChild:
        return content_or_failure(earned, "Attribution", lambda answers: _attribution(state.view(), answers[0]))

    for dimension, title in PANELS.items():
        _draw_panel(output, state, dimension, title)


def _draw_panel(output: Outputs, state: PageState, dimension: str, title: str) -> None:
    found = state.query(PAGE, lambda context: [("devices", context.question(limit=ROWS, by=dimension))], dimension)

    def drawn(answer: Answer) -> TagChild:
        rows = [row for row in answer.dicts() if row["sessions"]]
        head = title.removesuffix("s") if dimension != "country" else "Country"
        explained = row_link(state.view(), f"{PAGE}-{dimension}")
        layout = Ranking(
            head, lambda row: value_name(state.view(), dimension, row), _FEW, bar="sessions", explained=explained
        )
        return ranking_table(rows, layout) if rows else empty_note("No sessions in these days.")

    @output(id=dimension)
    @render.ui
    def small() -> TagChild:
        return content_or_failure(found, title, lambda answers: drawn(answers[0]))


def _by(view: View) -> str:
    return view.option("by", BY, "channel")


def _credited(view: View) -> str:
    return view.option("credit", CREDITED, "channel")


def _lookback(view: View) -> str:
    return view.option("lookback", LOOKBACKS, DEFAULT_LOOKBACK)


def _choice(name: str, label: str, choices: dict[str, str], chosen: str) -> Tag:
    """Return a select box whose default, not written in the address, is `channel` or the default look-back."""
    defaults = ("channel", DEFAULT_LOOKBACK)
    options = {"" if value in defaults else value: text for value, text in choices.items()}
    return choice(name, label, options, "" if chosen in defaults else chosen)


def _attribution_query(context: QueryContext) -> MetricQuery:
    options = {"by": _credited(context.view), "lookback": _lookback(context.view)}
    return "attribution", replace(context.question(limit=MAX_ROWS, **options), compare="none")


def _attribution(view: View, answer: Answer) -> TagChild:
    by, shown, total = _credited(view), shown_rows(view), len(by_value(answer))
    if not total:
        return empty_note("No orders in these days, so there is nothing to divide.")

    def name(row: Row) -> TagChild:
        return "Visits unknown" if row["value"] == UNOBSERVED else value_name(view, by, row)

    currency = answer.meta["currency"]
    about = f"Orders that each model gives to a {CREDITED[by].lower()}; below them, the revenue in {currency}."
    more = more_rows(view, min(shown, total), total) if total > shown else None
    return TagList(tags.p(about, class_="caption"), model_table(answer, shown, CREDITED[by], name), more)


def _dimension(view: View) -> str:
    """Return the dimension of the chart: first and return visits have none, their chart is by channel."""
    by = _by(view)
    return "channel" if by == "new_returning" else by


def _table_queries(context: QueryContext) -> list[MetricQuery]:
    return [("acquisition", context.question(limit=MAX_ROWS, by=_by(context.view)))]


def _series_queries(context: QueryContext) -> list[MetricQuery]:
    unit = default_unit((context.days.end - context.days.first).days)
    question = context.question(metric="sessions", by=unit, split=_dimension(context.view))
    return [("time_series", replace(question, compare="none"))]


def _name(view: View, row: Row) -> TagChild:
    by = _by(view)
    return in_words(by, row["value"]) if by == "new_returning" else value_name(view, by, row)
