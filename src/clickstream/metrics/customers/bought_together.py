"""`bought_together`: which products go into one basket?

Pairs of products that at least three orders of the range contain. An order counts each of its products once. One of
more than 100 products is left out: it is hardly a basket, and has thousands of pairs.
"""

from __future__ import annotations

from clickstream.metrics.products import product_names
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("product_a", "text"),
    Column("product_b", "text"),
    Column("name_a", "text"),
    Column("name_b", "text"),
    Column("orders", "int"),
    Column("share_a", "rate"),
    Column("share_b", "rate"),
    Column("lift", "double"),
)
MAX_PRODUCTS = 100
MIN_ORDERS = 3


def bought_together(scope: Scope) -> Result:
    """Rank pairs of products, most orders first."""
    _, page = page_slots(scope.question, None)
    params = {**page, "max_products": MAX_PRODUCTS, "min_orders": MIN_ORDERS}
    found = scope.fetch("customers/bought_together", params=params).dicts()
    total, found = found[0], [row for row in found if row["product_a"] is not None]
    names = product_names(scope, sorted({row[product] for row in found for product in ("product_a", "product_b")}))
    rows = [
        (
            row["product_a"],
            row["product_b"],
            names[row["product_a"]][0],
            names[row["product_b"]][0],
            row["orders"],
            ratio(row["orders"], row["orders_a"]),
            ratio(row["orders"], row["orders_b"]),
            ratio(row["orders"] * total["baskets"], row["orders_a"] * row["orders_b"]),
        )
        for row in found
    ]
    return Result(
        COLUMNS,
        rows,
        {"orders": total["baskets"]},
        total["total_rows"],
        extra={"large_orders": total["large_orders"]},
    )
