"""Overview: is it going well, what changed, and where?

Key figures with their change and a sparkline, one of them over time (a click on its card chooses it), what moved, and
the largest products, channels, categories, countries and devices. Every row is a filter. As soon as an order exists,
the figures of a shop (revenue, orders, conversion rate) replace the general ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LiveResult, MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, change_mark, in_currency, ranking_table
from clickstream.dashboard.charts.series import Measure
from clickstream.dashboard.charts.trend import spark, trend
from clickstream.dashboard.definitions import Figure
from clickstream.dashboard.drawings.movers import movers_list
from clickstream.dashboard.explain.links import linked, row_link
from clickstream.dashboard.panel import (
    chart_or_failure,
    chart_table,
    chart_tools,
    chart_unit,
    choice,
    content_or_failure,
    empty_note,
    explain,
    panel,
    placeholder,
    product_name,
    skeleton,
    value_name,
)
from clickstream.dashboard.view import FILTERS, Days, View
from clickstream.errors import ClickstreamError
from clickstream.metrics.behaviour.movers import METRIC_NAMES as MOVED
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import default_unit

PAGE = "overview"
OUTPUT = "overview-series"
ROWS = 8
MOVERS = 6
_SPARKS = [figure for figure in definitions.FIGURES if figure.has_series]
_METRICS = {"" if key == "sessions" else key: label for key, (label, _) in definitions.SERIES.items()}
_VIEWS = (RankColumn("views", "Views"), RankColumn("views", "Change", is_change=True))
_SOLD = (RankColumn("revenue", "Revenue", "money"), RankColumn("revenue", "Change", "money", is_change=True))
_SESSIONS = (RankColumn("sessions", "Sessions"), RankColumn("sessions", "Change", is_change=True))

_CHANNEL = (
    *_SESSIONS,
    RankColumn("conversion_rate", "Converted", "percent", is_wide=True),
    RankColumn("revenue", "Revenue", "money", is_wide=True),
)


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer: the final layout, with grey areas for the numbers."""
    metric = view.option("metric", definitions.SERIES, "")
    return TagList(
        tags.h1("Overview", class_="unseen"),
        tags.div(*(_card(figure) for figure in definitions.FIGURES), class_="cards"),
        panel(
            TagList(choice("metric", "Figure", _METRICS, metric), chart_unit()),
            echart_ui(module.resolve_id("series")),
            chart_table(),
            span=8,
            tools=chart_tools(),
            about=definitions.TIME_SERIES,
        ),
        panel(
            "What moved",
            placeholder(module.resolve_id("movers"), skeleton(MOVERS)),
            span=4,
            about=definitions.MOVERS,
        ),
        panel(
            "Top products",
            placeholder(module.resolve_id("products"), skeleton(ROWS)),
            span=6,
            tools=tags.a("All products", href="?page=products", data_page="products"),
            about=definitions.PRODUCTS,
        ),
        panel(
            "Channels", placeholder(module.resolve_id("channels"), skeleton(ROWS)), span=6, about=definitions.CHANNELS
        ),
        panel(
            "Categories",
            placeholder(module.resolve_id("categories"), skeleton(4)),
            span=4,
            about=definitions.CATEGORIES,
        ),
        panel(
            "Countries", placeholder(module.resolve_id("countries"), skeleton(4)), span=4, about=definitions.COUNTRIES
        ),
        panel("Devices", placeholder(module.resolve_id("devices"), skeleton(4)), span=4, about=definitions.DEVICES),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    cards = {f"card_{figure.key}": figure.key for figure in definitions.FIGURES}
    figures = state.query(PAGE, lambda context: [("overview", context.question())], cards)
    sparks = state.query(PAGE, lambda context: [_series_query(context, figure.key) for figure in _SPARKS])
    over_time = state.query(PAGE, _trend_queries, "series")
    moved = state.query(PAGE, _movers_queries, "movers")
    sold_products = state.query(PAGE, lambda context: [("products", context.question(limit=ROWS, by="product"))])
    for figure in definitions.FIGURES:
        _draw_card(output, figure, figures, sparks)

    @output
    @render_echart
    def series() -> Chart:
        measure = Measure(*definitions.SERIES[_metric(state.view())])
        span = state.span.outcome()
        since = span.first if isinstance(span, Days) else None

        def drawn(answers: list[Answer]) -> Chart:
            return linked(trend(answers, measure, since), state.view(), OUTPUT, answers[0])

        return chart_or_failure(over_time, measure.title, drawn)

    @output
    @render.ui
    def movers() -> TagChild:
        view, span = state.view(), state.span.outcome()
        if view.compare == "none":
            return _no_comparison(view)
        since = span.first if isinstance(span, Days) else None
        sold = sold_products.outcome()
        names = {} if isinstance(sold, ClickstreamError) else {row["value"]: row["name"] for row in sold[0].dicts()}
        return content_or_failure(moved, "What moved", lambda answers: _movers(view, answers, since, names))

    _draw_rankings(output, state)


def _draw_rankings(output: Outputs, state: PageState) -> None:
    def draw(id: str, title: str, metric: str, by: str, drawn_as: Callable[[View, Answer], Ranking]) -> None:
        found = state.query(PAGE, lambda context: [(metric, context.question(limit=ROWS, by=by))], id)

        def drawn(answers: list[Answer]) -> TagChild:
            return _ranked(answers[0], drawn_as(state.view(), answers[0]))

        @output(id=id)
        @render.ui
        def ranking() -> TagChild:
            return content_or_failure(found, title, drawn)

    def by_channel(view: View, answer: Answer) -> Ranking:
        return _by_sessions(view, "channel", "Channel", "channels", _in_currency(_CHANNEL, answer))

    def by_product(view: View, answer: Answer) -> Ranking:
        return _by_sales(answer, "Product", lambda row: product_name(view, row))

    def by_category(view: View, answer: Answer) -> Ranking:
        return _by_sales(answer, "Category", lambda row: value_name(view, "category", row))

    def by_device(view: View, _answer: Answer) -> Ranking:
        return _by_sessions(view, "device_type", "Device", "devices", _SESSIONS)

    def by_country(view: View, _answer: Answer) -> Ranking:
        return _by_sessions(view, "country", "Country", "countries", _SESSIONS)

    draw("products", "Top products", "products", "product", by_product)
    draw("channels", "Channels", "acquisition", "channel", by_channel)
    draw("categories", "Categories", "products", "category", by_category)
    draw("devices", "Devices", "devices", "device_type", by_device)
    draw("countries", "Countries", "devices", "country", by_country)


def _metric(view: View) -> str:
    return view.option("metric", definitions.SERIES, "sessions")


def _series_query(context: QueryContext, metric: str) -> MetricQuery:
    """Return the query for a figure over the days of `context`; the size of buckets depends on the days on screen."""
    unit = default_unit((context.days.end - context.days.first).days)
    return "time_series", replace(context.question(metric=metric, by=unit), compare="none")


def _trend_queries(context: QueryContext) -> list[MetricQuery]:
    """Return the queries for the chosen figure, in the days on screen and in the comparison period."""
    earlier = context.earlier_days()
    contexts = [context, *([replace(context, days=earlier)] if earlier else [])]
    return [_series_query(each, _metric(context.view)) for each in contexts]


def _movers_queries(context: QueryContext) -> list[MetricQuery]:
    """Return the question to `movers`, which refuses to answer without a comparison."""
    if context.view.compare == "none":
        return []
    return [("movers", context.question(limit=MOVERS, metric=_moved_metric(context.view)))]


def _moved_metric(view: View) -> str:
    """Return the figure of the chart, or sessions if `movers` does not have it."""
    metric = _metric(view)
    return metric if metric in MOVED else "sessions"


def _movers(view: View, answers: list[Answer], since: date | None, names: Mapping[str, str | None]) -> TagChild:
    """Draw what moved, or why nothing did. since: the first day with data. names: of products, where known."""
    if not answers:  # a comparison was chosen a moment ago
        return None
    answer, compared = answers[0], answers[0].meta["compare"]
    earlier = formats.days(compared["from"], compared["to"] - timedelta(days=1))
    if since is not None and compared["to"] <= since:
        return empty_note(f"No data from the comparison period ({earlier}): nothing to compare with.")
    measure = Measure(*definitions.SERIES[_moved_metric(view)])
    if measure.kind == "money":
        measure = replace(measure, currency=answer.meta["currency"])
    if not answer.rows:
        return empty_note(_nothing_moved(measure))
    is_cut = since is not None and compared["from"] < since
    begun = f" Data begins on {formats.day(since)}, so increases are partly due to that." if since and is_cut else ""
    return TagList(
        tags.p(f"{measure.title} compared with {earlier}.{begun}", class_="caption"),
        movers_list(answer.dicts(), measure, lambda row: _mover_name(view, row, names)),
    )


def _mover_name(view: View, row: Row, names: Mapping[str, str | None]) -> Tag:
    is_product = row["dimension"] == "product"
    name = "product_id" if is_product else row["dimension"]
    named = {"value": row["value"], "name": names.get(row["value"]) if is_product else None}
    return value_name(view, name, named, tags.span(FILTERS[name], class_="quiet"))


def _nothing_moved(measure: Measure) -> str:
    counted = "orders" if measure.kind == "money" else measure.title.lower()
    return (
        "Nothing moved by more than chance explains: no channel, campaign, page, device or country changed by at least "
        f"10 {counted}, by 5 %, and by three standard deviations."
    )


def _no_comparison(view: View) -> Tag:
    link = tags.a("Compare with the previous period", href=replace(view, compare="previous").query())
    return tags.p(tags.span("No comparison is chosen. ", link), class_="nothing")


def _card(figure: Figure) -> Tag:
    """Return the card of a figure. A click on it chooses the figure of the chart (static/dashboard.js)."""
    choice_button: TagChild = figure.label
    if figure.key in definitions.SERIES:
        choice_button = tags.button(
            figure.label, type="button", class_="card-choice", aria_pressed="false", title="Show over time"
        )
    label = tags.h2(choice_button)
    figure_place = placeholder(
        module.resolve_id(f"card_{figure.key}"), tags.div(class_="skeleton figure-skeleton"), class_="figure"
    )
    return tags.section(
        tags.header(label, explain(figure.definition, figure.label)),
        figure_place,
        class_=f"card {figure.shown_with}".strip(),
        data_metric=figure.key if figure.key in definitions.SERIES else None,
    )


def _draw_card(
    output: Outputs, figure: Figure, figures: LiveResult[list[Answer]], sparks: LiveResult[list[Answer]]
) -> None:
    # Also while hidden: the style sheet shows or hides cards by the content of the first one.
    @output(id=f"card_{figure.key}", suspend_when_hidden=False)
    @render.ui
    def card() -> TagChild:
        found, days = figures.outcome(), sparks.outcome()
        if isinstance(found, ClickstreamError):  # the message is shown once, above the page
            return TagList(
                tags.span(formats.NONE, class_="value", title=str(found)), tags.p("not available", class_="caption")
            )
        row, has_orders = found[0].dicts()[0], found[0].meta["currency"] is not None
        return TagList(
            *_figure(figure, row),
            [] if isinstance(days, ClickstreamError) else _shape(figure, row, days),
            tags.i(class_="has-orders", hidden=True) if has_orders else None,
        )


def _figure(figure: Figure, row: Row) -> tuple[Tag, Tag]:
    """Draw the figure, and its change if there was an event in the comparison period."""
    value, previous = row[figure.key], f"{figure.key}_previous"
    currency = row["currency"] if figure.kind == "money" else None
    text = formats.short(value, figure.kind, currency)
    change = change_mark(value, row[previous], figure.kind, currency) if row.get("events_previous") else None
    return (
        tags.span(
            text,
            tags.span(f"\u00a0{currency}", class_="currency") if currency else None,
            class_="value",
            title=formats.exact(value, figure.kind, currency),
        ),
        tags.div(change, class_="change-line"),
    )


def _shape(figure: Figure, row: Row, days: list[Answer]) -> TagChild:
    """Draw the figure's sparkline, or its caption."""
    if figure.caption is None:
        return spark(days[_SPARKS.index(figure)])
    key, text = figure.caption
    if row[key] is None:
        return None
    return tags.p(text.format(formats.short(row[key], figure.caption_kind or figure.kind)), class_="caption")


def _by_sales(answer: Answer, head: str, name: Callable[[Row], TagChild]) -> Ranking:
    """Rank by revenue, in the order of the answer; by views if nothing was sold."""
    if any(row["revenue"] for row in answer.dicts()):
        return Ranking(head, name, _in_currency(_SOLD, answer), bar="revenue")
    return Ranking(head, name, _VIEWS, bar="views")


def _by_sessions(view: View, dimension: str, head: str, output: str, columns: Sequence[RankColumn]) -> Ranking:
    """Rank the values of a dimension by sessions."""
    explained = row_link(view, f"{PAGE}-{output}")
    return Ranking(head, lambda row: value_name(view, dimension, row), columns, bar="sessions", explained=explained)


def _in_currency(columns: Sequence[RankColumn], answer: Answer) -> list[RankColumn]:
    """Return the columns in the answer's currency, which is the title of those with amounts."""
    return [
        replace(column, label=column.currency) if column.currency and not column.is_change else column
        for column in in_currency(columns, answer.meta["currency"])
    ]


def _ranked(answer: Answer, ranking: Ranking) -> Tag:
    """Draw the rows of an answer as a ranking, without rows whose value is 0."""
    rows = [row for row in answer.dicts() if row[ranking.bar]]
    if not rows:
        return empty_note(f"No {ranking.bar} with a {ranking.head.lower()} in these days.")
    return ranking_table(rows, ranking)
