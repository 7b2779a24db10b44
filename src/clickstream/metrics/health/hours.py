"""Hours and days of receipt, which are UTC: those of the names of raw objects."""

from __future__ import annotations

from datetime import UTC, datetime

from clickstream.metrics.definition import Option
from clickstream.metrics.rules.period import Period

UNITS = {"hour": 3_600_000_000, "day": 86_400_000_000}
"""Unit -> its length in microseconds."""
BY = Option(tuple(UNITS), "one row per", "hour")


def hour_span(period: Period) -> dict[str, datetime]:
    """Return the start of the first hour that overlaps the range, as a parameter."""
    return {"first_hour": period.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)}
