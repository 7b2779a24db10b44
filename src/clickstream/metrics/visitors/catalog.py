"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import Metric, Option
from clickstream.metrics.visitors.sessions_list import BETWEEN, REACHED, narrowed, sessions_list

VISITORS: Mapping[str, Metric] = {
    "sessions_list": Metric(
        "Which sessions are behind a number?",
        "The sessions that start in the range, the newest first, and how far each of them got.",
        sessions_list,
        {"between": BETWEEN, "reached": Option(tuple(REACHED), "only sessions with this step")},
        period=narrowed,
    ),
}
