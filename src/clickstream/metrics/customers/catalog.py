"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.customers.bought_together import bought_together
from clickstream.metrics.customers.customers import customers
from clickstream.metrics.customers.ltv import check_periods, ltv, whole_months
from clickstream.metrics.definition import CURRENCY, Metric, Option

CUSTOMERS: Mapping[str, Metric] = {
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
        widen=whole_months,
    ),
    "bought_together": Metric(
        "Which products go into one basket?",
        "Pairs of products that at least three orders contain, and how much more often than by chance.",
        bought_together,
        {},
    ),
}
