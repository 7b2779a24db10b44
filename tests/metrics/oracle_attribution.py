"""`attribution` recomputed in plain Python, order by order and touch by touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.metrics.oracle import Event, World, session_value, shown
from tests.metrics.oracle_orders import Order
from tests.metrics.oracle_time import Range

DAY = timedelta(days=1)
MODELS = ("first", "last", "linear", "time_decay", "position")


@dataclass(frozen=True)
class Touch:
    value: str
    is_direct: bool
    days: int


def touches_of(world: World, order: Order, by: str, lookback: int) -> list[Touch]:
    """The sessions of the order's visitor that began in reach of it, the oldest first."""
    visitor = world.visitor(order.carrier)
    reached: list[tuple[Any, str, list[Event]]] = []
    for key, session in world.sessions.items():
        start = session[0]["event_timestamp"]
        is_in_reach = order.ordered_at - lookback * DAY <= start <= order.ordered_at
        if is_in_reach and visitor is not None and world.session_visitor(session) == visitor:
            reached.append((start, key, session))
    return [
        Touch(
            shown(session_value(session, by)),
            session_value(session, "channel") == "direct",
            (order.ordered_at - start) // DAY,
        )
        for start, _, session in sorted(reached, key=lambda one: one[:2])
    ] or [Touch("(unobserved)", False, 0)]


def weights(model: str, touches: Sequence[Touch]) -> list[int]:
    n = len(touches)
    if model == "first":
        return [1] + [0] * (n - 1)
    if model == "last":
        return [0] * (n - 1) + [1]
    if model == "time_decay":
        return [round(2 ** (20 - touch.days / 7)) for touch in touches]
    if model == "position" and n >= 3:
        return [2 * (n - 2), *[1] * (n - 2), 2 * (n - 2)]
    return [1] * n


def credits(model: str, touches: Sequence[Touch]) -> list[int]:
    """Millionths of the order for each touch."""
    weight = weights(model, touches)
    found = [1_000_000 * one // sum(weight) for one in weight]
    return [*found[:-1], 1_000_000 - sum(found[:-1])]


def attribution(world: World, span: Range, options: Mapping[str, str], currency: str | None) -> list[dict[str, Any]]:
    """`attribution`: a row for each model and value."""
    by, lookback = options["by"], int(options["lookback"])
    models = MODELS if options["model"] == "all" else (options["model"],)
    orders = world.counted_orders(span)
    paths = [(order, touches_of(world, order, by, lookback)) for order in orders]
    values = {touch.value for _, path in paths for touch in path}
    rows = [_row(model, value, paths, currency) for model in models for value in values]
    return sorted(rows, key=lambda row: (MODELS.index(row["model"]), -row["credit"], row["value"].encode()))


def _row(model: str, value: str, paths: Sequence[tuple[Order, list[Touch]]], currency: str | None) -> dict[str, Any]:
    credit, revenue = 0, Fraction(0)
    for order, path in paths:
        kept = [touch for touch in path if not touch.is_direct] or path
        earned = sum(share for touch, share in zip(kept, credits(model, kept), strict=True) if touch.value == value)
        credit += earned
        if order.currency == currency and order.total is not None:
            revenue += Fraction(order.total) * earned
    return {
        "model": model,
        "value": value,
        "touches": sum(touch.value == value for _, path in paths for touch in path),
        "orders_touched": sum(any(touch.value == value for touch in path) for _, path in paths),
        "credit": Decimal(credit) / 1_000_000,
        "revenue_credit": Decimal(int(revenue * 10_000)) / 10**10,
        "share": credit / (1_000_000 * len(paths)),
    }
