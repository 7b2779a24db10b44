"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import Metric, Option, RecordMetric
from clickstream.metrics.visitors.sessions_list import BETWEEN, REACHED, sessions_list
from clickstream.metrics.visitors.visitor_timeline import BEFORE, VISITOR, visitor_timeline, whole_history

VISITORS: Mapping[str, Metric | RecordMetric] = {
    "sessions_list": Metric(
        "Which sessions are behind a number?",
        "The sessions that start in the range, the newest first, and how far each of them got.",
        sessions_list,
        {"between": BETWEEN, "reached": Option(tuple(REACHED), "only sessions with this step")},
    ),
    "visitor_timeline": RecordMetric(
        "What did this visitor do?",
        "The events of one visitor, the newest first, with the raw line of each.",
        visitor_timeline,
        {"visitor_id": VISITOR, "before": BEFORE},
        filters=("event",),
        period=whole_history,
    ),
}
