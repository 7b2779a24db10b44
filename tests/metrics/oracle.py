"""Every number recomputed in plain Python over plain event dicts, without any of the code under test.

`stored` does what the load does (sessions, page views); the figures follow docs/metrics, one small function each.
Slow on purpose: figures are counted by reading all events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Self

from tests.metrics import oracle_segments
from tests.metrics.oracle_orders import (
    REFUND,
    Order,
    Refund,
    favourite,
    is_bot_session,
    merged,
    refunded,
    refunds_of,
    revenue_of,
)
from tests.metrics.oracle_time import Range, range_of

from clickstream.metrics.question import Question

Event = dict[str, Any]

GAP = timedelta(minutes=30)
NAMED_VIEWS = ("home_view", "category_view", "product_view")
KEY_EVENTS = (
    "add_to_cart_click",
    "wishlist_toggle",
    "share_click",
    "login_success",
    "checkout_start",
    "checkout_complete",
)
EVENT_FIELDS = {
    "event": "event_name",
    "page_path": "page_path",
    "product_id": "context_product_id",
    "category": "context_product_category",
    "brand": "context_product_brand",
    "login_state": "user_login_state",
}
# Of the session's first event with a page URL, and of its first event.
LANDING_FIELDS = ("channel", "source", "medium", "campaign", "referrer_domain")
FIRST_FIELDS = ("device_type", "browser", "os", "country")
SESSION_FIELDS = (*LANDING_FIELDS, *FIRST_FIELDS, "landing_page")


def order_key(event: Event) -> tuple[object, ...]:
    """Return the sort key of event order. NULLs last."""
    line = event["raw_line"]
    return (
        event["event_timestamp"],
        event["received_at"],
        event["raw_object"].encode(),
        (line is None, line or 0),
        str(event["event_id"]),
    )


def stored(events: Sequence[Event]) -> list[Event]:
    """Events in order with what the load adds: `session_key` and `is_page_view`."""
    groups: dict[tuple[object, object], list[Event]] = defaultdict(list)
    rows = [dict(event, session_key=None, is_page_view=False) for event in sorted(events, key=order_key)]
    for row in rows:
        if (row["client_id"] is not None or row["session_id"] is not None) and row["event_name"] != REFUND:
            groups[row["client_id"], row["session_id"]].append(row)
    sessions: list[list[Event]] = []
    for group in groups.values():
        for before, row in zip([None, *group], group, strict=False):
            if before is None or row["event_timestamp"] - before["event_timestamp"] > GAP:
                sessions.append([])
            sessions[-1].append(row)
    for session in sessions:
        first = session[0]
        for row in session:
            row["session_key"] = f"{first['client_id']}|{first['session_id']}|{first['event_timestamp'].isoformat()}"
    for row in rows:
        near = [other for other in rows if other["session_key"] == row["session_key"]]
        row["is_page_view"] = _is_page_view(row, near if row["session_key"] else [])
    return rows


def _is_page_view(row: Event, session: Sequence[Event]) -> bool:
    if row["event_name"] == "page_view":
        return True
    return row["event_name"] in NAMED_VIEWS and not any(
        other["event_name"] == "page_view"
        and other["page_path"] == row["page_path"]
        and abs(other["event_timestamp"] - row["event_timestamp"]) < timedelta(seconds=5)
        for other in session
    )


class World:
    """What exists for one question: the stored events of the population it is about.

    Ranges end at `as_of`; sessions and orders that began before it count as they stand. Filters on visitors leave each
    row by its own visitor: `all_events`, `all_sessions` and `all_orders` are those of any visitor. span: the period at
    whose end segments are evaluated.
    """

    def __init__(self, rows: Sequence[Event], question: Question, span: Range | None = None) -> None:
        self.rows, self.question = rows, question
        self.filters = question.filters
        self.as_of = question.as_of
        existing = _without_sample(rows, question)
        sessions = by_session(existing)
        bots = {key for key, session in sessions.items() if is_bot_session(session)}
        is_kept = question.filters.get("humans") != ("true",)

        def exists(row: Event) -> bool:
            return is_kept or (row["session_key"] not in bots if row["session_key"] else not row["is_bot"])

        self.all_events = [row for row in existing if exists(row)]
        hidden = [row for row in existing if not exists(row)]
        self.all_sessions = by_session(self.all_events)
        self.hidden_sessions = by_session(hidden)
        self.all_orders = [order for order in merged(existing) if exists(order.carrier)]
        left = {row["event_id"] for row in self.all_events}
        refunds = [refund for refund in refunded(rows) if self._judged_by(refund)["event_id"] in left]
        self.first_users: dict[str, str] = {}
        for row in rows:
            if row["client_id"] is not None and row["user_id"] is not None and row["event_name"] != REFUND:
                self.first_users.setdefault(row["client_id"], row["user_id"])
        self.first_events: dict[str, Event] = {}
        self.first_sessions: dict[str, tuple[object, str]] = {}
        for row in rows:
            if (visitor := self.visitor(row)) is not None:
                self.first_events.setdefault(visitor, row)
        span = span or range_of(question)

        @cache
        def is_member(visitor: str | None) -> bool:
            return oracle_segments.is_member(self, span, visitor)

        self.events = [row for row in self.all_events if is_member(self.visitor(row))]
        self.hidden = [row for row in hidden if is_member(self.visitor(row))]
        self.sessions = {
            key: session for key, session in self.all_sessions.items() if is_member(self.session_visitor(session))
        }
        self.orders = [order for order in self.all_orders if is_member(self.visitor(order.carrier))]
        self.refunds = [refund for refund in refunds if is_member(self.visitor(self._judged_by(refund)))]
        for key, session in self.sessions.items():
            if (visitor := self.session_visitor(session)) is not None:
                start = (session[0]["event_timestamp"], key)
                self.first_sessions[visitor] = min(start, self.first_sessions.get(visitor, start))

    def at(self, span: Range) -> Self:
        """Return the world of the same question for another period."""
        return type(self)(self.rows, self.question, span)

    def session_of(self, row: Event) -> Sequence[Event]:
        """The events of the row's session, also of another visitor's session; none for a row without a session."""
        return self.all_sessions.get(row["session_key"] or "", [])

    def visitor(self, row: Event) -> str | None:
        if row["event_name"] == REFUND:
            return None
        found: str | None = row["user_id"] or self.first_users.get(row["client_id"]) or row["client_id"]
        return found

    def session_visitor(self, session: Sequence[Event]) -> str | None:
        return self.visitor(next((row for row in session if row["user_id"]), session[0]))

    def is_new(self, visitor: str, span: Range) -> bool:
        first = self.first_events[visitor]
        return span.start <= first["event_timestamp"] < span.end and first["is_first_visit"] is not False

    def counted_events(self, span: Range) -> list[Event]:
        return self._counted(self.events, self.all_sessions, span)

    def hidden_events(self, span: Range) -> list[Event]:
        """Return the events that the filter `humans` excludes."""
        return self._counted(self.hidden, self.hidden_sessions, span)

    def _counted(self, events: Sequence[Event], sessions: Mapping[str, Sequence[Event]], span: Range) -> list[Event]:
        return [
            row
            for row in events
            if span.start <= row["event_timestamp"] < span.end
            and self.event_passes(row)
            and self.session_passes(sessions.get(row["session_key"] or "", []))
        ]

    def counted_sessions(self, span: Range) -> dict[str, list[Event]]:
        return {
            key: session
            for key, session in self.sessions.items()
            if span.start <= session[0]["event_timestamp"] < span.end
            and self.session_passes(session)
            and self._some_event_passes(session)
        }

    def counted_orders(self, span: Range) -> list[Order]:
        return [o for o in self.orders if span.start <= o.ordered_at < span.end and self._passes_as_session(o)]

    def counted_refunds(self, span: Range) -> list[Refund]:
        return [
            refund
            for refund in self.refunds
            if span.start <= refund.refunded_at < span.end and self._passes_as_session(self.order_of(refund))
        ]

    def order_of(self, refund: Refund) -> Order | None:
        """The order, unless it is not known, or placed later than the question."""
        return refund.order if refund.order and refund.order.ordered_at < self.as_of else None

    def _judged_by(self, refund: Refund) -> Event:
        order = self.order_of(refund)
        return order.carrier if order else refund.event

    def _passes_as_session(self, order: Order | None) -> bool:
        session = self.session_of(order.carrier) if order else []
        return self.session_passes(session) and self._some_event_passes(session)

    def orders_in(self, key: str) -> list[Order]:
        return [order for order in self.all_orders if order.session_key == key]

    def currency(self, span: Range) -> str | None:
        """That of most orders in range; without one, of all orders there are."""
        return favourite(self.counted_orders(span)) or favourite([o for o in self.orders if o.ordered_at < self.as_of])

    def is_engaged(self, session: Sequence[Event]) -> bool:
        return (
            sum(row["is_page_view"] for row in session) >= 2
            or duration_us(session) >= 10_000_000
            or any(row["event_name"] in KEY_EVENTS for row in session)
            or bool(self.orders_in(session[0]["session_key"]))
        )

    def event_passes(self, row: Event) -> bool:
        return all(
            passes(row[EVENT_FIELDS[name]], values, name == "page_path")
            for name, values in self.filters.items()
            if name in EVENT_FIELDS
        )

    def session_passes(self, session: Sequence[Event]) -> bool:
        return all(
            passes(session_value(session, name), values, False)
            for name, values in self.filters.items()
            if name in SESSION_FIELDS
        )

    def _some_event_passes(self, session: Sequence[Event]) -> bool:
        return not any(name in EVENT_FIELDS for name in self.filters) or any(map(self.event_passes, session))


def _without_sample(rows: Sequence[Event], question: Question) -> list[Event]:
    (mode,) = question.filters.get("sample", ("auto",))
    hide = mode == "auto" and any(not row["is_sample"] and row["event_timestamp"] < question.as_of for row in rows)
    return [row for row in rows if not (hide and row["is_sample"]) and (mode != "only" or row["is_sample"])]


def by_session(rows: Sequence[Event]) -> dict[str, list[Event]]:
    sessions: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        if row["session_key"]:
            sessions[row["session_key"]].append(row)
    return sessions


def session_value(session: Sequence[Event], name: str) -> str | None:
    """A session's value of one dimension; None for the session of events that have none."""
    if not session:
        return None
    if name in FIRST_FIELDS:
        value: str | None = session[0][name]
        return value
    if name in LANDING_FIELDS:
        landing = next((row for row in session if row["page_url"]), None)
        nowhere = {"channel": "direct", "source": "(direct)", "medium": "(none)"}
        return nowhere.get(name) if landing is None else landing[name]
    return next((row["page_path"] for row in session if row["is_page_view"]), None)


def login_state(session: Sequence[Event]) -> str | None:
    states = {row["user_login_state"] for row in session}
    return next((state for state in ("logged_in", "anonymous") if state in states), None)


def shown(value: str | None) -> str:
    return value or "(none)"


def passes(value: str | None, wanted: Sequence[str], has_prefix: bool) -> bool:
    """Any of the plain values, if there are any, and none of the negated ones."""

    def fits(text: str) -> bool:
        if has_prefix and text.endswith("*"):
            return shown(value).startswith(text[:-1])
        return shown(value) == text

    plain = [text for text in wanted if not text.startswith("!")]
    return (not plain or any(map(fits, plain))) and not any(fits(text[1:]) for text in wanted if text.startswith("!"))


def duration_us(session: Sequence[Event]) -> int:
    elapsed: timedelta = session[-1]["event_timestamp"] - session[0]["event_timestamp"]
    return elapsed // timedelta(microseconds=1)


def divide(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def has(session: Sequence[Event], name: str) -> bool:
    return any(row["event_name"] == name for row in session)


def overview(world: World, span: Range, currency: str | None) -> dict[str, Any]:
    """One period of `overview`."""
    events, sessions = world.counted_events(span), world.counted_sessions(span)
    orders, refunds = world.counted_orders(span), refunds_of(world.counted_refunds(span), currency)
    sold = revenue_of(orders, currency)
    visitors = {visitor for row in events if (visitor := world.visitor(row)) is not None}
    new = {visitor for visitor in visitors if world.is_new(visitor, span)}
    buyers = visitors & {world.visitor(order.carrier) for order in orders if order.session_key}
    durations = sorted(map(duration_us, sessions.values()))
    bounces = sum(not world.is_engaged(session) for session in sessions.values())
    order_sessions = sum(bool(world.orders_in(key)) for key in sessions)
    return {
        "visitors": len(visitors),
        "new_visitors": len(new),
        "returning_visitors": len(visitors - new),
        "sessions": len(sessions),
        "engaged_sessions": len(sessions) - bounces,
        "bounces": bounces,
        "bounce_rate": divide(bounces, len(sessions)),
        "page_views": sum(row["is_page_view"] for row in events),
        "events": len(events),
        "products": len({row["context_product_id"] for row in events} - {None}),
        "views": sum(row["event_name"] == "product_view" for row in events),
        "events_per_session": divide(sum(map(len, sessions.values())), len(sessions)),
        "pages_per_session": divide(
            sum(row["is_page_view"] for one in sessions.values() for row in one), len(sessions)
        ),
        "avg_session_s": divide(sum(durations) / 1e6, len(sessions)),
        "median_session_s": durations[(len(durations) + 1) // 2 - 1] / 1e6 if durations else None,
        "cart_sessions": sum(has(session, "add_to_cart_click") for session in sessions.values()),
        "checkout_sessions": sum(has(session, "checkout_start") for session in sessions.values()),
        "order_sessions": order_sessions,
        "conversion_rate": divide(order_sessions, len(sessions)),
        "visitor_conversion_rate": divide(len(buyers), len(visitors)),
        "orders_without_session": sum(order.session_key is None for order in orders),
        **sold,
        "refunds": refunds,
        "net_revenue": sold["revenue"] - refunds,
        "currency": currency,
    }


RATE_PARTS = {"bounce_rate": ("bounces", "sessions"), "conversion_rate": ("order_sessions", "sessions")}


def figure(world: World, span: Range, metric: str, currency: str | None) -> tuple[Any, int | None, int | None]:
    """Value, numerator and denominator of one figure of overview."""
    found = overview(world, span, currency)
    if metric in RATE_PARTS:
        above, below = RATE_PARTS[metric]
        return found[metric], found[above], found[below]
    if metric == "visitor_conversion_rate":
        return found[metric], round((found[metric] or 0) * found["visitors"]), found["visitors"]
    return found[metric], None, None


def whole(units: Decimal) -> int:
    return int(units.quantize(Decimal(1), ROUND_HALF_UP))


def acquisition(world: World, span: Range, by: str, currency: str | None) -> list[dict[str, Any]]:
    """`acquisition` and `devices`: counted sessions by a value of theirs."""
    groups: dict[str, dict[str, list[Event]]] = defaultdict(dict)
    for key, session in world.counted_sessions(span).items():
        if by == "new_returning":
            value = "new" if _is_first(world, span, key, session) else "returning"
        else:
            value = shown(session_value(session, by))
        groups[value][key] = session
    rows = [{"value": value, **_group_figures(world, span, group, currency)} for value, group in groups.items()]
    return sorted(rows, key=lambda row: (-row["sessions"], row["value"].encode()))


def _is_first(world: World, span: Range, key: str, session: Sequence[Event]) -> bool:
    visitor = world.session_visitor(session)
    return visitor is not None and world.is_new(visitor, span) and world.first_sessions[visitor][1] == key


def _group_figures(
    world: World, span: Range, group: Mapping[str, Sequence[Event]], currency: str | None
) -> dict[str, Any]:
    sessions, orders = group.values(), [order for key in group for order in world.orders_in(key)]
    engaged = sum(map(world.is_engaged, sessions))
    order_sessions = sum(bool(world.orders_in(key)) for key in group)
    return {
        "sessions": len(group),
        "visitors": len({world.session_visitor(session) for session in sessions} - {None}),
        "new_sessions": sum(_is_first(world, span, key, session) for key, session in group.items()),
        "engaged_sessions": engaged,
        "bounce_rate": divide(len(group) - engaged, len(group)),
        "avg_session_s": divide(sum(map(duration_us, sessions)) / 1e6, len(group)),
        "cart_sessions": sum(has(session, "add_to_cart_click") for session in sessions),
        "order_sessions": order_sessions,
        "conversion_rate": divide(order_sessions, len(group)),
        **revenue_of(orders, currency),
    }


def login_states(world: World, span: Range) -> list[dict[str, Any]]:
    """`login_state`: always three rows."""
    rows = []
    for state in ("logged_in", "anonymous", None):
        events = [
            row
            for row in world.counted_events(span)
            if (row["user_login_state"] if row["user_login_state"] in ("logged_in", "anonymous") else None) == state
        ]
        sessions = [key for key, one in world.counted_sessions(span).items() if login_state(one) == state]
        ordered = sum(bool(world.orders_in(key)) for key in sessions)
        rows.append(
            {
                "value": shown(state),
                "events": len(events),
                "visitors": len({world.visitor(row) for row in events} - {None}),
                "sessions": len(sessions),
                "order_sessions": ordered,
                "conversion_rate": divide(ordered, len(sessions)),
            }
        )
    return rows
