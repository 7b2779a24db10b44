"""Overview: is it going well, what changed, and where.

Key figures with their change and their days, one figure over time, and the largest products, channels, categories,
countries and devices. Every row is a filter. A shop's own figures (revenue, orders, conversion) take the place of plain
ones as soon as an order is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import formats, words
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, change_mark, ranking_table
from clickstream.dashboard.charts.trend import spark, trend
from clickstream.dashboard.panel import (
    chart_table,
    chart_tools,
    chart_unit,
    choice,
    drawn,
    explain,
    nothing,
    panel,
    place,
    product_name,
    shown,
    skeleton,
    value_name,
)
from clickstream.dashboard.state import Ask, Asked, Ground, PageState
from clickstream.dashboard.view import Days, View
from clickstream.dashboard.words import Figure
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import default_unit

PAGE = "overview"
ROWS = 8
_SPARKS = [figure for figure in words.FIGURES if figure.has_series]
_METRICS = {"" if key == "sessions" else key: label for key, (label, _) in words.SERIES.items()}
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
    """The page before its first answer: everything in its place, grey where numbers will stand."""
    metric = view.option("metric", words.SERIES, "")
    return TagList(
        tags.h1("Overview", class_="unseen"),
        tags.div(*(_card(figure) for figure in words.FIGURES), class_="cards"),
        panel(
            TagList(choice("metric", "Figure", _METRICS, metric), chart_unit()),
            echart_ui(module.resolve_id("series")),
            chart_table(),
            tools=chart_tools(),
            about=words.TIME_SERIES,
        ),
        panel(
            "Top products",
            place(module.resolve_id("products"), skeleton(ROWS)),
            span=6,
            tools=tags.a("All products", href="?page=products", data_page="products"),
            about=words.PRODUCTS,
        ),
        panel("Channels", place(module.resolve_id("channels"), skeleton(ROWS)), span=6, about=words.CHANNELS),
        panel("Categories", place(module.resolve_id("categories"), skeleton(4)), span=4, about=words.CATEGORIES),
        panel("Countries", place(module.resolve_id("countries"), skeleton(4)), span=4, about=words.COUNTRIES),
        panel("Devices", place(module.resolve_id("devices"), skeleton(4)), span=4, about=words.DEVICES),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Ask for the page and draw what comes."""
    figures = state.ask(PAGE, lambda ground: [("overview", ground.question())])
    sparks = state.ask(PAGE, lambda ground: [_series_ask(ground, figure.key) for figure in _SPARKS])
    over_time = state.ask(PAGE, _trend_asks)
    by_product = state.ask(PAGE, lambda ground: [("products", ground.question(limit=ROWS))])
    by_category = state.ask(PAGE, lambda ground: [("products", ground.question(limit=ROWS, by="category"))])
    by_channel = state.ask(PAGE, lambda ground: [("acquisition", ground.question(limit=ROWS, by="channel"))])
    by_device = state.ask(PAGE, lambda ground: [("devices", ground.question(limit=ROWS, by="device_type"))])
    by_country = state.ask(PAGE, lambda ground: [("devices", ground.question(limit=ROWS, by="country"))])

    for figure in words.FIGURES:
        _draw_card(output, figure, figures, sparks)

    @output
    @render_echart
    def series() -> Chart:
        title, kind = words.SERIES[_metric(state.view())]
        span = state.span.outcome()
        since = span.first if isinstance(span, Days) else None
        return drawn(over_time, title, lambda answers: trend(answers, title, kind, since))

    @output
    @render.ui
    def products() -> TagChild:
        def drawn_as(answer: Answer) -> Ranking:
            return _by_sales(answer, "Product", lambda row: product_name(state.view(), row))

        return shown(by_product, "Top products", lambda answers: _ranked(answers[0], drawn_as(answers[0])))

    @output
    @render.ui
    def channels() -> TagChild:
        def drawn_as(answer: Answer) -> Ranking:
            columns = _in_currency(_CHANNEL, answer)
            return Ranking("Channel", lambda row: value_name(state.view(), "channel", row), columns, bar="sessions")

        return shown(by_channel, "Channels", lambda answers: _ranked(answers[0], drawn_as(answers[0])))

    @output
    @render.ui
    def devices() -> TagChild:
        ranking = Ranking("Device", lambda row: value_name(state.view(), "device_type", row), _SESSIONS, bar="sessions")
        return shown(by_device, "Devices", lambda answers: _ranked(answers[0], ranking))

    @output
    @render.ui
    def categories() -> TagChild:
        def drawn_as(answer: Answer) -> Ranking:
            return _by_sales(answer, "Category", lambda row: value_name(state.view(), "category", row))

        return shown(by_category, "Categories", lambda answers: _ranked(answers[0], drawn_as(answers[0])))

    @output
    @render.ui
    def countries() -> TagChild:
        ranking = Ranking("Country", lambda row: value_name(state.view(), "country", row), _SESSIONS, bar="sessions")
        return shown(by_country, "Countries", lambda answers: _ranked(answers[0], ranking))


def _metric(view: View) -> str:
    return view.option("metric", words.SERIES, "sessions")


def _series_ask(ground: Ground, metric: str) -> Ask:
    """A figure over the days of `ground`; its buckets are those that suit the days on screen."""
    unit = default_unit((ground.days.end - ground.days.first).days)
    return "time_series", replace(ground.question(metric=metric, by=unit), compare="none")


def _trend_asks(ground: Ground) -> list[Ask]:
    """The chosen figure, and the same for the days compared with."""
    earlier = ground.earlier_days()
    grounds = [ground, *([replace(ground, days=earlier)] if earlier else [])]
    return [_series_ask(each, _metric(ground.view)) for each in grounds]


def _card(figure: Figure) -> Tag:
    label = tags.h2(figure.label)
    figure_place = place(
        module.resolve_id(f"card_{figure.key}"), tags.div(class_="skeleton figure-skeleton"), class_="figure"
    )
    return tags.section(
        tags.header(label, explain(figure.definition)), figure_place, class_=f"card {figure.ware}".strip()
    )


def _draw_card(output: Outputs, figure: Figure, figures: Asked[list[Answer]], sparks: Asked[list[Answer]]) -> None:
    # Also while it is not shown: whether it is, the style sheet decides by what the first card says.
    @output(id=f"card_{figure.key}", suspend_when_hidden=False)
    @render.ui
    def card() -> TagChild:
        found, days = figures.outcome(), sparks.outcome()
        if isinstance(found, ClickstreamError):  # said once, over the page
            return TagList(
                tags.span(formats.NONE, class_="value", title=str(found)), tags.p("not readable", class_="beside")
            )
        row, has_orders = found[0].dicts()[0], found[0].meta["currency"] is not None
        return TagList(
            *_figure(figure, row),
            [] if isinstance(days, ClickstreamError) else _shape(figure, row, days),
            tags.i(class_="has-orders", hidden=True) if has_orders else None,
        )


def _figure(figure: Figure, row: Row) -> tuple[Tag, Tag]:
    """The figure, and its change where there was anything before."""
    value, previous = row[figure.key], f"{figure.key}_previous"
    text = formats.short(value, figure.kind)
    change = change_mark(value, row[previous], figure.kind) if row.get("events_previous") else None
    currency = row["currency"] if figure.kind == "money" else None
    return (
        tags.span(
            text,
            tags.span(f"\u00a0{currency}", class_="currency") if currency else None,
            class_="value",
            title=" ".join(filter(None, (formats.exact(value, figure.kind), currency))),
        ),
        tags.div(change, class_="change-line"),
    )


def _shape(figure: Figure, row: Row, days: list[Answer]) -> TagChild:
    """The figure's days as a sparkline, or the word that stands in its place."""
    if figure.beside is None:
        return spark(days[_SPARKS.index(figure)])
    key, text = figure.beside
    if row[key] is None:
        return None
    return tags.p(text.format(formats.short(row[key], figure.beside_kind or figure.kind)), class_="beside")


def _by_sales(answer: Answer, head: str, name: Callable[[Row], TagChild]) -> Ranking:
    """By revenue, in the order of the answer; by views while nothing of it is sold."""
    if any(row["revenue"] for row in answer.dicts()):
        return Ranking(head, name, _in_currency(_SOLD, answer), bar="revenue")
    return Ranking(head, name, _VIEWS, bar="views")


def _in_currency(columns: Sequence[RankColumn], answer: Answer) -> list[RankColumn]:
    """The columns, those of money with its currency for a head."""
    code = answer.meta["currency"]
    return [
        replace(column, label=code or column.label) if column.kind == "money" and not column.is_change else column
        for column in columns
    ]


def _ranked(answer: Answer, ranking: Ranking) -> Tag:
    """The rows of an answer as a ranking; those without any of what is ranked are left out."""
    rows = [row for row in answer.dicts() if row[ranking.bar]]
    if not rows:
        return nothing(f"No {ranking.bar} in these days name a {ranking.head.lower()}.")
    return ranking_table(rows, ranking)
