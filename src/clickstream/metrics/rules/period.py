"""The range of a question, and the period that it is compared with.

In: a Question. Out: `Period`s in instants. Dates are local days `[from, to)`; the effective range ends at
`as_of` if that is earlier. An invalid range raises QuestionError with the code `invalid_range`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.local_time import local_date, same_wall_clock, start_of

DEFAULT_DAYS = 30
MAX_DAYS = 1830
YEAR_DAYS = 364  # 52 whole weeks, so that each day is compared with the same weekday
FIRST_YEAR, LAST_YEAR = 1980, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """Local days `[from_date, to_date)`, and the instants `[start, end)` of the range.

    end: the earlier one of `whole_end` and `as_of`. whole_end: the end of the last day.
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
    """Return the effective range of a question; the default is the 30 local days up to and including today."""
    to_date = question.to_date
    if to_date is None:
        today = local_date(question.tz, question.as_of)
        # Only `from` is given: up to today; a `from` in the future has one (empty) day.
        to_date = max(today, question.from_date or today) + timedelta(days=1)
    if not FIRST_YEAR <= to_date.year <= LAST_YEAR:
        raise _invalid("to", f"{to_date} (expected a year from {FIRST_YEAR} to {LAST_YEAR})")
    from_date = question.from_date or to_date - timedelta(days=DEFAULT_DAYS)
    if from_date.year < FIRST_YEAR:
        raise _invalid("from", f"{from_date} (expected a year from {FIRST_YEAR} to {LAST_YEAR})")
    if from_date >= to_date:
        raise _invalid(
            "from", f"{from_date} (expected a day before {to_date})", "`to` is the day after the last day of the range"
        )
    if max_days is not None and (to_date - from_date).days > max_days:
        why = f"{from_date}, {(to_date - from_date).days:,} days before `to` (expected at most {max_days:,})"
        raise _invalid("from", why, "choose a shorter range")
    whole_end = start_of(question.tz, to_date)
    start = start_of(question.tz, from_date)
    return Period(from_date, to_date, start, max(start, min(whole_end, question.as_of)), whole_end)


def compared_period(question: Question, period: Period) -> Period | None:
    """Return the comparison period, cut at the same local time as this one by `as_of`. None for `none`."""
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
