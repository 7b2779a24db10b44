"""Retention: do visitors come back?

The share that comes back as a line, and below it a heat map with a row for each day, week or month of first visits.
What counts as the start and what as a return are in the address.
"""

from __future__ import annotations

from dataclasses import replace

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions
from clickstream.dashboard.answers.state import MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.drawings.cohorts import cohort_map, retention_curve
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
)
from clickstream.dashboard.view import View
from clickstream.dashboard.words import step_in_words
from clickstream.metrics.behaviour.retention import ANY
from clickstream.metrics.question import Answer

PAGE = "retention"
BY = {"day": "by day", "week": "by week", "month": "by month"}
DEFAULT_BY = "week"
EVENTS = ("product_view", "add_to_cart_click", "checkout_start", "purchase", "search", "login_success")
STARTS = {ANY: "their first visit", **{event: f"first: {step_in_words(event).lower()}" for event in EVENTS}}
RETURNS = {ANY: "any event", **{event: step_in_words(event).lower() for event in EVENTS}}


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    title = TagList(
        "Visitors who came back",
        _choice(view, "by", "Group visitors by", BY),
        "after",
        _choice(view, "start", "What puts a visitor in a row", STARTS),
        "with",
        _choice(view, "return", "What counts as a return", RETURNS),
        chart_unit(),
    )
    return TagList(
        tags.h1("Retention", class_="unseen"),
        panel(
            title,
            echart_ui(module.resolve_id("series")),
            chart_table(),
            tools=chart_tools(),
            about=definitions.RETENTION,
        ),
        panel(
            "Cohorts: share of visitors who came back",
            placeholder(module.resolve_id("cohorts"), skeleton(8)),
            tools=chart_tools(left_out=("table", "png")),
            about=definitions.RETENTION_COHORTS,
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metric and draw the answer."""
    found = state.query(PAGE, lambda context: [_query(context)], {"series": "", "cohorts": ""})

    @output
    @render_echart
    def series() -> Chart:
        return chart_or_failure(found, "Retention", lambda answers: _curve(state.view(), answers[0]))

    @output
    @render.ui
    def cohorts() -> TagChild:
        return content_or_failure(found, "The cohorts", lambda answers: _cohorts(state.view(), answers[0]))


def _by(view: View) -> str:
    return view.option("by", BY, DEFAULT_BY)


def _step(view: View, name: str) -> str:
    """Return the chosen start or return event; the address may hold one that is not in the menu."""
    return dict(view.options).get(name, ANY)


def _choice(view: View, name: str, label: str, choices: dict[str, str]) -> Tag:
    default, chosen = (DEFAULT_BY, _by(view)) if name == "by" else (ANY, _step(view, name))
    options = {"" if value == default else value: text for value, text in choices.items()}
    if chosen not in choices:
        options[chosen] = step_in_words(chosen)
    return choice(name, label, options, "" if chosen == default else chosen)


def _query(context: QueryContext) -> MetricQuery:
    view = context.view
    options = {"by": _by(view), "start": _step(view, "start"), "return": _step(view, "return")}
    return "retention", replace(context.question(limit=100, **options), compare="none")


def _curve(view: View, answer: Answer) -> Chart:
    rows = answer.dicts()
    return retention_curve(rows, _by(view)) if rows else Chart(note=_no_cohort(view))


def _cohorts(view: View, answer: Answer) -> TagChild:
    rows = answer.dicts()
    return cohort_map(rows, _by(view)) if rows else empty_note(_no_cohort(view))


def _no_cohort(view: View) -> str:
    start = _step(view, "start")
    if start == ANY:
        return "No visitor came for the first time in these days. Choose more days, or another start."
    return f"No visitor had a first event of this kind in these days: {step_in_words(start).lower()}."
