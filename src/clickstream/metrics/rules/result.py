"""The result of a metric, from which `catalog.ask` makes an Answer; and its comparison with another period.

In: rows of one period, and of the other one. Out: the same rows with `x_previous` and `x_change` (for rates
`x_change_points`) after the metric's own columns. Divisions are done here, in Python, the same for all engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from clickstream.metrics.question import Column

_FOUR_DIGITS = Decimal("0.0001")
_EXACT = Context(prec=60)
_COMPARED = ("int", "money", "decimal", "rate", "double")


@dataclass(frozen=True, slots=True)
class Result:
    """A metric's table.

    keys: number of leading columns that identify a row. rows_behind: table -> number of rows counted.
    """

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    rows_behind: Mapping[str, int]
    total_rows: int
    keys: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


def ratio(numerator: int | None, denominator: float | None) -> float | None:
    """Divide; None if the denominator is 0 or None."""
    return None if numerator is None or not denominator else numerator / denominator


def money(amount: Decimal | int | None) -> Decimal:
    """Return an amount with four decimal places, the same for every engine. None is 0."""
    return Decimal(amount or 0).quantize(_FOUR_DIGITS, ROUND_HALF_UP, _EXACT)


def per_order(revenue: Decimal, orders: int | None) -> float | None:
    """Return the average order value; None without an order that has a total."""
    return float(revenue / orders) if orders else None


def compared(now: Result, before: Result) -> Result:
    """Return `now` with comparison columns. A row that is missing in `before` counts as 0 there, its rates as None."""
    indexes = [index for index in range(now.keys, len(now.columns)) if now.columns[index].type in _COMPARED]
    added = [column for index in indexes for column in _comparison_columns(now.columns[index])]
    earlier = {row[: now.keys]: row for row in before.rows}
    nothing = tuple({"int": 0, "money": money(0), "decimal": Decimal(0)}.get(column.type) for column in now.columns)
    rows = []
    for row in now.rows:
        old = earlier.get(row[: now.keys], nothing)
        pairs = [_compare(now.columns[index], row[index], old[index]) for index in indexes]
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
