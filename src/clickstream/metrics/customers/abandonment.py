"""`abandonment`: how many filled carts are left behind?

A cart is a run of a visitor's cart events, over several sessions if need be: it ends with an order, or when the visitor
leaves it alone for longer than `idle`. Counted are carts that were opened in the range long enough ago to be judged.
"""

from __future__ import annotations

import re
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.definition import Option
from clickstream.metrics.overview import SECOND_US
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("carts", "int"),
    Column("ordered", "int"),
    Column("abandoned", "int"),
    Column("emptied", "int"),
    Column("still_open", "int"),
    Column("unripe", "int"),
    Column("abandonment_rate", "rate"),
    Column("checkout_carts", "int"),
    Column("checkout_abandoned", "int"),
    Column("checkout_abandonment_rate", "rate"),
    Column("median_to_order_s", "double"),
)
MAX_IDLE_HOURS = 30 * 24
_HOURS = {"h": 1, "d": 24}
_HOUR_US = 3_600_000_000
_EVENTS = """
    select
        coalesce(max(id) filter (text = 'add_to_cart_click'), -2) as add,
        coalesce(max(id) filter (text = 'remove_from_cart_click'), -3) as remove,
        coalesce(max(id) filter (text = 'checkout_start'), -4) as checkout,
        -1 as purchase
    from texts
    where text in ('add_to_cart_click', 'remove_from_cart_click', 'checkout_start')
"""
"""The numbers of event names; a negative one for a name that no event has, and for purchases."""


def check_idle(text: str) -> str:
    """Return a time as hours, such as `72h`. Raises QuestionError."""
    found = re.fullmatch(r"([0-9]{1,4})([hd])", text)
    hours = int(found[1]) * _HOURS[found[2]] if found else 0
    if not 1 <= hours <= MAX_IDLE_HOURS:
        raise QuestionError("invalid_option", "idle", f"{text!r} (expected 1h to 30d, such as 72h or 3d)")
    return f"{hours}h"


IDLE = Option((), "how long a cart is left alone before it is abandoned, 1h to 30d", "72h", check=check_idle)


def cart_params(scope: Scope) -> dict[str, Any]:
    """Return the parameters of carts.sql."""
    return scope.cursor.fetch(_EVENTS).dicts()[0] | {"idle": int(scope.options["idle"].removesuffix("h")) * _HOUR_US}


def abandonment(scope: Scope) -> Result:
    """Return one row."""
    (found,) = scope.fetch("customers/abandonment", params=cart_params(scope), after="customers/carts").dicts()
    median_us = found["median_to_order_us"]
    figures = {
        **found,
        "abandonment_rate": ratio(found["abandoned"], found["ordered"] + found["abandoned"]),
        "checkout_abandonment_rate": ratio(found["checkout_abandoned"], found["checkout_carts"]),
        "median_to_order_s": None if median_us is None else median_us / SECOND_US,
    }
    row = tuple(figures[column.name] for column in COLUMNS)
    return Result(COLUMNS, [row], {"clickstream_events": found["events"]}, 1)
