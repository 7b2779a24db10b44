"""Segments recomputed in plain Python: whether one visitor matches a rule.

A rule is a tuple here; `write` gives its text, and `draw_rule` remembers which rule a text stands for, so that the
language is not read a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from random import Random
from typing import Any

from tests.metrics import oracle
from tests.metrics.oracle_time import Range, bucket_of, start_of

Rule = tuple[Any, ...]
RULES: dict[str, Rule] = {}
"""Text -> the rule that it stands for."""
TESTS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
MICROSECOND = timedelta(microseconds=1)
STEPS = (
    ("purchase",),
    ("page_view",),
    ("add_to_cart_click",),
    ("never_sent",),
    ("product_view", "category", "Laptops"),
    ("click", "login_state", "(none)"),
    ("page", "page_path", "/p/*"),
    ("page", "page_path", "/"),
    ("search", "product_id", "p1"),
)
VALUES = {
    "channel": ("direct", "email", "paid_search", "(none)"),
    "source": ("(direct)", "google", "a.example"),
    "medium": ("cpc", "(none)"),
    "campaign": ("spring", "(none)"),
    "device_type": ("mobile", "desktop"),
    "browser": ("Firefox", "Safari"),
    "os": ("Linux", "(none)"),
    "country": ("DE", "US", "(none)"),
    "login_state": ("logged_in", "anonymous", "(none)"),
}


def matches(world: oracle.World, span: Range, rule: Rule, visitor: str) -> bool:
    """Whether a visitor is in the segment at the end of the range."""
    kind = rule[0]
    if kind == "not":
        return not matches(world, span, rule[1], visitor)
    if kind == "and":
        return all(matches(world, span, part, visitor) for part in rule[1:])
    if kind == "or":
        return any(matches(world, span, part, visitor) for part in rule[1:])
    if kind == "did":
        _, step, operator, number, period = rule
        return bool(TESTS[operator](_times(world, bounds(world, span, period), step, visitor), number))
    if kind == "spent":
        _, currency, operator, amount, period = rule
        start, end = bounds(world, span, period)
        totals = [
            order.total
            for order in world.all_orders
            if world.visitor(order.carrier) == visitor
            and start <= order.ordered_at < end
            and order.currency == currency
            and order.total is not None
        ]
        return bool(TESTS[operator](sum(totals, Decimal(0)), amount))
    return _field_matches(world, span, rule, visitor)


def _times(world: oracle.World, inside: tuple[datetime, datetime], step: tuple[str, ...], visitor: str) -> int:
    """How often the visitor took the step."""
    carriers = {order.carrier["event_id"] for order in world.all_orders}
    kind, name, value = (*step, None, None)[:3]

    def fits(row: oracle.Event) -> bool:
        if kind == "purchase":
            return row["event_id"] in carriers
        if not (row["is_page_view"] if kind == "page" else row["event_name"] == kind):
            return False
        return name is None or oracle.passes(row[oracle.EVENT_FIELDS[name]], [value or ""], name == "page_path")

    return sum(
        world.visitor(row) == visitor and inside[0] <= row["event_timestamp"] < inside[1] and fits(row)
        for row in world.all_events
    )


def bounds(world: oracle.World, span: Range, period: Any) -> tuple[datetime, datetime]:
    """The instants `[start, end)` of a period: None = ever, "range", days, or two dates."""
    tz = world.question.tz
    if period is None:
        return datetime.min.replace(tzinfo=UTC), span.end
    if period == "range":
        return span.start, span.end
    if isinstance(period, int):
        last = bucket_of("day", tz, span.end - MICROSECOND)[0].date()
        return start_of(tz, last - timedelta(days=period - 1)), span.end
    return start_of(tz, period[0]), min(start_of(tz, period[1]), span.end)


def _field_matches(world: oracle.World, span: Range, rule: Rule, visitor: str) -> bool:
    _, name, operator, value = rule
    test: Callable[[Any, Any], bool] = TESTS[operator]
    tz = world.question.tz
    sessions = [
        (one[0]["event_timestamp"], key, one)
        for key, one in world.all_sessions.items()
        if world.session_visitor(one) == visitor and one[0]["event_timestamp"] < span.end
    ]
    if name == "sessions":
        return test(len(sessions), value)
    if name == "first_seen":
        moment = world.first_events[visitor]["event_timestamp"]
        if moment >= span.end:
            return False
        if isinstance(value, date):
            return test(bucket_of("day", tz, moment)[0].date(), value)
        start, end = bounds(world, span, value)
        return test(start <= moment < end, True)
    if name == "login_state":
        states = {
            row["user_login_state"]
            for row in world.all_events
            if world.visitor(row) == visitor and row["event_timestamp"] < span.end
        }
        state = next((one for one in ("logged_in", "anonymous") if one in states), "(none)")
        return bool(states) and test(state, value)
    if not sessions:
        return False
    first = min(sessions, key=lambda one: one[:2])[2]
    return test(oracle.shown(oracle.session_value(first, name)), value)


def known(world: oracle.World, span: Range) -> Range:
    """The range up to `as_of`: rows after it do not count, also where the range lies after it."""
    return replace(span, end=min(span.end, world.as_of))


def is_member(world: oracle.World, span: Range, visitor: str | None) -> bool:
    """Whether the filters on visitors leave the rows of this visitor."""
    span = known(world, span)
    for name, fits in (
        ("segment", lambda text: visitor is not None and matches(world, span, RULES[text], visitor)),
        ("visitor_id", lambda text: oracle.shown(visitor) == text),
    ):
        texts = world.question.filters.get(name, ())
        wanted = [text for text in texts if not text.startswith("!")]
        if wanted and not any(map(fits, wanted)):
            return False
        if any(fits(text[1:]) for text in texts if text.startswith("!")):
            return False
    return True


def segment_size(world: oracle.World, span: Range) -> dict[str, Any]:
    """`segment_size`: one row. The filters on visitors are those of the segment."""
    span = known(world, span)
    inside = [row for row in world.all_events if span.start <= row["event_timestamp"] < span.end]
    everyone = {world.visitor(row) for row in inside} - {None}
    ever = {world.visitor(row) for row in world.all_events if row["event_timestamp"] < span.end} - {None}
    members = {visitor for visitor in ever if is_member(world, span, visitor)}
    visitors = len(everyone & members)
    return {
        "visitors": visitors,
        "visitors_ever": len(members),
        "visitors_in_range": len(everyone),
        "share": oracle.divide(visitors, len(everyone)),
    }


def draw_rule(chance: Random, first: date, last: date, depth: int = 1) -> str:
    """Return the text of a random rule. first, last: the range, around which its periods lie."""
    rule = _draw(chance, first, last, depth)
    text = write(rule)
    RULES[text] = rule
    return text


def _draw(chance: Random, first: date, last: date, depth: int) -> Rule:
    if chance.random() < 0.2:
        return ("not", _group_or_condition(chance, first, last, depth + 1))
    return _group_or_condition(chance, first, last, depth)


def _group_or_condition(chance: Random, first: date, last: date, depth: int) -> Rule:
    """Return a group, up to three levels deep, or a condition."""
    if depth <= 3 and chance.random() < 0.4:
        parts = [_draw(chance, first, last, depth + 1) for _ in range(chance.randint(2, 3))]
        return (chance.choice(("and", "or")), *parts)
    days = [first + timedelta(days=shift) for shift in (-40, -2, -1, 0, 1, 2)] + [last]
    periods = (None, None, "range", 1, 2, 30, tuple(sorted(chance.sample(sorted(set(days)), 2))))
    kind = chance.choice(("did", "did", "spent", "field", "field"))
    operator = chance.choice(tuple(TESTS))
    if kind == "did":
        return ("did", chance.choice(STEPS), operator, chance.choice((0, 1, 1, 2, 3)), chance.choice(periods))
    if kind == "spent":
        amount = chance.choice((Decimal(0), Decimal(20), Decimal("99.99"), Decimal("119.9900")))
        return ("spent", chance.choice(("EUR", "USD", "GBP")), operator, amount, chance.choice(periods))
    name = chance.choice((*VALUES, "sessions", "first_seen", "first_seen"))
    if name == "sessions":
        return ("field", name, operator, chance.choice((0, 1, 2)))
    if name == "first_seen" and chance.random() < 0.5:
        return ("field", name, operator, chance.choice(days))
    value = chance.choice(periods[2:] if name == "first_seen" else VALUES[name])
    return ("field", name, chance.choice(("=", "!=")), value)


def write(rule: Rule, is_inner: bool = False) -> str:
    """Return a rule as text."""
    kind = rule[0]
    if kind == "not":
        return f"not {write(rule[1], is_inner=True)}"
    if kind in ("and", "or"):
        text = f" {kind} ".join(write(part, is_inner=True) for part in rule[1:])
        return f"({text})" if is_inner else text
    if kind == "field":
        _, name, operator, value = rule
        shown = value if name == "sessions" else _period(value) if name == "first_seen" else f'"{value}"'
        return f"{name} {operator} {shown}"
    period = "" if rule[4] is None else f", {_period(rule[4])}"
    if kind == "spent":
        return f"spent({rule[1].lower()}, {rule[2]} {rule[3]}{period})"
    event, name, value = (*rule[1], None, None)[:3]
    of_value = "" if name is None else f'[{name} = "{value}"]'
    step = f"page:{value}" if event == "page" else f"{event}{of_value}"
    return f"did({step}, {rule[2]} {rule[3]}{period})"


def _period(period: Any) -> str:
    if isinstance(period, tuple):
        return f"{period[0]}..{period[1]}"
    return f"{period}d" if isinstance(period, int) else str(period)
