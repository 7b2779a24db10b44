"""The window of the live metrics: the last 30 minutes, which begin with a whole minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta

from clickstream.metrics.question import Question
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS
from clickstream.metrics.rules.local_time import DAY, local_date
from clickstream.metrics.rules.period import Period

MINUTES = 30
REFUSED = (*EVENT_COLUMNS, *SESSION_COLUMNS)
"""Only filters on sample rows, bots and visitors apply."""


def window(question: Question, _options: Mapping[str, str]) -> Period:
    """Return the minute of `as_of`, up to `as_of`, and the 29 minutes before it."""
    end = question.as_of.astimezone(UTC)
    start = end.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    from_date, to_date = local_date(question.tz, start), local_date(question.tz, end) + DAY
    return Period(from_date, to_date, start, end, end)
