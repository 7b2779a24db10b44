"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.behaviour.funnel import DEFAULT_STEPS, ORDERS, UNITS, check_steps, check_window, funnel
from clickstream.metrics.behaviour.journeys import journeys
from clickstream.metrics.behaviour.pages_landing import pages_exit, pages_landing
from clickstream.metrics.behaviour.pages_top import pages_top
from clickstream.metrics.behaviour.paths import MAX_TOP, paths
from clickstream.metrics.behaviour.peak_activity import FIGURES as PEAK_FIGURES
from clickstream.metrics.behaviour.peak_activity import peak_activity
from clickstream.metrics.behaviour.retention import ANY, check_return, check_start, retention
from clickstream.metrics.behaviour.retention import UNITS as RETENTION_UNITS
from clickstream.metrics.behaviour.sequences import OPTIONS
from clickstream.metrics.definition import CURRENCY, Metric, Option, first_values, whole_number
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS

BEHAVIOUR: Mapping[str, Metric] = {
    "pages_top": Metric(
        "Which pages are viewed most?",
        "Page views in the range by path, with visitors, entries, exits and the time spent on the page.",
        pages_top,
        {},
        lambda scope, now: pages_top(scope, first_values(now)),
    ),
    "pages_landing": Metric(
        "Where do sessions begin?",
        "Sessions that start in the range and the orders placed in them, by the first page of the session.",
        pages_landing,
        {"currency": CURRENCY},
        lambda scope, now: pages_landing(scope, first_values(now)),
    ),
    "pages_exit": Metric(
        "Where do sessions end?",
        "Sessions that start in the range and the orders placed in them, by the last page of the session.",
        pages_exit,
        {"currency": CURRENCY},
        lambda scope, now: pages_exit(scope, first_values(now)),
    ),
    "peak_activity": Metric(
        "When are visitors here?",
        "Events, visitors, sessions or orders by weekday and local hour.",
        peak_activity,
        {"metric": Option(PEAK_FIGURES, "what to count", "events")},
        lambda scope, _: peak_activity(scope),
    ),
    "paths": Metric(
        "What do visitors do next?",
        "Sessions by what they went through, page by page or event by event, as links between consecutive steps.",
        paths,
        {
            **OPTIONS,
            "top": Option(
                (), f"nodes of a step that keep their name, 1 to {MAX_TOP}", "8", check=whole_number("top", 1, MAX_TOP)
            ),
        },
        refused=("event",),
    ),
    "journeys": Metric(
        "Which ways through the shop are most common?",
        "Sessions by the whole sequence of pages or events that they went through.",
        journeys,
        OPTIONS,
        refused=("event",),
    ),
    "funnel": Metric(
        "Where do visitors give up?",
        "Visitors or sessions that took the first step in the range, and how many of them took each further one.",
        funnel,
        {
            "steps": Option((), "2 to 10 steps, separated by commas", DEFAULT_STEPS, check_steps),
            "window": Option((), "time from the first step to the last, 1min to 90d", "14d", check_window),
            "order": Option(ORDERS, "whether other events may stand between steps", "loose"),
            "unit": Option(UNITS, "what takes the steps", "visitor"),
            "split": Option((*SESSION_COLUMNS, *EVENT_COLUMNS), "a dimension of the first step"),
        },
        funnel,
        refused=("event",),
    ),
    "retention": Metric(
        "Do visitors come back?",
        "Visitors by the day, week or month of their first start event, and how many return in each one after it.",
        retention,
        {
            "by": Option(RETENTION_UNITS, "length of a bucket", "week"),
            "periods": Option((), "cells after the first one", check=whole_number("periods", 1, 90)),
            "start": Option((), "the step that puts a visitor in a cohort, or any event", ANY, check_start),
            "return": Option((), "the step that counts as a return, or any event", ANY, check_return),
        },
        refused=("event",),
    ),
}
