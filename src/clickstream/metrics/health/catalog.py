"""The definitions of this package's metrics. All rows count, those of bots and of the sample included."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import RecordMetric
from clickstream.metrics.health.health_bad_rows import health_bad_rows
from clickstream.metrics.health.health_bots import health_bots
from clickstream.metrics.health.health_clock import health_clock
from clickstream.metrics.health.health_freshness import health_freshness
from clickstream.metrics.health.health_late import health_late
from clickstream.metrics.health.health_ledger import health_ledger
from clickstream.metrics.health.health_orders import health_orders
from clickstream.metrics.health.hours import BY

HEALTH: Mapping[str, RecordMetric] = {
    "health_freshness": RecordMetric(
        "How old is the data?",
        "When the last event was received, when the last load was, and how far both are behind.",
        health_freshness,
        {},
    ),
    "health_ledger": RecordMetric(
        "Is anything missing?",
        "What became of every accepted line, by hour or day of receipt.",
        health_ledger,
        {"by": BY},
    ),
    "health_bad_rows": RecordMetric(
        "Why were lines refused?",
        "Lines that are not events, by reason.",
        health_bad_rows,
        {},
    ),
    "health_bots": RecordMetric(
        "What is a bot?",
        "Events, sessions and visitors of bots, by the reason why they count as bots.",
        health_bots,
        {},
    ),
    "health_late": RecordMetric(
        "What came late?",
        "Events that were sent late or loaded late, by hour or day of receipt.",
        health_late,
        {"by": BY},
    ),
    "health_clock": RecordMetric(
        "Whose clocks are wrong?",
        "Events by the clock that dated them and by the error of the device's clock.",
        health_clock,
        {},
    ),
    "health_orders": RecordMetric(
        "Does tracking see every sale?",
        "Orders by day, reported by the browser, by the shop's server, or by both.",
        health_orders,
        {},
    ),
}
