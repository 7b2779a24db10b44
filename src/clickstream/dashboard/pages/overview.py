"""Overview: is it going well, what changed, and where.

Key figures with their change and their days, one figure over time, and the largest products, categories and
countries. Every row is a filter.
"""

from __future__ import annotations

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
_SESSIONS = (RankColumn("sessions", "Sessions"), RankColumn("sessions", "Change", is_change=True))


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
        panel("Categories", place(module.resolve_id("categories"), skeleton(4)), span=3, about=words.CATEGORIES),
        panel("Countries", place(module.resolve_id("countries"), skeleton(ROWS)), span=3, about=words.COUNTRIES),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Ask for the page and draw what comes."""
    figures = state.ask(PAGE, lambda ground: [("overview", ground.question())])
    sparks = state.ask(PAGE, lambda ground: [_series_ask(ground, figure.key) for figure in _SPARKS])
    over_time = state.ask(PAGE, _trend_asks)
    by_product = state.ask(PAGE, lambda ground: [("products", ground.question(limit=ROWS))])
    by_category = state.ask(PAGE, lambda ground: [("products", ground.question(limit=ROWS, by="category"))])
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
        ranking = Ranking("Product", lambda row: product_name(state.view(), row), _VIEWS, bar="views")
        return shown(by_product, "Top products", lambda answers: _ranked(answers[0], ranking))

    @output
    @render.ui
    def categories() -> TagChild:
        ranking = Ranking("Category", lambda row: value_name(state.view(), "category", row), _VIEWS, bar="views")
        return shown(by_category, "Categories", lambda answers: _ranked(answers[0], ranking))

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
    return tags.section(tags.header(label, explain(figure.definition)), figure_place, class_="card")


def _draw_card(output: Outputs, figure: Figure, figures: Asked[list[Answer]], sparks: Asked[list[Answer]]) -> None:
    @output(id=f"card_{figure.key}")
    @render.ui
    def card() -> TagChild:
        found, days = figures.outcome(), sparks.outcome()
        if isinstance(found, ClickstreamError):  # said once, over the page
            return TagList(
                tags.span(formats.NONE, class_="value", title=str(found)), tags.p("not readable", class_="beside")
            )
        row = found[0].dicts()[0]
        return TagList(*_figure(figure, row), [] if isinstance(days, ClickstreamError) else _shape(figure, row, days))


def _figure(figure: Figure, row: Row) -> tuple[Tag, Tag]:
    """The figure, and its change where there was anything before."""
    value, previous = row[figure.key], f"{figure.key}_previous"
    text = formats.short(value, figure.kind)
    change = change_mark(value, row[previous], figure.kind) if row.get("events_previous") else None
    return (
        tags.span(text, class_="value", title=formats.exact(value, figure.kind)),
        tags.div(change, class_="change-line"),
    )


def _shape(figure: Figure, row: Row, days: list[Answer]) -> TagChild:
    """The figure's days as a sparkline, or the word that stands in its place."""
    if figure.beside is None:
        return spark(days[_SPARKS.index(figure)])
    key, text = figure.beside
    return None if row[key] is None else tags.p(text.format(formats.short(row[key], figure.kind)), class_="beside")


def _ranked(answer: Answer, ranking: Ranking) -> Tag:
    """The rows of an answer as a ranking; those without any of what is ranked are left out."""
    rows = [row for row in answer.dicts() if row[ranking.bar]]
    if not rows:
        return nothing(f"No {ranking.bar} in these days name a {ranking.head.lower()}.")
    return ranking_table(rows, ranking)
