"""`time_series`: how does a figure change over time?

One figure of `overview` by hour, day, week or month. Each bucket is counted separately: a session counts where it
starts, a visitor in each bucket with one of their events, so visitors of buckets do not add up. With `split`, the five
largest values over the range keep their name; the rest is `(other)`, which is counted directly and is not a sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column, ColumnType
from clickstream.metrics.rules.buckets import Bucket, Unit, bucket_sql, buckets, default_unit
from clickstream.metrics.rules.result import Result, money, ratio
from clickstream.metrics.rules.scope import Scope
from clickstream.metrics.rules.split import Split

MAX_HOUR_DAYS = 92
TOP = 5
UNITS = ("hour", "day", "week", "month")
FIGURES = {
    "events": ("events", "page_views", "views"),
    "products": ("products",),
    "visitors": ("visitors", "new_visitors", "returning_visitors"),
    "sessions": ("sessions", "engaged_sessions", "bounces", "cart_sessions", "checkout_sessions", "order_sessions"),
    "orders": ("orders", "orders_without_session", "revenue"),
    "refunds": ("refunds", "net_revenue"),
}
MONEY = ("revenue", "refunds", "net_revenue")
RATES = {
    "bounce_rate": ("bounces", "sessions"),
    "conversion_rate": ("order_sessions", "sessions"),
    "visitor_conversion_rate": ("order_visitors", "visitors"),
}
METRIC_NAMES = (*(name for names in FIGURES.values() for name in names), *RATES)
_SOURCES = {name: source for source, names in FIGURES.items() for name in names} | {"order_visitors": "visitors"}
_TABLES = {"sessions": ("sessions",), "orders": ("orders",), "refunds": ("orders", "refunds")}
_OTHER_TABLES = ("clickstream_events",)
_INSTANTS = {"sessions": "s.start_at", "orders": "ordered_at", "refunds": "ordered_at"}  # others: moment

# (bucket key, group) -> the figure, and its denominator
Figures = dict[tuple[tuple[int, int], str], tuple[int | Decimal, int | None]]


@dataclass(frozen=True, slots=True)
class _Series:
    """One figure over one scope. `denominator` is set for rates."""

    scope: Scope
    numerator: str
    denominator: str | None

    def figures(self, unit: Unit | None, split: Split | None) -> Figures:
        """Return the figures of each bucket; without `unit` those of the whole range, under the key (0, 0)."""
        source = _SOURCES[self.numerator]
        found = self.scope.fetch(f"time_series_{source}", self._bucket_slots(unit, source), split=split).dicts()
        return {((row["bucket"], row["bucket_offset"]), row["split"]): self._pair(row) for row in found}

    def _pair(self, row: dict[str, Any]) -> tuple[int | Decimal, int | None]:
        number = row[self.numerator]
        number = money(number) if self.numerator in MONEY else int(number)
        return number, None if self.denominator is None else int(row[self.denominator])

    def _bucket_slots(self, unit: Unit | None, source: str) -> dict[str, str]:
        names = {
            "bucket": _INSTANTS.get(source, "moment"),
            "seen_bucket": "first_seen",
            "order_bucket": "ordered_at",
            "refund_bucket": "refunded_at",
        }
        if unit is None:
            return {part: "0" for name in names for part in (name, f"{name}_offset")}
        slots = {}
        for name, instant in names.items():
            slots[name], slots[f"{name}_offset"] = bucket_sql(unit, self.scope.question.tz, self.scope.period, instant)
        return slots


def time_series(scope: Scope) -> Result:
    """Return a row for each bucket of the range, or for each bucket and group. Buckets after `as_of` are absent."""
    metric, unit = scope.options["metric"], unit_of(scope)
    numerator, denominator = RATES.get(metric, (metric, None))
    series = _Series(scope, numerator, denominator)
    split = _top_split(series, scope.options.get("split"))
    figures = series.figures(unit, split)
    kind: ColumnType = "rate" if denominator else "money" if metric in MONEY else "int"
    nothing = (money(0) if kind == "money" else 0, None if denominator is None else 0)
    listed = buckets(unit, scope.question.tz, scope.period)
    rows = [
        _row(scope, bucket, group if split else None, figures.get((bucket.key, group), nothing))
        for bucket in listed
        for group in (_groups(figures) if split else ("",))
    ]
    tables = _TABLES.get(_SOURCES[numerator], _OTHER_TABLES)
    rows_behind = {name: count for table in tables for name, count in scope.rows_behind(table).items()}
    return Result(_columns(kind), rows, rows_behind, len(rows))


def unit_of(scope: Scope) -> Unit:
    """Return the requested bucket size, or the default for the length of the range."""
    unit = scope.options.get("by")
    if unit is None:
        return default_unit(scope.period.days)
    if unit == "hour" and scope.period.days > MAX_HOUR_DAYS:
        why = f"hour for a range of {scope.period.days:,} days (expected at most {MAX_HOUR_DAYS} days)"
        raise QuestionError("invalid_option", "by", why, "use day, week or month")
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


def _row(scope: Scope, bucket: Bucket, group: str | None, figure: tuple[int | Decimal, int | None]) -> tuple[Any, ...]:
    number, denominator = figure
    done = bucket.is_complete(scope.period)
    if denominator is None:
        return bucket.local, bucket.offset_s, group, number, None, None, done
    return bucket.local, bucket.offset_s, group, ratio(int(number), denominator), number, denominator, done


def _top_split(series: _Series, dimension: str | None) -> Split | None:
    """Return the split with its largest values by name. For a rate these are the values with most sessions."""
    if dimension is None:
        return None
    split = Split(dimension)
    figures = series.figures(None, split)
    groups = {group for _, group in figures}
    if len(groups) <= TOP:
        return split
    if series.denominator is not None:
        figures = replace(series, numerator="sessions", denominator=None).figures(None, split)
    sizes = {group: number for (_, group), (number, _) in figures.items()}
    ranked = sorted(groups, key=lambda group: (-sizes.get(group, 0), group.encode()))
    return Split(dimension, tuple(ranked[:TOP]))


def _groups(figures: Figures) -> list[str]:
    return sorted({group for _, group in figures}, key=str.encode)
