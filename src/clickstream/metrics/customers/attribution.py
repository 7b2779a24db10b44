"""`attribution`: which channels earn the orders?

Each order in the range is divided among the sessions of its visitor that led to it: its touches. A model decides how
much of the order each touch earns. Credit is counted in whole millionths of an order, so the credits of a model add up
to the orders, and their amounts to the revenue.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import ACQUISITION_COLUMNS
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("model", "text"),
    Column("value", "text"),
    Column("touches", "int"),
    Column("orders_touched", "int"),
    Column("credit", "decimal"),
    Column("revenue_credit", "money"),
    Column("share", "rate"),
)
MODELS = ("first", "last", "linear", "time_decay", "position")
BY = ("channel", "source", "medium", "campaign")
MAX_LOOKBACK = 90
HALF_LIFE_DAYS = 7
_DAY_US = 86_400_000_000
_DECAY = [round(2 ** (20 - days / HALF_LIFE_DAYS)) for days in range(MAX_LOOKBACK + 1)]
"""The weight of a touch by whole days between it and the order: half as much every seven days."""


def attribution(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Divide the orders in the range among channels, sources…, for each model.

    only: return these values alone, with all models, on one page.
    """
    model = scope.options["model"]
    models = MODELS if model == "all" else (model,)
    slots, params = page_slots(scope.question, only, "t.value")
    if only is not None:
        params["limit"] = len(only) * len(models)
    slots["value"] = f"s.{ACQUISITION_COLUMNS[scope.options['by']]}"
    params |= {"models": list(models), "decay": _DECAY, "lookback": int(scope.options["lookback"]) * _DAY_US}
    found = scope.fetch("customers/attribution", slots, params).dicts()
    total = found[0]
    rows = [_row(row, total["orders"]) for row in found if row["model"] is not None]
    return Result(
        COLUMNS, rows, {"orders": total["orders"], "sessions": total["sessions"]}, total["total_rows"], keys=2
    )


def _row(row: dict[str, Any], orders: int) -> tuple[Any, ...]:
    credit, revenue = int(row["credit"]), Decimal(row["revenue_credit"])
    figures = {
        **row,
        "credit": Decimal(credit).scaleb(-6).quantize(Decimal("0.000001")),
        "revenue_credit": _ten_places(revenue),
        "share": ratio(credit, orders * 1_000_000),
    }
    return tuple(figures[column.name] for column in COLUMNS)


def _ten_places(millionths: Decimal) -> Decimal:
    """Divide an amount with four decimal places by a million; more digits than the default context keeps."""
    sign, digits, exponent = millionths.as_tuple()
    assert isinstance(exponent, int)
    return Decimal((sign, digits, exponent - 6))
