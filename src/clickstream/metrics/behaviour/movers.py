"""`movers`: what explains the change?

For each dimension, the values that changed most against the comparison period. A value moves when its change is large,
both as a number and as a share, and larger than chance alone makes likely: three standard deviations of two counts. So
revenue is judged by its orders. When nothing moved, there are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column, ColumnType
from clickstream.metrics.rules.filters import NONE
from clickstream.metrics.rules.period import Period, compared_period
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.scope import Scope

DIMENSIONS = ("channel", "source", "campaign", "landing_page", "device_type", "browser", "os", "country")
PRODUCT_DIMENSIONS = {"product": "product_id", "category": "category", "brand": "brand"}
LIMIT = 10
ROWS_A_DIMENSION = 3
MIN_CHANGE = 10
MIN_SHARE = Decimal("0.05")
DEVIATIONS = 3

_PAID = "select session, total from counted_orders where currency = $currency and total is not null"
_MEASURES = {
    "sessions": ("select id as session from counted_sessions", "count(*)", "count(*)"),
    "visitors": ("select distinct session, visitor from counted_quarters", *["count(distinct visitor)"] * 2),
    "page_views": (
        "select session, sum(page_views) as views from counted_quarters group by session",
        *["coalesce(sum(views), 0)"] * 2,
    ),
    "orders": ("select session from counted_orders", "count(*)", "count(*)"),
    "revenue": (_PAID, "coalesce(sum(total), 0)", "count(*)"),
}
"""Metric -> its rows, its figure over them, and the count by which a change of it is judged."""
_SOLD = {
    "orders": ("count(distinct o.id)", "true"),
    "revenue": (
        "coalesce(round(sum(i.price * i.quantity), 4), 0)",
        "o.currency = $currency and i.price is not null",
    ),
}
METRIC_NAMES = tuple(_MEASURES)
_TABLES = {"sessions": "sessions", "orders": "orders", "revenue": "orders"}  # others: clickstream_events
_TOTAL = ("", "")

# (dimension, value) -> the figure, and the count by which it is judged
Figures = Mapping[tuple[str, str], tuple[int | Decimal, int]]


@dataclass(frozen=True, slots=True)
class Mover:
    """A value and its figures in both periods; counts: those by which the change is judged."""

    dimension: str
    value: str
    now: int | Decimal
    previous: int | Decimal
    counts: tuple[int, int]

    @property
    def change(self) -> int | Decimal:
        return self.now - self.previous

    @property
    def size(self) -> int | Decimal:
        return self.change if self.change >= 0 else -self.change

    @property
    def rank(self) -> tuple[Any, ...]:
        return -self.size, self.dimension, self.value.encode()

    def has_moved(self) -> bool:
        now, previous = self.counts
        change = abs(now - previous)
        return (
            change >= MIN_CHANGE
            and change >= MIN_SHARE * previous
            and change**2 >= DEVIATIONS**2 * (now + previous)
            and self.size >= MIN_SHARE * self.previous
        )


def movers(scope: Scope) -> Result:
    """Return the values that moved, the largest change first, at most three of each dimension."""
    metric, question = scope.options["metric"], scope.question
    other = compared_period(question, scope.period)
    if other is None:
        why = "'none' (expected previous or year)"
        raise QuestionError("invalid_option", "compare", why, "movers compares two periods")
    now, before = _figures(scope), _figures(scope.for_period(other))
    nothing = (now[_TOTAL][0] * 0, 0)
    whole_change = now[_TOTAL][0] - before[_TOTAL][0]
    found = [
        Mover(*key, figure, previous, (count, count_before))
        for key in now.keys() | before.keys()
        for (figure, count), (previous, count_before) in [(now.get(key, nothing), before.get(key, nothing))]
        if key not in (_TOTAL, ("campaign", NONE))
    ]
    moved = sorted(_largest([mover for mover in found if mover.has_moved()]), key=lambda mover: mover.rank)
    page = moved[question.offset :][: question.limit]
    return Result(
        _columns("money" if metric == "revenue" else "int"),
        [_row(mover, whole_change) for mover in page],
        scope.rows_behind(_TABLES.get(metric, "clickstream_events")),
        len(moved),
        extra={"compare": _compared(scope, other)},
    )


def _columns(kind: ColumnType) -> tuple[Column, ...]:
    return (
        Column("dimension", "text"),
        Column("value", "text"),
        Column("value_now", kind),
        Column("value_previous", kind),
        Column("change", kind),
        Column("share_of_change", "double"),
    )


def _row(mover: Mover, whole_change: int | Decimal) -> tuple[Any, ...]:
    share = float(Decimal(mover.change) / Decimal(whole_change)) if whole_change else None
    return mover.dimension, mover.value, mover.now, mover.previous, mover.change, share


def _compared(scope: Scope, other: Period) -> dict[str, Any]:
    dates = {"from": other.from_date, "to": other.to_date, "start": other.start, "end": other.end}
    return {"mode": scope.question.compare, **dates}


def _largest(found: list[Mover]) -> Iterator[Mover]:
    for dimension in sorted({mover.dimension for mover in found}):
        group = [mover for mover in found if mover.dimension == dimension]
        yield from sorted(group, key=lambda mover: mover.rank)[:ROWS_A_DIMENSION]


def _figures(scope: Scope) -> Figures:
    """Return the figures of one period, with that of the whole period under ("", "")."""
    metric = scope.options["metric"]
    rows, figure, count = _MEASURES[metric]
    slots = {"rows": rows, "figure": figure, "count": count, **_grouped({name: f"m.{name}" for name in DIMENSIONS})}
    found = scope.fetch("behaviour/movers", slots).rows
    if metric in _SOLD:
        figure, shown = _SOLD[metric]
        columns = {name: f"p.{column}" for name, column in PRODUCT_DIMENSIONS.items()}
        found += scope.fetch("behaviour/movers_products", {"figure": figure, "shown": shown, **_grouped(columns)}).rows
    read = money if metric == "revenue" else int
    return {(dimension or "", value or ""): (read(number), int(count)) for dimension, value, number, count in found}


def _grouped(columns: Mapping[str, str]) -> dict[str, str]:
    """Return slots that group rows by each of these columns."""
    names = " ".join(f"when grouping({column}) = 0 then '{name}'" for name, column in columns.items())
    return {
        "dimension": f"case {names} end",
        "value": f"coalesce({', '.join(columns.values())})",
        "sets": ", ".join(f"({column})" for column in columns.values()),
        "columns": ", ".join(f"coalesce(s.{name}, '{NONE}') as {name}" for name in columns),
    }
