"""The definitions of this package's metrics. All rows count, those of bots and of the sample included."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import RecordMetric
from clickstream.metrics.health.health_freshness import health_freshness

HEALTH: Mapping[str, RecordMetric] = {
    "health_freshness": RecordMetric(
        "How old is the data?",
        "When the last event was received, when the last load was, and how far both are behind.",
        health_freshness,
        {},
    ),
}
