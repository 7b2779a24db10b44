"""`abandoned_products`: what is left behind in carts?

The products of the carts that `abandonment` counts, ranked by the abandoned carts that still hold them.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.customers.abandonment import cart_params
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("product_id", "text"),
    Column("name", "text"),
    Column("carts", "int"),
    Column("carts_with_product", "int"),
    Column("rate", "rate"),
)


def abandoned_products(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Rank products by the abandoned carts that hold them. only: return these products alone, on one page."""
    slots, params = page_slots(scope.question, only, "product_id")
    params |= cart_params(scope)
    found = scope.fetch("customers/abandoned_products", slots, params, after="customers/carts").dicts()
    rows = [
        (
            row["product_id"],
            row["name"],
            row["carts"],
            row["carts_with_product"],
            ratio(row["carts"], row["carts_with_product"]),
        )
        for row in found
        if row["product_id"] is not None
    ]
    return Result(COLUMNS, rows, {"clickstream_events": found[0]["all_events"]}, found[0]["total_rows"], keys=1)
