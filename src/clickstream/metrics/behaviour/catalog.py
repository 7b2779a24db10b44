"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.behaviour.pages_landing import pages_exit, pages_landing
from clickstream.metrics.behaviour.pages_top import pages_top
from clickstream.metrics.behaviour.peak_activity import FIGURES as PEAK_FIGURES
from clickstream.metrics.behaviour.peak_activity import peak_activity
from clickstream.metrics.definition import CURRENCY, Metric, Option, first_values

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
}
