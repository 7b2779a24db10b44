"""Funnel: how many visitors take one step after another, and where do they give up?

Four figures, a bar for each step with the loss before it, and the same funnel for each value of a dimension. The steps,
their order, the time for them and what is counted are in the address.
"""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LiveResult, MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.ranking import Row, change_mark
from clickstream.dashboard.drawings.funnel import UNITS, funnel_bars, split_table
from clickstream.dashboard.formats import Kind
from clickstream.dashboard.pages.funnel_steps import add_menu, chosen_steps, step_chips, step_values
from clickstream.dashboard.panel import (
    chart_tools,
    choice,
    content_or_failure,
    empty_note,
    figure_card,
    panel,
    placeholder,
    skeleton,
    value_name,
)
from clickstream.dashboard.view import FILTERS, View
from clickstream.dashboard.words import in_words, step_in_words
from clickstream.errors import ClickstreamError
from clickstream.metrics.question import Answer

PAGE = "funnel"
ORDERS = {"loose": "in this order", "strict": "directly in a row"}
WINDOWS = {
    "30min": "within 30 minutes",
    "1h": "within an hour",
    "1d": "within a day",
    "7d": "within 7 days",
    "14d": "within 14 days",
    "30d": "within 30 days",
    "90d": "within 90 days",
}
DEFAULTS = {"unit": "visitor", "order": "loose", "window": "14d"}
_ALLOWED = {"unit": UNITS, "order": ORDERS, "window": WINDOWS}
SPLITS = {name: label for name, label in FILTERS.items() if name not in ("event", "product_id")}
DEFAULT_SPLIT = "device_type"
MENU_VALUES = 200  # events in the menu that adds a step
OTHER = "(other)"
CARDS = {
    "started": ("Started", definitions.FUNNEL_STARTED),
    "completed": ("Completed", definitions.FUNNEL_COMPLETED),
    "rate": ("Conversion", definitions.FUNNEL_RATE),
    "time": ("Median time", definitions.FUNNEL_TIME),
}

_FIGURES: dict[str, tuple[int, str, Kind]] = {
    "started": (0, "reached", "count"),
    "completed": (-1, "reached", "count"),
    "rate": (-1, "rate_first", "percent"),
    "time": (-1, "median_total_s", "seconds"),
}
"""Key figure -> the row, counted from the first or the last step, its column, and its format."""


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    title = TagList(
        _choice(view, "unit", "Count", UNITS),
        "by step taken,",
        _choice(view, "order", "Order of the steps", ORDERS),
        _choice(view, "window", "Time from the first step", WINDOWS),
    )
    splits = {"" if name == DEFAULT_SPLIT else name: label for name, label in SPLITS.items()}
    return TagList(
        tags.h1("Funnel", class_="unseen"),
        tags.div(
            *(figure_card(module.resolve_id(f"card_{key}"), label, about) for key, (label, about) in CARDS.items()),
            class_="cards four",
        ),
        panel(
            title,
            tags.div(
                placeholder(module.resolve_id("steps"), class_="steps"),
                add_menu(module.resolve_id("events")),
                class_="steps-row",
            ),
            placeholder(module.resolve_id("bars"), skeleton(12)),
            tools=chart_tools(left_out=("png",)),
            about=definitions.FUNNEL,
        ),
        panel(
            TagList("The same funnel by", choice("split", "Split by", splits, _split(view))),
            placeholder(module.resolve_id("groups"), skeleton(4)),
            about=definitions.FUNNEL_SPLIT,
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    outputs = {"bars": "", **{f"card_{key}": "" for key in CARDS}}
    steps_taken = state.query(PAGE, lambda context: [_query(context)], outputs)
    by_group = state.query(PAGE, lambda context: [_query(context, split=_split(context.view))], "groups")
    named = state.dimension_values(PAGE, lambda context: ("event", context.days, MENU_VALUES))

    for key in CARDS:
        _draw_card(output, key, steps_taken)

    @output
    @render.ui
    def steps() -> TagChild:
        return step_chips(state.view())

    @output
    @render.ui
    def events() -> TagChild:
        return content_or_failure(named, "The events", lambda found: step_values(state.view(), found))

    @output
    @render.ui
    def bars() -> TagChild:
        return content_or_failure(steps_taken, "The funnel", lambda answers: _bars(answers[0]))

    @output
    @render.ui
    def groups() -> TagChild:
        return content_or_failure(by_group, "The split funnel", lambda answers: _groups(state.view(), answers[0]))


def _option(view: View, name: str) -> str:
    return view.option(name, _ALLOWED[name], DEFAULTS[name])


def _choice(view: View, name: str, label: str, choices: dict[str, str]) -> Tag:
    default, chosen = DEFAULTS[name], _option(view, name)
    options = {"" if value == default else value: text for value, text in choices.items()}
    return choice(name, label, options, "" if chosen == default else chosen)


def _split(view: View) -> str:
    return view.option("split", SPLITS, DEFAULT_SPLIT)


def _query(context: QueryContext, **more: str) -> MetricQuery:
    options = {name: _option(context.view, name) for name in DEFAULTS}
    return "funnel", context.question(limit=100, steps=chosen_steps(context.view), **options, **more)


def _draw_card(output: Outputs, key: str, found: LiveResult[list[Answer]]) -> None:
    @output(id=f"card_{key}")
    @render.ui
    def card() -> TagChild:
        outcome = found.outcome()
        if isinstance(outcome, ClickstreamError):  # the panel below shows the message
            note = tags.p("not available", class_="caption")
            return TagList(tags.span(formats.NONE, class_="value", title=str(outcome)), note)
        return _figure(key, outcome[0].dicts())


def _figure(key: str, rows: Sequence[Row]) -> TagList:
    """Draw a key figure, and its change if there was an entry in the comparison period."""
    place, column, kind = _FIGURES[key]
    value, before = rows[place][column], rows[place].get(f"{column}_previous")
    has_earlier = rows[0].get("reached_previous") and key != "time"  # less time is neither better nor worse
    return TagList(
        tags.span(formats.short(value, kind), class_="value", title=formats.exact(value, kind)),
        tags.div(change_mark(value, before, kind) if has_earlier else None, class_="change-line"),
    )


def _bars(answer: Answer) -> TagChild:
    rows = answer.dicts()
    unit = answer.meta["options"]["unit"]
    if not rows[0]["reached"]:
        who = UNITS[unit].lower()
        return empty_note(f"No {who} took the first step in these days, “{step_in_words(rows[0]['label'])}”.")
    open_note = None
    if not rows[0]["is_complete"]:
        open_note = tags.p(
            "Those who started last still have time to go on: the later steps can still grow.", class_="quiet note"
        )
    return TagList(funnel_bars(rows, unit), open_note)


def _groups(view: View, answer: Answer) -> TagChild:
    dimension = _split(view)
    rows = [row for row in answer.dicts() if row["split"] is not None]
    if not rows:
        return empty_note("The first step was not taken in these days, so there are no groups.")

    def name(row: Row) -> TagChild:
        if row["value"] == OTHER:
            return in_words(dimension, OTHER)
        return value_name(view, dimension, row)

    return split_table(rows, SPLITS[dimension], name, answer.meta["options"]["unit"])
