"""`time_series`: how does it move?

One figure of `overview` by hour, day, week or month. Each bucket is a range of its own: a session counts where it
starts, a visitor in each bucket with an event, so visitors of buckets do not add up. With `split`, the five values
with most of it over the range keep their name; the rest is `(other)`, counted anew and not summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column, ColumnType
from clickstream.metrics.rules.buckets import Bucket, Unit, bucket_sql, buckets, default_unit
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, Split, sessions_with

MAX_HOUR_DAYS = 92
TOP = 5
UNITS = ("hour", "day", "week", "month")
FIGURES = {
    "events": ("events", "page_views", "views", "products"),
    "visitors": ("visitors", "new_visitors", "returning_visitors"),
    "sessions": ("sessions", "engaged_sessions", "bounces", "cart_sessions", "checkout_sessions"),
}
RATES = {"bounce_rate": ("bounces", "sessions")}
METRIC_NAMES = (*(name for names in FIGURES.values() for name in names), *RATES)
_SOURCES = {name: source for source, names in FIGURES.items() for name in names}
_INSTANTS = {"events": "event_timestamp", "visitors": "event_timestamp", "sessions": "s.session_start"}

# (bucket key, group) -> the metric's number, and what it is divided by
Figures = dict[tuple[tuple[int, int], str], tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class _Series:
    """One metric over one scope. `denominator` is set for rates."""

    scope: Scope
    numerator: str
    denominator: str | None

    def figures(self, unit: Unit | None, split: Split | None) -> Figures:
        """The figures of each bucket; without `unit` those of the range as a whole, under the key (0, 0)."""
        source = _SOURCES[self.numerator]
        slots = self._bucket_slots(unit, source) | _split_slots(split, self.scope.conditions.event)
        found = self.scope.fetch(f"time_series_{source}", slots, split=split).dicts()
        return {((row["bucket"], row["bucket_offset"]), row["split"]): self._pair(row) for row in found}

    def _pair(self, row: dict[str, Any]) -> tuple[int, int | None]:
        return int(row[self.numerator]), None if self.denominator is None else int(row[self.denominator])

    def _bucket_slots(self, unit: Unit | None, source: str) -> dict[str, str]:
        names = {"bucket": _INSTANTS[source], "seen_bucket": "first_seen_at"}
        if unit is None:
            return {part: "0" for name in names for part in (name, f"{name}_offset")}
        slots = {}
        for name, instant in names.items():
            slots[name], slots[f"{name}_offset"] = bucket_sql(unit, self.scope.question.tz, self.scope.period, instant)
        return slots


def time_series(scope: Scope) -> Result:
    """One row for each bucket of the range, or for each bucket and group. Buckets after `as_of` are absent."""
    metric, unit = scope.options["metric"], unit_of(scope)
    numerator, denominator = RATES.get(metric, (metric, None))
    series = _Series(scope, numerator, denominator)
    split = _top_split(series, scope.options.get("split"))
    figures = series.figures(unit, split)
    nothing = (0, None if denominator is None else 0)
    listed = buckets(unit, scope.question.tz, scope.period)
    rows = [
        _row(scope, bucket, group if split else None, figures.get((bucket.key, group), nothing))
        for bucket in listed
        for group in (_groups(figures) if split else ("",))
    ]
    kind: ColumnType = "rate" if denominator else "int"
    return Result(_columns(kind), rows, scope.rows_behind(_SOURCES[numerator] == "sessions"), len(rows))


def unit_of(scope: Scope) -> Unit:
    """The bucket asked for, or the one that suits the length of the range."""
    unit = scope.options.get("by")
    if unit is None:
        return default_unit(scope.period.days)
    if unit == "hour" and scope.period.days > MAX_HOUR_DAYS:
        why = f"hours of {scope.period.days:,} days are too many; hours go up to {MAX_HOUR_DAYS} days"
        raise QuestionError("invalid_option", "by", why, "ask by day, week or month")
    return cast(Unit, unit)


def _columns(kind: ColumnType) -> tuple[Column, ...]:
    return (
        Column("bucket_local", "local"),
        Column("utc_offset_s", "int"),
        Column("split", "text"),
        Column("value", kind),
        Column("numerator", "int"),
        Column("denominator", "int"),
        Column("is_complete", "bool"),
    )


def _row(scope: Scope, bucket: Bucket, group: str | None, figure: tuple[int, int | None]) -> tuple[Any, ...]:
    number, denominator = figure
    done = bucket.is_complete(scope.period)
    if denominator is None:
        return bucket.local, bucket.offset_s, group, number, None, None, done
    return bucket.local, bucket.offset_s, group, ratio(number, denominator), number, denominator, done


def _top_split(series: _Series, dimension: str | None) -> Split | None:
    """The split with its largest values by name. Rates go by what they are divided by: sessions."""
    if dimension is None:
        return None
    totals = series.figures(None, Split(dimension))
    sizes = {group: number if of is None else of for (_, group), (number, of) in totals.items()}
    ranked = sorted(sizes, key=lambda group: (-sizes[group], group.encode()))
    return Split(dimension, tuple(ranked[:TOP])) if len(ranked) > TOP else Split(dimension)


def _groups(figures: Figures) -> list[str]:
    return sorted({group for _, group in figures}, key=str.encode)


def _split_slots(split: Split | None, event_filters: str) -> dict[str, str]:
    """How sessions are split. Of an event's dimension a session has each value that a passing event of it shows."""
    if split is None:
        return {"session_split": "''", "session_split_join": ""}
    if split.is_of_session:
        return {"session_split": split.value("s"), "session_split_join": ""}
    shown = sessions_with(event_filters, f"distinct e.session_key, {split.value('e')} as split")
    return {
        "session_split": "g.split",
        "session_split_join": f"inner join ({shown}) as g on s.session_key = g.session_key",
    }
