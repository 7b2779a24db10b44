"""`abandonment` and `abandoned_products` recomputed in plain Python: each visitor's carts, event by event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.metrics.oracle import Event, World, divide, order_key, shown
from tests.metrics.oracle_time import Range

ADD, REMOVE, CHECKOUT, PURCHASE = "add_to_cart_click", "remove_from_cart_click", "checkout_start", "purchase"


@dataclass
class Cart:
    """One run of a visitor's cart events: (what happened, the event)."""

    events: list[tuple[str, Event]] = field(default_factory=list)

    def rows(self, kind: str) -> list[Event]:
        return [row for name, row in self.events if name == kind]

    @property
    def opening(self) -> Event:
        return self.rows(ADD)[0]

    def state(self, as_of: datetime, idle: timedelta) -> str:
        last, event = self.events[-1]
        if last == PURCHASE:
            return "ordered"
        if as_of - event["event_timestamp"] <= idle:
            return "open"
        return "emptied" if len(self.rows(REMOVE)) >= len(self.rows(ADD)) else "abandoned"


def carts_of(world: World, idle: timedelta) -> list[Cart]:
    """All carts with an add, from the events before `as_of`."""
    carriers = [order.carrier["event_id"] for order in world.all_orders]
    by_visitor: dict[str, list[tuple[str, Event]]] = defaultdict(list)
    for row in world.events:
        name = PURCHASE if row["event_id"] in carriers else row["event_name"]
        visitor = world.visitor(row)
        if visitor is not None and name in (ADD, REMOVE, CHECKOUT, PURCHASE) and row["event_timestamp"] < world.as_of:
            by_visitor[visitor].append((name, row))
    found = []
    for events in by_visitor.values():
        ordered = sorted(events, key=lambda one: across_sessions(one[1]))
        carts = [Cart()]
        for (name, row), before in zip(ordered, [None, *ordered], strict=False):
            silence = row["event_timestamp"] - before[1]["event_timestamp"] if before else timedelta()
            if before and (before[0] == PURCHASE or silence > idle):
                carts.append(Cart())
            carts[-1].events.append((name, row))
        found += [cart for cart in carts if cart.rows(ADD)]
    return found


def across_sessions(row: Event) -> tuple[object, ...]:
    """Return the sort key of event order among events of different sessions."""
    key = row["session_key"]
    return (row["event_timestamp"], key is None, (key or "").encode(), *order_key(row)[1:])


def counted(world: World, span: Range, idle: timedelta) -> list[Cart]:
    """The carts that an event in the range opened which passes the filters."""
    opening = {row["event_id"] for row in world.counted_events(span)}
    return [cart for cart in carts_of(world, idle) if cart.opening["event_id"] in opening]


def ripe(world: World, carts: Sequence[Cart], idle: timedelta) -> list[Cart]:
    return [cart for cart in carts if world.as_of - cart.opening["event_timestamp"] >= idle]


def abandonment(world: World, span: Range, idle: timedelta) -> dict[str, Any]:
    """`abandonment`: one row."""
    opened = counted(world, span, idle)
    judged = ripe(world, opened, idle)
    states = [cart.state(world.as_of, idle) for cart in judged]
    closed = [
        state
        for cart, state in zip(judged, states, strict=True)
        if cart.rows(CHECKOUT) and state in ("ordered", "abandoned")
    ]
    times = sorted(
        (cart.events[-1][1]["event_timestamp"] - cart.opening["event_timestamp"]) // timedelta(microseconds=1)
        for cart, state in zip(judged, states, strict=True)
        if state == "ordered"
    )
    ordered, abandoned = states.count("ordered"), states.count("abandoned")
    return {
        "carts": len(judged),
        "ordered": ordered,
        "abandoned": abandoned,
        "emptied": states.count("emptied"),
        "still_open": states.count("open"),
        "unripe": len(opened) - len(judged),
        "abandonment_rate": divide(abandoned, ordered + abandoned),
        "checkout_carts": len(closed),
        "checkout_abandoned": closed.count("abandoned"),
        "checkout_abandonment_rate": divide(closed.count("abandoned"), len(closed)),
        "median_to_order_s": times[(len(times) + 1) // 2 - 1] / 1e6 if times else None,
    }


def abandoned_products(world: World, span: Range, idle: timedelta) -> list[dict[str, Any]]:
    """`abandoned_products`: a row for each product that is left behind."""
    judged = [
        (cart, state)
        for cart in ripe(world, counted(world, span, idle), idle)
        if (state := cart.state(world.as_of, idle)) != "open"
    ]
    rows = []
    for product in {row["context_product_id"] for cart, _ in judged for row in cart.rows(ADD)} - {None}:
        holding = [one for one in judged if _count(one[0], ADD, product)]
        left = sum(
            state == "abandoned" and _count(cart, ADD, product) > _count(cart, REMOVE, product)
            for cart, state in holding
        )
        if left:
            events = [
                row
                for cart, _ in judged
                for name, row in cart.events
                if name in (ADD, REMOVE, CHECKOUT)
                and row["context_product_id"] == product
                and row["context_product_name"]
            ]
            named = max(events, key=across_sessions, default=None)
            rows.append(
                {
                    "product_id": product,
                    "name": named and shown(named["context_product_name"]),
                    "carts": left,
                    "carts_with_product": len(holding),
                    "rate": left / len(holding),
                }
            )
    return sorted(rows, key=lambda row: (-row["carts"], row["product_id"].encode()))


def _count(cart: Cart, kind: str, product: str) -> int:
    return sum(row["context_product_id"] == product for row in cart.rows(kind))
