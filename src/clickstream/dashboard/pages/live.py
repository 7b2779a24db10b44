"""Live: what happens now?

The visitors, sessions and orders of the last 30 minutes, the events of each minute, and the pages and channels of these
events. The page refreshes every few seconds while it is seen. Days and the filters of sessions and events do not apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LIVE_PAGE, LiveResult, MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.charts.trend import minute_bars
from clickstream.dashboard.panel import (
    MAX_NAME_LENGTH,
    chart_or_failure,
    chart_table,
    chart_tools,
    content_or_failure,
    empty_note,
    failure,
    figure_card,
    panel,
    placeholder,
    skeleton,
)
from clickstream.dashboard.view import FILTERS, PAGES, View
from clickstream.dashboard.words import in_words
from clickstream.errors import ClickstreamError
from clickstream.metrics.live.window import REFUSED
from clickstream.metrics.question import Answer

PAGE = LIVE_PAGE
FIGURES: tuple[tuple[str, str, formats.Kind, str], ...] = (
    ("visitors_5m", "Visitors now", "count", definitions.LIVE_NOW),
    ("visitors_30m", "Visitors", "count", definitions.LIVE_VISITORS),
    ("sessions_30m", "Sessions", "count", definitions.LIVE_SESSIONS),
    ("page_views", "Page views", "count", definitions.LIVE_PAGE_VIEWS),
    ("orders", "Orders", "count", definitions.LIVE_ORDERS),
    ("revenue", "Revenue", "money", definitions.LIVE_REVENUE),
)
TOPS = {"page_path": ("Pages now", "Page", "behaviour"), "channel": ("Channels now", "Channel", "acquisition")}
"""Dimension -> the title of its panel, the head of its first column, and the page that a row opens."""
ROWS = 10
_COLUMNS = (
    RankColumn("events", "Events"),
    RankColumn("page_views", "Page views", is_wide=True),
    RankColumn("visitors", "Visitors"),
)


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    del view
    return TagList(
        tags.h1("Live", class_="unseen"),
        placeholder(module.resolve_id("state"), tags.div(class_="skeleton row-skeleton"), class_="live-state"),
        tags.div(*(_card(key, label, about) for key, label, _, about in FIGURES), class_="cards short"),
        panel(
            "Events per minute",
            echart_ui(module.resolve_id("minutes")),
            chart_table(),
            tools=chart_tools(),
            about=definitions.LIVE_MINUTES,
        ),
        *(
            panel(title, placeholder(module.resolve_id(dimension), skeleton(ROWS)), span=6, about=definitions.LIVE_TOP)
            for dimension, (title, _, _) in TOPS.items()
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    figures = state.query(PAGE, lambda context: [_query(context, "live")], {f"card_{key}": key for key, *_ in FIGURES})
    by_minute = state.query(PAGE, lambda context: [_query(context, "live_minutes")], "minutes")
    last_event = state.last_event(PAGE)

    for key, _, kind, _ in FIGURES:
        _draw_card(output, figures, key, kind)

    @output(id="state")
    @render.ui
    def heading() -> TagChild:
        view = state.view()
        return content_or_failure(last_event, "The last event", lambda last: _state(view, figures, last))

    @output
    @render_echart
    def minutes() -> Chart:
        return chart_or_failure(by_minute, "Events by minute", lambda answers: minute_bars(answers[0], state.zone()))

    for dimension, (title, head, page) in TOPS.items():
        _draw_top(output, state, dimension, (title, head, page))


def _query(context: QueryContext, metric: str, **options: str) -> MetricQuery:
    """Return a query without the days and filters that a live metric does not have."""
    question = context.question(limit=ROWS, **options)
    filters = {name: values for name, values in question.filters.items() if name not in REFUSED}
    return metric, replace(question, from_date=None, to_date=None, compare="none", filters=filters)


def _card(key: str, label: str, about: str) -> Tag:
    return figure_card(module.resolve_id(f"card_{key}"), label, about)


def _draw_card(output: Outputs, found: LiveResult[list[Answer]], key: str, kind: formats.Kind) -> None:
    @output(id=f"card_{key}")
    @render.ui
    def card() -> TagChild:
        outcome = found.outcome()
        if isinstance(outcome, ClickstreamError):
            note = tags.p("not available", class_="caption")
            return TagList(tags.span(formats.NONE, class_="value", title=str(outcome)), note)
        currency = outcome[0].meta["currency"] if kind == "money" else None
        value = outcome[0].dicts()[0][key]
        unit = tags.span(f"\u00a0{currency}", class_="currency") if currency else None
        exact = formats.exact(value, kind, currency)
        since = "last 5 minutes" if key == "visitors_5m" else "last 30 minutes"
        shown = tags.span(formats.short(value, kind, currency), unit, class_="value", title=exact)
        return TagList(shown, tags.p(since, class_="caption"))


def _draw_top(output: Outputs, state: PageState, dimension: str, texts: tuple[str, str, str]) -> None:
    title, head, page = texts
    found = state.query(PAGE, lambda context: [_query(context, "live_top", by=dimension)], dimension)

    def drawn(answer: Answer) -> TagChild:
        rows = answer.dicts()
        if not rows:
            return empty_note("No events in the last 30 minutes.")
        there = replace(state.view(), page=page)
        return ranking_table(rows, Ranking(head, lambda row: _link(there, dimension, row), _COLUMNS, bar="events"))

    @output(id=dimension)
    @render.ui
    def top() -> TagChild:
        return content_or_failure(found, title, lambda answers: drawn(answers[0]))


def _link(there: View, dimension: str, row: Row) -> Tag:
    """Name a row; a click opens `there`, a page that can be filtered by it."""
    value = row["value"]
    shown = in_words(dimension, value)
    filtered = there if there.has_filter(dimension, value) else there.toggle(dimension, value)
    return tags.a(
        Tag("long-name", formats.cut(shown, MAX_NAME_LENGTH)),
        href=filtered.query(),
        title=f"{shown}: open {PAGES[there.page]}, filtered by it",
        data_key=f"row-{dimension}-{value}",
    )


def _state(view: View, figures: LiveResult[list[Answer]], last: datetime | None) -> TagChild:
    """Say how current the page is, whether it is quiet, and what does not apply to it."""
    outcome = figures.outcome()
    if isinstance(outcome, ClickstreamError):
        return failure("The figures", outcome)
    answer = outcome[0]
    is_quiet = answer.meta["rows_behind"]["clickstream_events"] == 0
    moment = Tag("time-ago", datetime=answer.meta["as_of"].isoformat(), _add_ws=False)
    when = (
        TagList(" The last event came ", Tag("time-ago", datetime=last.isoformat(), _add_ws=False), ".") if last else ""
    )
    quiet = tags.p(tags.strong("No visitors in the last 30 minutes."), when, class_="live-quiet") if is_quiet else None
    dot = tags.i(class_="live-mark", data_is_quiet="true" if is_quiet else None, aria_hidden="true")
    return TagList(
        tags.p(dot, "The last 30 minutes, refreshed ", moment, ". ", _not_applied(view.filters), class_="quiet"),
        quiet,
    )


def _not_applied(filters: Sequence[tuple[str, str]]) -> str:
    names = list(dict.fromkeys(FILTERS[name].lower() for name, _ in filters if name in REFUSED))
    if not names:
        return "The days above do not apply here."
    return f"The days above do not apply here, nor do the filters by {' and '.join(names)}."
