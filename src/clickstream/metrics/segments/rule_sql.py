"""Rules of segments as SQL: which visitors match.

In: a Rule, and the `Evaluation`: whose rows count, up to when. Out: a condition on a row of `visitors` (alias `v`),
after the CTEs of segment.sql. Logic has two values: a comparison with a missing value is false, its negation true.
Values are bound; only constant text of this package is inserted into SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from clickstream.metrics.rules.local_time import DAY, local_date, micros, start_of
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.steps import steps_sql
from clickstream.metrics.segments.language import AllOf, AnyOf, Did, Field, Not, Operator, Rule, Span, Spent
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckCursor

_SQL = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TESTS: Mapping[Operator, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_BEFORE_ALL = -(2**62)
_EVENTS = """
        select p.visitor
        from (
            select h.pair, count(*) as number
            from hits as h
            where {condition} and h.moment >= ${key}_start and h.moment < ${key}_end {of_hits}
            group by h.pair
        ) as f
        inner join pairs as p on f.pair = p.id
        group by p.visitor
        having {test}"""
_ORDERS = """
        select o.visitor
        from {orders} as o
        where o.visitor is not null and o.ordered_at >= ${key}_start and o.ordered_at < ${key}_end {more} {of_orders}
        group by o.visitor
        having {test}"""

_SESSIONS = "select visitor from session_counts where {test}"
_VALUES = "select visitor from {table} where {test}"


@dataclass(slots=True)
class Evaluation:
    """How rules are evaluated, and the values of the parameters so far.

    slots: the conditions of the population on rows (`of_hits`, `of_sessions`, `of_orders`), and the table `orders`.
    """

    cursor: DuckCursor
    tz: ZoneInfo
    period: Period
    slots: Mapping[str, str]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def bound(self) -> dict[str, Any]:
        """Parameters of segment.sql."""
        return {"end": micros(self.period.end)}

    def new_key(self, **values: object) -> str:
        """Bind values under names that begin with the returned key."""
        key = f"rule_{len(self.params)}"
        self.params |= {f"{key}_{name}": value for name, value in values.items()}
        return key

    def bounds(self, span: Span) -> tuple[int, int]:
        """Return the microseconds `[start, end)` of a span, which ends with the range at the latest."""
        end, start = self.period.end, self.period.start
        if span.is_range:
            return micros(start), micros(end)
        if span.dates is not None:
            first, after = (start_of(self.tz, day) for day in span.dates)
            return micros(first), micros(min(after, end))
        if span.days is not None:
            last = local_date(self.tz, end - timedelta(microseconds=1))
            return micros(start_of(self.tz, last - (span.days - 1) * DAY)), micros(end)
        return _BEFORE_ALL, micros(end)


def rule_sql(rule: Rule, at: Evaluation) -> str:
    """Return the condition of a rule; adds its values to the evaluation's parameters."""
    if isinstance(rule, Not):
        return f"not {rule_sql(rule.rule, at)}"
    if isinstance(rule, AllOf | AnyOf):
        word = " and " if isinstance(rule, AllOf) else " or "
        return f"({word.join(rule_sql(part, at) for part in rule.rules)})"
    if isinstance(rule, Did):
        return _did(rule, at)
    if isinstance(rule, Spent):
        return _spent(rule, at)
    if isinstance(rule, Field):
        return _field(rule, at)
    assert_never(rule)


def _did(rule: Did, at: Evaluation) -> str:
    start, end = at.bounds(rule.span)
    key = at.new_key(start=start, end=end, number=rule.number)
    if rule.step.is_purchase:
        return _compared(_ORDERS, "count(*)", rule.operator, rule.number, {"key": key, "more": "", **at.slots})
    (sql,), params = steps_sql([rule.step], at.cursor, key)
    at.params |= params
    slots = {"key": key, "condition": sql.condition, **at.slots}
    return _compared(_EVENTS, "sum(f.number)", rule.operator, rule.number, slots)


def _spent(rule: Spent, at: Evaluation) -> str:
    start, end = at.bounds(rule.span)
    key = at.new_key(start=start, end=end, number=rule.amount, currency=rule.currency)
    slots = {"key": key, "more": f"and o.currency = ${key}_currency", **at.slots}
    return _compared(_ORDERS, "coalesce(sum(o.total), 0)", rule.operator, rule.amount, slots)


def _compared(rows: str, figure: str, operator: Operator, number: Any, slots: Mapping[str, str]) -> str:
    """Compare a figure by visitor, which is 0 for visitors without rows: they match where 0 does."""
    test = f"{figure} {_SQL[operator]} ${slots['key']}_number"
    if _TESTS[operator](0, number):
        return f"v.id not in ({fill(rows, slots, test=f'not ({test})')})"
    return f"v.id in ({fill(rows, slots, test=test)})"


def _field(rule: Field, at: Evaluation) -> str:
    if rule.name == "first_seen":
        return _first_seen(rule, at)
    key = at.new_key(number=rule.value)
    test = f"{_SQL[rule.operator]} ${key}_number"
    if rule.name == "sessions":
        return _compared(_SESSIONS, "sessions", rule.operator, rule.value, {"key": key})
    table = "login_states" if rule.name == "login_state" else "first_sessions"
    return f"v.id in ({fill(_VALUES, table=table, test=f'{rule.name} {test}')})"


def _first_seen(rule: Field, at: Evaluation) -> str:
    """Compare the local day of a visitor's first event ever; one after the end of the range does not count."""
    first, after = _day_or_span(rule.value, at)
    key = at.new_key(first=first, after=after, end=micros(at.period.end))
    tests = {
        "=": "v.first_seen >= ${key}_first and v.first_seen < ${key}_after",
        "!=": "(v.first_seen < ${key}_first or v.first_seen >= ${key}_after)",
        "<": "v.first_seen < ${key}_first",
        "<=": "v.first_seen < ${key}_after",
        ">": "v.first_seen >= ${key}_after",
        ">=": "v.first_seen >= ${key}_first",
    }
    return f"coalesce(v.first_seen < ${key}_end and {fill(tests[rule.operator], key=key)}, false)"


def _day_or_span(value: object, at: Evaluation) -> tuple[int, int]:
    if isinstance(value, Span):
        return at.bounds(value)
    assert isinstance(value, date)
    return micros(start_of(at.tz, value)), micros(start_of(at.tz, value + DAY))
