"""`movers` recomputed in plain Python: one figure of each value of each dimension, in two periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.metrics.oracle import World, session_value, shown
from tests.metrics.oracle_orders import Order
from tests.metrics.oracle_time import Range

DIMENSIONS = ("channel", "source", "campaign", "landing_page", "device_type", "browser", "os", "country")
ITEM_FIELDS = {"product": "product_id", "category": "product_category", "brand": "product_brand"}
FOUR_DIGITS = Decimal("0.0001")


@dataclass(frozen=True)
class Rule:
    """What a change must reach."""

    min_change: int
    deviations: int


def movers(
    world: World, spans: tuple[Range, Range], metric: str, currency: str | None, rule: Rule
) -> list[dict[str, Any]]:
    now, before = (_figures(world.at(span), span, metric, currency) for span in spans)
    nothing = (Decimal(0) if metric == "revenue" else 0, 0)
    whole = now.pop(("", ""), nothing)[0] - before.pop(("", ""), nothing)[0]
    rows = []
    for dimension, value in {*now, *before} - {("campaign", "(none)")}:
        (new, count), (old, old_count) = now.get((dimension, value), nothing), before.get((dimension, value), nothing)
        if _has_moved(rule, count, old_count) and abs(new - old) >= Decimal("0.05") * old:
            share = float(Decimal(new - old) / Decimal(whole)) if whole else None
            row = {"dimension": dimension, "value": value, "value_now": new, "value_previous": old}
            rows.append({**row, "change": new - old, "share_of_change": share})
    rows.sort(key=lambda row: (-abs(row["change"]), row["dimension"], row["value"].encode()))
    rank: dict[str, int] = defaultdict(int)
    kept = []
    for row in rows:
        rank[row["dimension"]] += 1
        if rank[row["dimension"]] <= 3:
            kept.append(row)
    return kept


def _has_moved(rule: Rule, now: int, before: int) -> bool:
    change = abs(now - before)
    return (
        change >= rule.min_change
        and change >= Decimal("0.05") * before
        and change**2 >= rule.deviations**2 * (now + before)
    )


def _figures(world: World, span: Range, metric: str, currency: str | None) -> dict[tuple[str, str], tuple[Any, int]]:
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for key, thing in _things(world, span, metric, currency):
        session = world.all_sessions.get(key or "", [])
        groups["", ""].append(thing)
        for dimension in DIMENSIONS:
            groups[dimension, shown(session_value(session, dimension) if session else None)].append(thing)
    found = {group: _figure(metric, things) for group, things in groups.items()}
    return {**found, **_of_products(world, span, metric, currency)}


def _things(world: World, span: Range, metric: str, currency: str | None) -> Iterable[tuple[str | None, Any]]:
    """What is counted, each with its session."""
    if metric == "sessions":
        return [(key, 1) for key in world.counted_sessions(span)]
    if metric == "page_views":
        return [(row["session_key"], int(row["is_page_view"])) for row in world.counted_events(span)]
    if metric == "visitors":
        return [(row["session_key"], world.visitor(row)) for row in world.counted_events(span)]
    return [
        (order.session_key, 1 if metric == "orders" else order.total)
        for order in world.counted_orders(span)
        if metric == "orders" or (order.total is not None and order.currency == currency)
    ]


def _figure(metric: str, things: Sequence[Any]) -> tuple[Any, int]:
    """The figure, and the count by which its change is judged."""
    if metric == "revenue":
        return sum(things, Decimal(0)), len(things)
    count = len({*things} - {None}) if metric == "visitors" else sum(things)
    return count, count


def _of_products(
    world: World, span: Range, metric: str, currency: str | None
) -> dict[tuple[str, str], tuple[Any, int]]:
    if metric not in ("orders", "revenue"):
        return {}
    sold: dict[tuple[str, str], list[tuple[Order, dict[str, Any]]]] = defaultdict(list)
    for order in world.counted_orders(span):
        for item in order.items:
            if metric == "orders" or (order.currency == currency and item["price"] is not None):
                for dimension, field in ITEM_FIELDS.items():
                    if item[field] is not None:
                        sold[dimension, item[field]].append((order, item))
    found: dict[tuple[str, str], tuple[Any, int]] = {}
    for group, items in sold.items():
        orders = len({order.order_id for order, _ in items})
        amount = sum((item["price"] * item["quantity"] for _, item in items if metric == "revenue"), Decimal(0))
        found[group] = (orders if metric == "orders" else amount.quantize(FOUR_DIGITS, ROUND_HALF_UP), orders)
    return found
