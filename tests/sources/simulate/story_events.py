"""The story as the events of the metrics' oracle: what the load must make of it, without the load.

So the oracle counts the story, and a metric counts what was sent, stored and loaded; both must agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from clickstream.sources.simulate.calendar import Calendar, instant, micros
from clickstream.sources.simulate.disorder import Disorder, Tally
from clickstream.sources.simulate.story import Order, Plan, Product, Refund, Session, StoryEvent, Visit
from clickstream.sources.simulate.timeline import Timeline
from clickstream.sources.simulate.wire import Wire

Event = dict[str, Any]
_COLUMNS = (
    *("order_id", "order_total", "order_currency", "items", "source", "medium", "referrer_domain", "browser", "os"),
    *("order_discount", "order_tax", "order_shipping", "order_coupon", "order_payment_method", "order_refund_id"),
    *("search_term", "search_results"),
    *("context_product_id", "context_product_name", "context_product_category", "context_product_brand"),
)


@dataclass
class Story:
    """events: in event order. tally, field_errors: of all events that were sent. true_rows: by question."""

    plan: Plan
    events: list[Event]
    tally: Tally
    field_errors: dict[str, int]
    true_rows: dict[Any, list[Event]] = field(default_factory=dict)


def make_story(simulated: dict[str, Any]) -> Story:
    """Make the story of a truth document again. simulated: its part of that name."""
    first, tz = date.fromisoformat(simulated["from"]), ZoneInfo(simulated["tz"])
    as_of = micros(datetime.fromisoformat(simulated["as_of"]))
    plan = Plan(
        simulated["seed"], simulated["visitors"], simulated["days"], first, tz, as_of, currency=simulated["currency"]
    )
    calendar = Calendar(tz, first, plan.days)
    disorder = Disorder(plan.seed, calendar, as_of)
    visits = []
    for visit in Timeline(plan, calendar):
        visits.append(visit)
        for _ in disorder.posts(visit):
            pass
    events = events_of(visits, disorder.wire, plan.currency)
    return Story(plan, events, disorder.tally, dict(disorder.wire.field_errors))


def events_of(visits: Iterable[Visit], wire: Wire, currency: str) -> list[Event]:
    rows: list[Event] = []
    visits = list(visits)
    tracked = {event.order.id for visit in visits for _, event in visit.events() if event.order is not None}
    for visit in visits:
        for session, event in visit.events():
            row = _event(session, event, line=len(rows) + 1)
            if event.product is not None:
                row.update(_product(event.product, wire.name_of(event.product, event.at)))
            if event.order is not None:
                row.update(_order(event.order, event, wire, currency))
            if event.refund is not None:
                row.update(_refund(event.refund, None if event.refund.order_id in tracked else currency))
            if event.search is not None:
                row.update(search_term=event.search.term, search_results=event.search.results)
            rows.append(row)
    return sorted(rows, key=lambda row: row["event_timestamp"])


def _event(session: Session, event: StoryEvent, line: int) -> Event:
    landing = session.landing
    return {
        **dict.fromkeys(_COLUMNS),
        "event_id": line,
        "raw_line": line,
        "raw_object": "the story",
        "event_timestamp": instant(event.at),
        "received_at": instant(event.at),
        "event_name": event.name,
        "client_id": session.client,
        "session_id": session.sent_id,
        "user_id": event.user,
        "user_login_state": event.login_state,
        "is_first_visit": event.is_first_visit,
        "page_url": event.path,
        "page_path": event.path,
        "session_key": None if session.is_loose else str(id(session)),
        "is_page_view": event.is_page_view,
        "is_sample": False,
        "is_bot": session.bot in ("declared", "headless"),  # a rate is judged on the whole session
        "channel": landing.channel,
        "campaign": landing.campaign,
        "device_type": session.device.type,
        "country": session.country,
    }


def _product(product: Product, name: str) -> Event:
    fields = {"id": product.id, "name": name, "category": product.category, "brand": product.brand}
    return {f"context_product_{field}": value for field, value in fields.items()}


def _refund(refund: Refund, default_currency: str | None) -> Event:
    """default_currency: of a refund that names none, and whose order is not known; others take that of their order."""
    return {
        "order_id": refund.order_id,
        "order_total": refund.amount,
        "order_currency": refund.currency or default_currency,
        "order_refund_id": refund.refund_id,
    }


def _order(order: Order, event: StoryEvent, wire: Wire, currency: str) -> Event:
    terms = asdict(order.server_terms if event.by_server else order.browser_terms)
    return {
        **{f"order_{name}": value for name, value in terms.items()},
        "order_id": order.id,
        "order_total": order.server_total if event.by_server else order.browser_total,
        "order_currency": order.currency or currency,
        "items": [
            {
                "product_id": item.product.id,
                "product_name": wire.name_of(item.product, event.at),
                "product_category": item.product.category,
                "product_brand": item.product.brand,
                "price": item.product.price,
                "quantity": item.quantity,
            }
            for item in order.items
        ],
    }
