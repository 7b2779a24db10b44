"""`products`: what is looked at, and where is it lost?

Events in range that name a product (or a category, or a brand). Session figures are sets of sessions: those with a
view of it, with an add of it to the cart, and with a checkout started later in the session than such an add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import EVENT_COLUMNS
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_of

NAMES = (Column("name", "text"), Column("category", "text"), Column("brand", "text"))
FIGURES = (
    Column("views", "int"),
    Column("cart_adds", "int"),
    Column("view_sessions", "int"),
    Column("cart_sessions", "int"),
    Column("checkout_sessions", "int"),
    Column("view_to_cart", "rate"),
    Column("cart_to_checkout", "rate"),
)
_BY = {"product": "product_id", "category": "category", "brand": "brand"}


def products(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Products, categories or brands, most views first. `only`: just these values, all on one page."""
    slots, params = page_of(scope.question, only)
    slots["value"] = f"nullif(e.{EVENT_COLUMNS[_BY[scope.options['by']]]}, '')"
    found = scope.fetch("products", slots, params).dicts()
    total, found = found[0], [row for row in found if row["value"] is not None]
    named = scope.options["by"] == "product"
    names = _products_named(scope, [row["value"] for row in found]) if named else {}
    nameless = (None,) * len(NAMES) if named else ()
    rows = [(row["value"], *names.get(row["value"], nameless), *_figures(row)) for row in found]
    return Result(
        (Column("value", "text"), *(NAMES if named else ()), *FIGURES),
        rows,
        {"clickstream_events": total["valued_events"]},
        total["total_rows"],
        keys=1,
        extra={"events_without_product": total["total_events"] - total["valued_events"]},
    )


def _figures(row: dict[str, Any]) -> tuple[Any, ...]:
    counts = [int(row[column.name]) for column in FIGURES if column.type == "int"]
    return (
        *counts,
        ratio(row["view_cart_sessions"], row["view_sessions"]),
        ratio(row["checkout_sessions"], row["cart_sessions"]),
    )


def _products_named(scope: Scope, ids: Sequence[str]) -> dict[str, tuple[str | None, ...]]:
    """Product id -> its last known name, category and brand in range."""
    found = scope.fetch("products_named", params={"products": list(ids)})
    return {row[0]: tuple(row[1:]) for row in found.rows}
