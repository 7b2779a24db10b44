"""`retention`: do visitors come back?

Each visitor is in one cohort: the day, week or month of their first start event ever. A cell counts the visitors of a
cohort with a return event in the k-th calendar bucket after it; cells do not depend on each other. The range is widened
to whole buckets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column
from clickstream.metrics.rules.buckets import Bucket, Unit, bucket_sql, buckets
from clickstream.metrics.rules.local_time import micros, start_of
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope
from clickstream.metrics.rules.steps import read_steps, steps_sql, write_steps

ANY = "any"
UNITS = ("day", "week", "month")
COLUMNS = (
    Column("cohort", "date"),
    Column("size", "int"),
    Column("period", "int"),
    Column("returned", "int"),
    Column("rate", "rate"),
    Column("is_complete", "bool"),
)
_PERIODS = {"day": (14, 90), "week": (12, 52), "month": (12, 24)}
"""Default and largest number of cells after cell 0."""
_LONGEST = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
# An event of a visitor who was first seen before the oldest event of the data, or who says so, is not their first.
_IS_FIRST = "is_new and first_seen >= (select min(moment) from hits)"


def retention(scope: Scope) -> Result:
    """Return a row for each cohort and cell, then the curve of all cohorts: rows without a cohort."""
    unit = cast(Unit, scope.options["by"])
    periods = _periods(unit, scope.options.get("periods"))
    widened = _widened(scope, unit, periods)
    if widened is None:
        return Result(COLUMNS, [], {"clickstream_events": 0}, 0, keys=3)
    start, reach = widened
    listed = buckets(unit, scope.question.tz, reach)
    sizes, returned = _counts(scope, start, reach, {bucket.key[0]: index for index, bucket in enumerate(listed)})
    is_over = [bucket.end <= scope.question.as_of for bucket in listed]
    rows, curve = _cells(listed, sizes, returned, is_over, periods)
    rows += [(None, size, period, count, ratio(count, size), True) for period, (size, count) in sorted(curve.items())]
    span = {"from": start.from_date, "to": start.to_date, "start": start.start, "end": start.end}
    return Result(COLUMNS, rows, {"clickstream_events": sum(sizes.values())}, len(rows), keys=3, extra=span)


def check_start(text: str) -> str:
    """Return the start event. Raises QuestionError."""
    return text if text == ANY else write_steps(read_steps("start", text))


def check_return(text: str) -> str:
    """Return the return event. Raises QuestionError."""
    return text if text == ANY else write_steps(read_steps("return", text))


def _periods(unit: Unit, text: str | None) -> int:
    default, largest = _PERIODS[unit]
    if text is None:
        return default
    if int(text) > largest:
        raise QuestionError("invalid_option", "periods", f"{text} by {unit} (expected at most {largest})")
    return int(text)


def _widened(scope: Scope, unit: Unit, periods: int) -> tuple[Period, Period] | None:
    """Return the range of the start events and that of the return events; None for a range without a bucket."""
    # The last bucket is that of the last day, also where `as_of` cuts the range before.
    whole = buckets(unit, scope.question.tz, replace(scope.period, end=scope.period.whole_end))
    if not whole:  # its only date was skipped by the zone
        return None
    first, last = whole[0].local.date(), whole[-1].local.date()
    # One more than needed, where the zone skips a date.
    after = buckets(unit, scope.question.tz, _whole(scope, last, last + (periods + 3) * _LONGEST[unit]))
    return _cut(scope, first, after[1].local.date()), _cut(scope, first, after[periods + 1].local.date())


def _whole(scope: Scope, first: date, after: date) -> Period:
    start, end = start_of(scope.question.tz, first), start_of(scope.question.tz, after)
    return Period(first, after, start, end, end)


def _cut(scope: Scope, first: date, after: date) -> Period:
    """Return the days `[first, after)`, cut at `as_of`."""
    whole = _whole(scope, first, after)
    return replace(whole, end=max(whole.start, min(whole.end, scope.question.as_of)))


def _counts(
    scope: Scope, start: Period, reach: Period, numbers: Mapping[int, int]
) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
    """Return the size of each cohort, and the visitors of a cohort who returned in a bucket: by their numbers."""
    slots, params = {}, dict[str, Any]()
    for name in ("start", "return"):
        condition = "true"
        if scope.options[name] != ANY:
            (sql,), values = steps_sql(read_steps(name, scope.options[name]), scope.cursor, name)
            condition, params = sql.condition, params | values
        slots[f"is_{name}"] = condition
    slots["is_first"] = _IS_FIRST if scope.options["start"] == ANY else "true"
    slots["bucket"], _ = bucket_sql(cast(Unit, scope.options["by"]), scope.question.tz, reach, "moment")
    params["returned_before"] = micros(reach.end)
    found = scope.for_period(start).fetch("behaviour/retention", slots, params).rows
    sizes, returned = {}, {}
    for cohort, bucket, visitors in found:
        if bucket is None:
            sizes[numbers[cohort]] = visitors
        else:
            returned[numbers[cohort], numbers[bucket]] = visitors
    return sizes, returned


def _cells(
    listed: Sequence[Bucket],
    sizes: Mapping[int, int],
    returned: Mapping[tuple[int, int], int],
    is_over: Sequence[bool],
    periods: int,
) -> tuple[list[tuple[Any, ...]], dict[int, tuple[int, int]]]:
    """Return the rows of the cohorts, and for each period size and returned of its complete cells."""
    rows, curve = [], defaultdict[int, tuple[int, int]](lambda: (0, 0))
    for cohort, size in sorted(sizes.items()):
        for period in range(min(periods + 1, len(listed) - cohort)):
            count = returned.get((cohort, cohort + period), 0)
            is_complete = is_over[cohort + period]
            rows.append((listed[cohort].local.date(), size, period, count, ratio(count, size), is_complete))
            if is_complete:
                all_sizes, all_counts = curve[period]
                curve[period] = all_sizes + size, all_counts + count
    return rows, curve
