"""Makes orders and refunds: prices, coupons, payment methods, and what is given back later.

In: a cart and two random generators: `chance` of the visit, and `extra`, which decides only what does not change how
the visit continues. Out: Orders, and the events of their refunds. Guarantee: events of one refund never share an
instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from clickstream.sources.simulate.calendar import DAY, HOUR, MINUTE, SECOND
from clickstream.sources.simulate.people import uuid_text
from clickstream.sources.simulate.story import Item, Order, Product, Refund, StoryEvent, Terms

SHIPPING = Decimal("4.90")
TAX_PERCENT = 19  # part of all prices
COUPONS = ("WELCOME10", "SPRING25", "FREESHIP")
_COUPON_SHARE = 0.24
_METHODS = ("card", "paypal", "invoice", "bank_transfer", "gift_card", None)
_METHOD_WEIGHTS = (46, 27, 14, 6, 3, 4)
_REFUND_SHARE = 0.16
_CENT = Decimal("0.01")


def make_order(chance: Random, extra: Random, cart: Sequence[Product]) -> Order:
    """Return the order of a cart. Its two reports may differ, and rarely one or both totals are missing."""
    counted = {product.id: product for product in cart}
    items = [Item(product, cart.count(product) + (chance.random() < 0.1)) for product in counted.values()]
    goods = sum((item.product.price * item.quantity for item in items), Decimal(0))
    terms = _terms(extra, goods)
    total = goods + (terms.shipping or 0) - (terms.discount or 0)
    currency = chance.choices(("EUR", "USD", "GBP", None), (90, 5, 3, 2))[0]
    totals: tuple[Decimal | None, Decimal | None] = (total - 10 if chance.random() < 0.08 else total, total)
    if chance.random() < 0.02:
        currency, totals = "EUR", (None, None)
    elif chance.random() < 0.03:
        currency, totals = "EUR", (totals[0], None)
    return Order(f"o-{uuid_text(chance)[:13]}", currency, items, *totals, *_reports(extra, terms))


def make_refunds(extra: Random, order: Order, at: int, user: str | None) -> Iterator[StoryEvent]:
    """Yield the events of an order's refunds: none, one for the whole or a part, two parts, or one reported twice.

    at: when the order was placed. user: the account, which some events name; a refund makes no visitor. Some amounts
    are negative: such a shop sends what it loses.
    """
    if extra.random() >= _REFUND_SHARE:
        return
    kind, known = extra.random(), order.server_total or order.browser_total
    order_id = order.id
    if kind < 0.1:
        order_id = f"o-{uuid_text(extra)[:13]}"  # an order from before the shop was tracked
    currency = None if extra.random() < 0.3 else order.currency
    whole = Refund(order_id, known, currency)
    part = replace(whole, amount=order.items[0].product.price, items=(Item(order.items[0].product, 1),))
    at += extra.randrange(MINUTE, HOUR) if extra.random() < 0.3 else extra.randrange(HOUR, 9 * DAY)
    if kind < 0.4:
        refunds = [whole]
    elif kind < 0.75:
        refunds = [part]
    elif kind < 0.85:
        refunds = [part, replace(part, amount=Decimal("5"), items=())]
    else:  # reported twice; the first report may lack the amount
        named = replace(whole, refund_id=f"r-{uuid_text(extra)[:8]}")
        refunds = [replace(named, amount=None) if extra.random() < 0.3 else named, named]
    for refund in refunds:
        sent = replace(refund, amount=-refund.amount) if refund.amount and extra.random() < 0.15 else refund
        sent_user = user if extra.random() < 0.5 else None
        yield StoryEvent("order_refunded", at, refund=sent, user=sent_user, by_server=True)
        at += extra.randrange(SECOND, 2 * DAY)


def _terms(extra: Random, goods: Decimal) -> Terms:
    """Return the terms of an order. The total is goods + shipping - discount, and includes the tax."""
    coupon = extra.choice(COUPONS) if extra.random() < _COUPON_SHARE else None
    if coupon == "SPRING25" and goods < 100:
        coupon = "WELCOME10"
    discount = {"WELCOME10": (goods / 10).quantize(_CENT), "SPRING25": Decimal("25.00")}.get(coupon or "")
    shipping = Decimal("0.00") if coupon == "FREESHIP" else SHIPPING
    paid = goods + shipping - (discount or 0)
    tax = (paid * TAX_PERCENT / (100 + TAX_PERCENT)).quantize(_CENT)
    return Terms(discount, tax, shipping, coupon, extra.choices(_METHODS, _METHOD_WEIGHTS)[0])


def _reports(extra: Random, terms: Terms) -> tuple[Terms, Terms]:
    """Return what the browser and the server report. Only the server knows the tax; either may know less."""
    browser, server = replace(terms, tax=None), terms
    kind = extra.random()
    if kind < 0.1:
        server = replace(server, coupon=None, discount=None)
    elif kind < 0.2:
        browser = replace(browser, payment_method=None, shipping=None)
    elif kind < 0.25 and terms.discount is not None:
        browser = replace(browser, discount=terms.discount + 1)  # the server's counts
    elif kind < 0.35:
        server = replace(server, tax=None)
    return browser, server
