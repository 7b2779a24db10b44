"""Which stretch of time a question is about, and which one it is compared with.

In: a Question. Out: `Period`s in instants. Dates are local days `[from, to)`; the effective range ends at
`as_of` where that comes first. Wrong ranges are a QuestionError with the code `invalid_range`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.local_time import local_date, same_wall_clock, start_of

DEFAULT_DAYS = 30
MAX_DAYS = 1830
YEAR_DAYS = 364  # 52 whole weeks, so that weekdays meet
_FIRST_YEAR, _LAST_YEAR = 1980, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """Local days `[from_date, to_date)`, and the instants `[start, end)` in range.

    whole_end: where the last day ends, whatever `as_of` says; `end` is cut there.
    """

    from_date: date
    to_date: date
    start: datetime
    end: datetime
    whole_end: datetime

    @property
    def days(self) -> int:
        return (self.to_date - self.from_date).days


def chosen_period(question: Question, max_days: int | None = MAX_DAYS) -> Period:
    """The effective range of a question; without dates the 30 local days that end with today."""
    to_date = question.to_date
    if to_date is None:
        today = local_date(question.tz, question.as_of)
        # Only `from` given: up to today, but a `from` ahead of us still has one (empty) day.
        to_date = max(today, question.from_date or today) + timedelta(days=1)
    if not _FIRST_YEAR <= to_date.year <= _LAST_YEAR:
        raise _invalid("to", f"{to_date} is outside of {_FIRST_YEAR} to {_LAST_YEAR}")
    from_date = question.from_date or to_date - timedelta(days=DEFAULT_DAYS)
    if from_date.year < _FIRST_YEAR:
        raise _invalid("from", f"{from_date} is outside of {_FIRST_YEAR} to {_LAST_YEAR}")
    if from_date >= to_date:
        raise _invalid("from", f"{from_date} is not before {to_date}", "the range is [from, to): to is the day after")
    if max_days is not None and (to_date - from_date).days > max_days:
        raise _invalid("from", f"{(to_date - from_date).days:,} days are more than {max_days:,}", "ask for fewer days")
    whole_end = start_of(question.tz, to_date)
    start = start_of(question.tz, from_date)
    return Period(from_date, to_date, start, max(start, min(whole_end, question.as_of)), whole_end)


def compared_period(question: Question, period: Period) -> Period | None:
    """The period to compare with, cut at the same local time where `as_of` cuts this one. None for `none`."""
    if question.compare == "none":
        return None
    days = YEAR_DAYS if question.compare == "year" else period.days
    back = timedelta(days=days)
    start = start_of(question.tz, period.from_date - back)
    whole_end = start_of(question.tz, period.to_date - back)
    end = whole_end
    if question.as_of < period.whole_end:
        end = min(end, same_wall_clock(question.tz, question.as_of, days))
    return Period(period.from_date - back, period.to_date - back, start, max(start, end), whole_end)


def _invalid(parameter: str, why: str, advice: str = "") -> QuestionError:
    return QuestionError("invalid_range", parameter, why, advice)
