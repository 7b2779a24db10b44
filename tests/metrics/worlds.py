"""Random small shops for the property tests: unusual zones, clients that log in, silences of every length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from tests.metrics.filling import event, item
from tests.metrics.oracle import Event
from tests.metrics.oracle_segments import draw_rule
from tests.metrics.oracle_time import range_of

from clickstream.metrics.question import Question

# zone, first and last day of the range [from, to); what is unusual about it
CASES = (
    ("UTC", "2026-03-01", "2026-03-03"),
    ("Europe/Berlin", "2026-03-28", "2026-03-30"),  # a day of 23 hours
    ("Europe/Berlin", "2026-10-25", "2026-10-27"),  # a day of 25 hours, at the edge
    ("America/New_York", "2026-10-31", "2026-11-03"),  # the same, in the middle
    ("Pacific/Apia", "2011-12-29", "2012-01-01"),  # 2011-12-30 does not exist
    ("Pacific/Apia", "2011-12-30", "2011-12-31"),  # only the date that does not exist
    ("Asia/Kathmandu", "2026-03-01", "2026-03-03"),  # offset of 5:45
    ("Australia/Lord_Howe", "2026-04-04", "2026-04-06"),  # a change by half an hour
    ("America/St_Johns", "2010-11-06", "2010-11-08"),  # at 00:01 back to 23:01 of the day before
    ("Antarctica/Casey", "2021-10-02", "2021-10-04"),  # at 00:01 on to 03:01, not at a quarter of an hour
    ("America/Havana", "2026-03-08", "2026-03-09"),  # midnight does not exist
)
SILENCES = (
    *(0, 0, 1, 999_999, 4_999_999, 5_000_000, 9_999_999, 10_000_000, 60_000_000),
    *(1_799_999_999, 1_800_000_000, 1_800_000_001, 3_600_000_000, 7_200_000_001, 21_600_000_000),
)
NAMES = (
    *("page_view", "page_view", "product_view", "home_view", "add_to_cart_click", "checkout_start"),
    *("click", "login_success", "search", "search", "checkout_complete", "checkout_complete", "order_confirmed"),
    "order_refunded",
)
BUSY_NAMES = (
    "page_view",
    "product_view",
    "product_view",
    "add_to_cart_click",
    "add_to_cart_click",
    "checkout_start",
    "click",
)
ORDERS = ("o1", "o2", "o3", "o4", "o5", "ö6", None)
CURRENCIES = ("EUR", "EUR", "usd", "GBP", None)
CLIENTS = ("c1", "c1", "c2", "c3", "ü4", None)
USERS = (None, None, None, "u1", "u2", "c2")  # a user id may look like a client's id
FILTERS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {},
    {"country": ("DE",)},
    {"country": ("!DE", "!(none)")},
    {"country": ("(none)", "US")},
    {"landing_page": ("/",)},
    {"landing_page": ("!/", "!/p/1"), "country": ("DE", "US", "(none)")},
    {"event": ("product_view", "add_to_cart_click")},
    {"event": ("!click",), "country": ("DE",)},
    {"page_path": ("/p/*",)},
    {"page_path": ("!/p/*", "/", "/p/2")},
    {"category": ("(none)",)},
    {"category": ("Laptops",), "login_state": ("anonymous", "(none)")},
    {"product_id": ("p1", "p2"), "brand": ("!Zed",)},
    {"sample": ("include",)},
    {"sample": ("only",)},
    {"humans": ("true",)},
    {"humans": ("true",), "device_type": ("!mobile",)},
    {"humans": ("true",), "event": ("product_view", "checkout_complete")},
    {"humans": ("false",), "channel": ("email", "direct")},
    {"channel": ("(none)", "paid_search")},
    {"source": ("!(direct)",), "medium": ("!(none)",)},
    {"campaign": ("(none)",), "referrer_domain": ("(none)", "a.example")},
    {"browser": ("Firefox",), "os": ("!iOS",)},
)
LANDINGS = (
    dict.fromkeys(("source", "medium", "campaign", "channel", "referrer_domain")),
    {"source": "(direct)", "medium": "(none)", "campaign": None, "channel": "direct", "referrer_domain": None},
    {"source": "google", "medium": "cpc", "campaign": "spring", "channel": "paid_search", "referrer_domain": None},
    {"source": "a.example", "medium": "referral", "campaign": None, "channel": "referral"}
    | {"referrer_domain": "a.example"},
    {"source": "news", "medium": "email", "campaign": "", "channel": "email", "referrer_domain": "mail.example"},
)
DEVICES = (
    dict.fromkeys(("device_type", "browser", "os")),
    {"device_type": "mobile", "browser": "Safari", "os": "iOS"},
    {"device_type": "desktop", "browser": "Firefox", "os": "Linux"},
    {"device_type": "desktop", "browser": "Edge", "os": ""},
)


@dataclass(frozen=True)
class Shop:
    """Events, and questions about the days around which they happened."""

    events: list[Event]
    questions: tuple[Question, ...]


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """Draw a shop of one case. Hypothesis draws the case and a seed: visits drawn singly would rarely meet an edge."""
    zone, first, last = draw(st.sampled_from(CASES))
    chance = Random(draw(st.integers(0, 2**32)))
    plain = Question(
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
        tz=ZoneInfo(zone),
        from_date=date.fromisoformat(first),
        to_date=date.fromisoformat(last),
    )
    moments = _moments(plain)
    events = [one for _ in range(chance.randint(0, 22)) for one in _visit(chance, chance.choice(moments))]
    return Shop(events, tuple(_vary(chance, plain, moments, events) for _ in range(3)))


def without_filter(question: Question, *names: str) -> Question:
    """Return the question without these filters."""
    return replace(question, filters={name: of for name, of in question.filters.items() if name not in names})


def full_of_carts(events: list[Event]) -> list[Event]:
    """Return the events with cart events in place of all but those of orders."""
    names = ("add_to_cart_click", "remove_from_cart_click", "add_to_cart_click", "checkout_start", "search")
    return [
        one if one["order_id"] else {**one, "event_name": names[number % len(names)]}
        for number, one in enumerate(events)
    ]


def full_of_orders(events: list[Event]) -> list[Event]:
    """Return the events with further orders in place of most others."""
    return [
        one
        if one["order_id"] or one["is_sample"] or number % 3 == 0
        else {**one, "event_name": "checkout_complete", "order_id": f"x{number}"}
        | {"order_total": Decimal(number % 5), "order_currency": "EUR"}
        for number, one in enumerate(events)
    ]


@st.composite
def busy_shops(draw: st.DrawFn) -> Shop:
    """Draw a shop whose visitors come often, in and after the range, and take steps towards an order."""
    zone, first, last = draw(st.sampled_from([case for case in CASES if case[1:] != ("2011-12-30", "2011-12-31")]))
    chance = Random(draw(st.integers(0, 2**32)))
    plain = Question(
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
        tz=ZoneInfo(zone),
        from_date=date.fromisoformat(first),
        to_date=date.fromisoformat(last),
    )
    span = range_of(plain)
    inside = [span.start, *(span.start + (span.end - span.start) * part / 9 for part in range(1, 9)), span.end]
    moments = [*inside, *inside, *(span.end + timedelta(hours=hours) for hours in (5, 30, 200))]
    events = [one for _ in range(chance.randint(15, 35)) for one in _visit(chance, chance.choice(moments))]
    for one in events:
        if one["event_name"] not in ("checkout_complete", "order_confirmed"):
            one["event_name"] = chance.choice(BUSY_NAMES)
    questions = (replace(_vary(chance, plain, moments, events), as_of=plain.as_of) for _ in range(2))
    return Shop(events, (*questions, _vary(chance, plain, moments, events)))


def _moments(question: Question) -> list[datetime]:
    """Return the edges of the range and of its comparison periods, where mistakes are likely, and the middle."""
    span, moments = range_of(question), []
    assert question.from_date is not None
    assert question.to_date is not None
    for days in (0, 0, (question.to_date - question.from_date).days, 364):
        other = range_of(question, days)
        moments += [other.start, other.end]
    return [*moments, *(span.start + (span.end - span.start) * part / 7 for part in range(1, 7))]


def _vary(chance: Random, question: Question, moments: list[datetime], events: list[Event]) -> Question:
    inside = [one["event_timestamp"] + timedelta(microseconds=chance.choice((0, 1))) for one in events]
    return replace(
        question,
        as_of=chance.choice([question.as_of, chance.choice(moments), chance.choice(inside or moments)]),
        compare=chance.choice(("previous", "previous", "year", "none")),
        filters={**chance.choice(FILTERS), **_of_visitors(chance, question)},
    )


def _of_visitors(chance: Random, question: Question) -> dict[str, tuple[str, ...]]:
    """Return filters on visitors, for every second question."""
    assert question.from_date is not None
    assert question.to_date is not None
    found = {}
    if chance.random() < 0.4:
        rules = [draw_rule(chance, question.from_date, question.to_date) for _ in range(chance.choice((1, 1, 2)))]
        found["segment"] = tuple(chance.choice(("", "", "!")) + rule for rule in rules)
    if chance.random() < 0.15:
        found["visitor_id"] = chance.choice((("u1",), ("c1", "u2"), ("!u1",), ("(none)", "ü4"), ("!(none)",)))
    return found


def _visit(chance: Random, moment: datetime) -> Iterator[Event]:
    """Return some events of one client, from shortly before or after `moment`, some with logins and orders."""
    moment += chance.choice((-1, 1)) * timedelta(microseconds=chance.choice((0, 0, 1, 4_000_000, *SILENCES)))
    moment = datetime.fromtimestamp(moment.timestamp(), UTC)
    is_sample = chance.random() < 0.1
    user, country = chance.choice(USERS), chance.choice((None, "DE", "US"))
    visit = {
        "client_id": f"sample-{chance.choice(CLIENTS)}" if is_sample else chance.choice(CLIENTS),
        "session_id": chance.choice((None, None, "s1", "s2")),
        "is_sample": is_sample,
        "is_bot": chance.random() < 0.07,
        **chance.choice(DEVICES),
    }
    if chance.random() < 0.04:
        yield from _burst(chance, moment, visit)
        return
    for _ in range(chance.randint(1, 6)):
        user = chance.choice((user, user, user, chance.choice(USERS)))
        name = chance.choice(NAMES)
        place = {"client_id": None, "session_id": None} if name == "order_confirmed" and chance.random() < 0.5 else {}
        yield event(
            moment,
            name,
            **visit
            | chance.choice(LANDINGS)
            | _order(chance, name, is_sample)
            | (_search(chance) if name == "search" else {})
            | place
            | {"country": chance.choice((country, country, country, "FR"))},
            user_id=None if is_sample else user,
            page_url=chance.choice((None, "https://shop.example/")),
            user_login_state=chance.choice((None, "anonymous", "logged_in", "other")),
            is_first_visit=chance.choice((None, True, True, False)),
            context_product_id=chance.choice((None, "p1", "p2", "p3")),
            context_product_name=chance.choice((None, "Alpha", "Älpha")),
            context_product_category=chance.choice((None, "Laptops", "laptops", "Monitors")),
            context_product_brand=chance.choice((None, "Zed", "Zoë")),
            page_path=chance.choice((None, "/", "/p/1", "/p/2")),
            received_at=moment + timedelta(seconds=chance.randint(0, 2)),
            raw_object=chance.choice(("events/a", "events/b", "events/Z")),
        )
        moment += timedelta(microseconds=chance.choice(SILENCES))


def _burst(chance: Random, moment: datetime, visit: Mapping[str, object]) -> Iterator[Event]:
    """Return ten pages within seconds: about as fast as the rate rule allows."""
    for _ in range(11):
        yield event(moment, "page_view", **visit)
        moment += timedelta(milliseconds=chance.choice((850, 999, 1000)))


def _order(chance: Random, name: str, is_sample: bool) -> dict[str, object]:
    """Return the order fields of an event; order ids repeat, from browser and server and at other times."""
    order_id = chance.choice(ORDERS)
    if name not in ("checkout_complete", "order_confirmed", "order_refunded") or order_id is None:
        return {"order_id": chance.choice((None, None, "o1"))} if not is_sample else {}
    lines = [
        item(
            chance.choice((None, "p1", "p2", "p9")),
            chance.choice((None, "10.50", "7.3333", "0")),
            chance.choice(("1", "1", "2", "0.5")),
            product_name=chance.choice((None, "Named")),
            product_category=chance.choice((None, "Laptops", "Sale")),
            product_brand=chance.choice((None, "Zed")),
        )
        for _ in range(chance.randint(0, 3))
    ]
    return {
        "order_id": f"sample-{order_id}" if is_sample else order_id,
        "order_total": chance.choice((None, Decimal("99.9900"), Decimal(20))),
        "order_currency": chance.choice(CURRENCIES),
        "order_discount": chance.choice((None, Decimal("1.5"))),
        "order_tax": chance.choice((None, None, Decimal(2), Decimal("0.0001"))),
        "order_shipping": chance.choice((None, Decimal("4.99"))),
        "order_coupon": chance.choice((None, "TEN", "ten", "")),
        "order_payment_method": chance.choice((None, "card", "påy")),
        "order_refund_id": chance.choice((None, None, "r1", "r2")) if name == "order_refunded" else None,
        "items": lines or None,
    }


def _search(chance: Random) -> dict[str, object]:
    return {
        "search_term": chance.choice((None, "bag", "bag", "shoe", "ä shoe")),
        "search_results": chance.choice((None, 0, 0, 7)),
    }
