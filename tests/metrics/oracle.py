"""Every number once more, in plain Python over plain event dicts, without a line of the code under test.

`stored` does what the load does (sessions, page views); the figures follow docs/metrics, one small function each.
Slow on purpose: whatever can be counted by looking at all events is counted so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.metrics.oracle_time import Range

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


def order_key(event: Event) -> tuple[object, ...]:
    """Place in event order. NULLs last."""
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
        if row["client_id"] is not None or row["session_id"] is not None:
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
    """What exists for one question: stored events before `as_of`, of the population it is about."""

    def __init__(self, rows: Sequence[Event], question: Question) -> None:
        past = [row for row in rows if row["event_timestamp"] < question.as_of]
        (mode,) = question.filters.get("sample", ("auto",))
        hide = mode == "auto" and any(not row["is_sample"] for row in past)
        self.events = [row for row in past if not (hide and row["is_sample"]) and (mode != "only" or row["is_sample"])]
        self.filters = question.filters
        self.first_users: dict[str, str] = {}
        for row in past:
            if row["client_id"] is not None and row["user_id"] is not None:
                self.first_users.setdefault(row["client_id"], row["user_id"])
        self.sessions: dict[str, list[Event]] = defaultdict(list)
        for row in self.events:
            if row["session_key"]:
                self.sessions[row["session_key"]].append(row)
        self.first_events: dict[str, Event] = {}
        self.first_sessions: dict[str, tuple[object, str]] = {}
        for row in self.events:
            if (visitor := self.visitor(row)) is not None:
                self.first_events.setdefault(visitor, row)
        for key, session in self.sessions.items():
            if (visitor := self.session_visitor(session)) is not None:
                place = (session[0]["event_timestamp"], key)
                self.first_sessions[visitor] = min(place, self.first_sessions.get(visitor, place))

    def visitor(self, row: Event) -> str | None:
        found: str | None = row["user_id"] or self.first_users.get(row["client_id"]) or row["client_id"]
        return found

    def session_visitor(self, session: Sequence[Event]) -> str | None:
        return self.visitor(next((row for row in session if row["user_id"]), session[0]))

    def is_new(self, visitor: str, span: Range) -> bool:
        first = self.first_events[visitor]
        return span.start <= first["event_timestamp"] < span.end and first["is_first_visit"] is not False

    def counted_events(self, span: Range) -> list[Event]:
        return [
            row
            for row in self.events
            if span.start <= row["event_timestamp"] < span.end
            and self.event_passes(row)
            and self.session_passes(self.sessions.get(row["session_key"] or "", []))
        ]

    def counted_sessions(self, span: Range) -> dict[str, list[Event]]:
        return {
            key: session
            for key, session in self.sessions.items()
            if span.start <= session[0]["event_timestamp"] < span.end
            and self.session_passes(session)
            and (not self._has_event_filter() or any(self.event_passes(row) for row in session))
        }

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
            if name in ("country", "landing_page")
        )

    def _has_event_filter(self) -> bool:
        return any(name in EVENT_FIELDS for name in self.filters)


def session_value(session: Sequence[Event], name: str) -> str | None:
    if name == "country":
        return session[0]["country"] if session else None
    return next((row["page_path"] for row in session if row["is_page_view"]), None)


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


def is_engaged(session: Sequence[Event]) -> bool:
    return (
        sum(row["is_page_view"] for row in session) >= 2
        or duration_us(session) >= 10_000_000
        or any(row["event_name"] in KEY_EVENTS for row in session)
    )


def divide(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def has(session: Sequence[Event], name: str) -> bool:
    return any(row["event_name"] == name for row in session)


def overview(world: World, span: Range) -> dict[str, Any]:
    """One period of `overview`."""
    events, sessions = world.counted_events(span), list(world.counted_sessions(span).values())
    visitors = {visitor for row in events if (visitor := world.visitor(row)) is not None}
    new = {visitor for visitor in visitors if world.is_new(visitor, span)}
    durations = sorted(duration_us(session) for session in sessions)
    bounces = sum(not is_engaged(session) for session in sessions)
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
        "events_per_session": divide(sum(map(len, sessions)), len(sessions)),
        "pages_per_session": divide(sum(row["is_page_view"] for one in sessions for row in one), len(sessions)),
        "avg_session_s": divide(sum(durations) / 1e6, len(sessions)),
        "median_session_s": durations[(len(durations) + 1) // 2 - 1] / 1e6 if durations else None,
        "cart_sessions": sum(has(session, "add_to_cart_click") for session in sessions),
        "checkout_sessions": sum(has(session, "checkout_start") for session in sessions),
    }


def devices(world: World, span: Range) -> list[dict[str, Any]]:
    """`devices` by country."""
    groups: dict[str, dict[str, list[Event]]] = defaultdict(dict)
    for key, session in world.counted_sessions(span).items():
        groups[shown(session_value(session, "country"))][key] = session
    rows = [_device_row(world, span, value, group) for value, group in groups.items()]
    return sorted(rows, key=lambda row: (-row["sessions"], row["value"].encode()))


def _device_row(world: World, span: Range, value: str, group: Mapping[str, Sequence[Event]]) -> dict[str, Any]:
    visitors = {key: world.session_visitor(session) for key, session in group.items()}
    engaged = sum(is_engaged(session) for session in group.values())
    return {
        "value": value,
        "sessions": len(group),
        "visitors": len(set(visitors.values()) - {None}),
        "new_sessions": sum(
            visitor is not None and world.is_new(visitor, span) and world.first_sessions[visitor][1] == key
            for key, visitor in visitors.items()
        ),
        "engaged_sessions": engaged,
        "bounce_rate": divide(len(group) - engaged, len(group)),
        "avg_session_s": divide(sum(map(duration_us, group.values())) / 1e6, len(group)),
        "cart_sessions": sum(has(session, "add_to_cart_click") for session in group.values()),
    }


def products(world: World, span: Range, by: str) -> list[dict[str, Any]]:
    """`products`, by `product`, `category` or `brand`."""
    field = EVENT_FIELDS["product_id" if by == "product" else by]
    groups: dict[str, list[Event]] = defaultdict(list)
    for row in world.counted_events(span):
        if row[field]:
            groups[row[field]].append(row)
    rows = [{"value": value, **_product_figures(world, span, group)} for value, group in groups.items()]
    if by == "product":
        rows = [row | _last_names(groups[row["value"]]) for row in rows]
    return sorted(rows, key=lambda row: (-row["views"], row["value"].encode()))


def _last_names(group: Sequence[Event]) -> dict[str, str | None]:
    def last(name: str) -> str | None:
        values = [row[f"context_product_{name}"] for row in group if row[f"context_product_{name}"] is not None]
        return values[-1] if values else None

    return {name: last(name) for name in ("name", "category", "brand")}


def _product_figures(world: World, span: Range, group: Sequence[Event]) -> dict[str, Any]:
    views = [row for row in group if row["event_name"] == "product_view"]
    adds = [row for row in group if row["event_name"] == "add_to_cart_click"]
    viewed = {row["session_key"] for row in views} - {None}
    added = {row["session_key"] for row in adds} - {None}
    checked = {row["session_key"] for row in adds if row["session_key"] and _checks_out_after(world, span, row)}
    return {
        "views": len(views),
        "cart_adds": len(adds),
        "view_sessions": len(viewed),
        "cart_sessions": len(added),
        "checkout_sessions": len(checked),
        "view_to_cart": divide(len(viewed & added), len(viewed)),
        "cart_to_checkout": divide(len(checked), len(added)),
    }


def _checks_out_after(world: World, span: Range, add: Event) -> bool:
    return any(
        row["event_name"] == "checkout_start"
        and order_key(row) > order_key(add)
        and span.start <= row["event_timestamp"] < span.end
        for row in world.sessions[add["session_key"]]
    )


def figure(world: World, span: Range, metric: str) -> tuple[float | None, int | None, int | None]:
    """Value, numerator and denominator of one figure of overview."""
    found = overview(world, span)
    if metric == "bounce_rate":
        return found["bounce_rate"], found["bounces"], found["sessions"]
    return found[metric], None, None
