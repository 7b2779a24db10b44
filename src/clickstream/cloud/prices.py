"""Prices of AWS in US dollars, by region, with the day and the source of each.

They are list prices without taxes, savings plans and the free tier of a new account. `free` is what AWS never charges
in any month. `clickstream cost` needs no network and no account: check these numbers against AWS before you rely on
them, and correct them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

HOURS = 730
"""Hours of a month, as AWS counts them."""
DATED = "2026-11-22"
WHITEPAPER = "AWS whitepaper on the cost of API Gateway"
PRIVATELINK = "AWS PrivateLink pricing page"
LAMBDA = "AWS Lambda pricing page"
EXTRACT = "AWS Price API, extracts of 2026-08-12 and 2026-08-21"
UNCHECKED = "known list price, not checked against AWS since"


@dataclass(frozen=True, slots=True)
class Price:
    """A price for one `unit`. free: units of every month that cost nothing. source: where the number comes from."""

    amount: Decimal
    unit: str
    source: str
    free: Decimal = Decimal(0)


def _price(amount: str, unit: str, source: str, free: int = 0) -> Price:
    return Price(Decimal(amount), unit, source, Decimal(free))


_VIRGINIA = {
    "endpoint": _price("0.01", "hour", PRIVATELINK),
    "t4g.small": _price("0.0168", "hour", UNCHECKED),
    "t4g.micro": _price("0.0084", "hour", UNCHECKED),
    "volume": _price("0.08", "GB-month", UNCHECKED),
    "address": _price("0.005", "hour", UNCHECKED),
    "alarm": _price("0.10", "alarm", EXTRACT, free=10),
    "api": _price("1.00", "million requests", WHITEPAPER),
    "api above 300 million": _price("0.90", "million requests", WHITEPAPER),
    "invocation": _price("0.20", "million invocations", LAMBDA),
    "compute": _price("0.0000133334", "GB-second", LAMBDA),
    "put": _price("5.00", "million requests", EXTRACT),
    "get": _price("0.40", "million requests", EXTRACT),
    "storage": _price("0.023", "GB-month", UNCHECKED),
    "logs": _price("0.50", "GB", UNCHECKED),
    "traffic": _price("0.09", "GB", UNCHECKED, free=100),
    "cdn requests": _price("1.00", "million requests", UNCHECKED, free=10),
    "cdn traffic": _price("0.085", "GB", UNCHECKED, free=1024),
    "shop requests": _price("0.30", "million requests", UNCHECKED),
    "shop compute": _price("0.20", "GB-hour", UNCHECKED),
    "shop traffic": _price("0.15", "GB", UNCHECKED),
}
_SINGAPORE = _VIRGINIA | {
    "endpoint": _price("0.013", "hour", EXTRACT),
    "t4g.small": _price("0.0212", "hour", UNCHECKED),
    "t4g.micro": _price("0.0106", "hour", UNCHECKED),
    "volume": _price("0.096", "GB-month", EXTRACT),
    "api": _price("1.25", "million requests", UNCHECKED),
    "api above 300 million": _price("1.13", "million requests", UNCHECKED),
    "storage": _price("0.025", "GB-month", EXTRACT),
    "logs": _price("0.70", "GB", UNCHECKED),
    "traffic": _price("0.12", "GB", UNCHECKED, free=100),
    "cdn requests": _price("1.20", "million requests", UNCHECKED, free=10),
    "cdn traffic": _price("0.12", "GB", UNCHECKED, free=1024),
}
PRICES: dict[str, dict[str, Price]] = {"us-east-1": _VIRGINIA, "ap-southeast-1": _SINGAPORE}
API_STEP = Decimal(300)
"""Millions of requests after which the HTTP API costs less."""
