"""What a metric computed, before `catalog.ask` makes an Answer of it; and its comparison with another period.

In: rows of one period, and of the other one. Out: the same rows with `x_previous` and `x_change` (for rates
`x_change_points`) behind the metric's own columns. Divisions happen here, in Python, once for all engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from clickstream.metrics.question import Column

_FOUR_DIGITS = Decimal("0.0001")
_EXACT = Context(prec=60)
_COMPARED = ("int", "money", "rate", "double")


@dataclass(frozen=True, slots=True)
class Result:
    """A metric's table. `keys` leading columns name a row; `rows_behind`: table -> rows it was counted from."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    rows_behind: Mapping[str, int]
    total_rows: int
    keys: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


def ratio(numerator: int | None, denominator: int | None) -> float | None:
    """One division, None when there is nothing to divide by."""
    return None if numerator is None or not denominator else numerator / denominator


def money(amount: Decimal | int | None) -> Decimal:
    """An amount with its four digits, as every engine shows it; no amount at all is 0."""
    return Decimal(amount or 0).quantize(_FOUR_DIGITS, ROUND_HALF_UP, _EXACT)


def per_order(revenue: Decimal, orders: int | None) -> float | None:
    """Average order value; None without an order that has a total."""
    return float(revenue / orders) if orders else None


def compared(now: Result, before: Result) -> Result:
    """`now` with the columns of comparison. A row that `before` lacks was 0 there, its rates unknown."""
    places = [place for place, column in enumerate(now.columns) if column.type in _COMPARED]
    added = [column for place in places for column in _comparison_columns(now.columns[place])]
    earlier = {row[: now.keys]: row for row in before.rows}
    nothing = tuple({"int": 0, "money": money(0)}.get(column.type) for column in now.columns)
    rows = []
    for row in now.rows:
        old = earlier.get(row[: now.keys], nothing)
        pairs = [_compare(now.columns[place], row[place], old[place]) for place in places]
        rows.append(row + tuple(value for pair in pairs for value in pair))
    return replace(now, columns=(*now.columns, *added), rows=rows)


def _comparison_columns(column: Column) -> tuple[Column, Column]:
    change = "change_points" if column.type == "rate" else "change"
    return Column(f"{column.name}_previous", column.type), Column(f"{column.name}_{change}", "double")


def _compare(column: Column, now: Any, before: Any) -> tuple[Any, float | None]:
    if now is None or before is None:
        return before, None
    if column.type == "rate":
        return before, now - before
    return before, float((now - before) / before) if before else None
