"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.customers.abandoned_products import abandoned_products
from clickstream.metrics.customers.abandonment import IDLE, abandonment
from clickstream.metrics.customers.attribution import BY, MAX_LOOKBACK, MODELS, attribution
from clickstream.metrics.customers.bought_together import bought_together
from clickstream.metrics.customers.customers import customers
from clickstream.metrics.customers.ltv import check_periods, ltv, whole_months
from clickstream.metrics.customers.rfm import rfm
from clickstream.metrics.customers.rfm_customers import DAYS, GROUPS, last_days, rfm_customers
from clickstream.metrics.definition import CURRENCY, Metric, Option, first_values, whole_number
from clickstream.metrics.rules.filters import EVENT_COLUMNS
from clickstream.metrics.segments.segment_size import REFUSED as SEGMENT_REFUSED
from clickstream.metrics.segments.segment_size import segment_size

CUSTOMERS: Mapping[str, Metric] = {
    "segment_size": Metric(
        "How many visitors match a rule?",
        "The visitors of a segment: those with an event in the range, and all up to its end.",
        segment_size,
        {},
        lambda scope, _: segment_size(scope),
        refused=SEGMENT_REFUSED,
    ),
    "attribution": Metric(
        "Which channels earn the orders?",
        "Orders in the range, divided among the sessions that led to them, by five models.",
        attribution,
        {
            "by": Option(BY, "one row per", "channel"),
            "model": Option(("all", *MODELS), "how an order is divided among its touches", "all"),
            "lookback": Option(
                (),
                f"days before an order in which sessions count, 1 to {MAX_LOOKBACK}",
                "30",
                check=whole_number("lookback", 1, MAX_LOOKBACK),
            ),
            "currency": CURRENCY,
        },
        lambda scope, now: attribution(scope, sorted({row[1] for row in now.rows})),
        refused=("event",),
    ),
    "abandonment": Metric(
        "How many filled carts are left behind?",
        "Carts opened in the range, over all sessions of their visitor, by what became of them.",
        abandonment,
        {"idle": IDLE},
        lambda scope, _: abandonment(scope),
        refused=("event",),
    ),
    "abandoned_products": Metric(
        "What is left behind in carts?",
        "The products in abandoned carts that were opened in the range.",
        abandoned_products,
        {"idle": IDLE},
        lambda scope, now: abandoned_products(scope, first_values(now)),
        refused=("event",),
    ),
    "rfm": Metric(
        "How many good customers are there?",
        "Customers in six groups by recency, frequency and value of their orders.",
        rfm,
        {"days": DAYS, "currency": CURRENCY},
        lambda scope, _: rfm(scope),
        refused=tuple(EVENT_COLUMNS),
        period=last_days,
    ),
    "rfm_customers": Metric(
        "Who are the good customers?",
        "Customers with the recency, frequency and value of their orders, their scores and their group.",
        rfm_customers,
        {"days": DAYS, "group": Option(GROUPS, "only customers of this group"), "currency": CURRENCY},
        refused=tuple(EVENT_COLUMNS),
        period=last_days,
    ),
    "customers": Metric(
        "Do buyers come back?",
        "The visitors with an order in the range: who bought for the first time, who again, and how soon.",
        customers,
        {"currency": CURRENCY},
        lambda scope, _: customers(scope),
    ),
    "ltv": Metric(
        "What is a customer worth?",
        "What customers have spent, by the month of their first order and the months since.",
        ltv,
        {
            "periods": Option((), "number of months after the first, at most 36", "12", check_periods),
            "currency": CURRENCY,
        },
        period=whole_months,
    ),
    "bought_together": Metric(
        "Which products go into one basket?",
        "Pairs of products that at least three orders contain, and how much more often than by chance.",
        bought_together,
        {},
    ),
}
