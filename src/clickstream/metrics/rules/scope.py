"""A question ready to run: checked filters, the effective range, the treatment of sample rows, and the shared SQL.

In: a cursor on one snapshot of the mart, and a Question. Out: `Scope`, whose `fetch` runs a metric's SQL after the CTEs
of counted.sql. Values are always bound; only constant text of this package is inserted into SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filters import Conditions, conditions, is_humans_only, sample_mode
from clickstream.metrics.rules.local_time import micros
from clickstream.metrics.rules.period import MAX_DAYS, Period, chosen_period
from clickstream.metrics.rules.quarters import quarters_of
from clickstream.metrics.rules.split import Split, sessions_with, split_slots
from clickstream.metrics.rules.texts import read_sql, with_needed
from clickstream.metrics.segments.members import Members, VisitorFilters, read_visitor_filters
from clickstream.metrics.segments.rule_sql import Evaluation
from clickstream.warehouse.contract import Table
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckCursor

_PARAMETER = re.compile(r"\$([a-z_0-9]+)")
_COUNTS = {
    "clickstream_events": "select coalesce(sum(events), 0) from counted_quarters",
    "sessions": "select count(*) from counted_sessions",
    "orders": "select count(*) from counted_orders",
    "refunds": "select count(*) from counted_refunds",
}
Population = Literal["all", "humans", "bots"]
# The session's bot flag holds for its orders.
_JUDGED_ORDERS = """(
        select orders.* replace (coalesce(s.is_bot, orders.is_bot) as is_bot)
        from orders
        left join sessions as s on orders.session = s.id
    )"""
_BOTS: Mapping[Population, str] = {"all": "", "humans": " and not {alias}.is_bot", "bots": " and {alias}.is_bot"}

_PASSING = "select s.id from sessions as s where true {population} {session}"
# What a session did with products is counted for its visitor. For sessions with events of others: products.py.
_OF_ONE_VISITOR = " and q.session in (from own_sessions)"


@dataclass(frozen=True, slots=True)
class Sample:
    """The treatment of sample rows: the requested mode, whether any exist, whether they are hidden."""

    mode: str
    is_present: bool
    is_hidden: bool

    def condition(self, alias: str) -> str:
        """The condition on rows, as SQL that begins with `and`, or is empty."""
        if self.mode == "only":
            return f" and {alias}.is_sample"
        return f" and not {alias}.is_sample" if self.is_hidden else ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One question on one snapshot.

    visitors, members: the filters on visitors, and who passes them in this period; None without such a filter.
    currency: that of the amounts; None if no order exists.
    """

    cursor: DuckCursor
    question: Question
    period: Period
    sample: Sample
    population: Population
    conditions: Conditions
    options: Mapping[str, str]
    visitors: VisitorFilters | None = None
    members: Members | None = None
    currency: str | None = None

    def for_period(self, period: Period) -> Scope:
        """Return the same question for another period, at whose end segments are evaluated."""
        if self.visitors is None:
            return replace(self, period=period)
        slots = {f"of_{name}": self._population(name[0]) for name in ("sessions", "orders", "hits")}
        known = replace(period, end=min(period.end, self.question.as_of))  # a range in the future ends after `as_of`
        at = Evaluation(self.cursor, self.question.tz, known, {**slots, "orders": self._orders()})
        return replace(self, period=period, members=self.visitors.members(at))

    def fetch(
        self,
        name: str,
        slots: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        split: Split | None = None,
        after: str | None = None,
    ) -> Table:
        """Run `<name>.sql` of this package. slots: SQL for its `{…}`. params: values of its parameters.

        after: a file with CTEs that this one uses.
        """
        texts = [read_sql(f"{file}.sql").rstrip() for file in (after, name) if file]
        return self._run("\n".join(texts), slots, params, split)

    def rows_behind(self, table: str) -> dict[str, int]:
        """Return the number of counted rows of a table (events, sessions, orders or refunds)."""
        return {table: int(self._run(_COUNTS[table]).rows[0][0])}

    def hidden_bot_events(self) -> int:
        """Return the number of events that the filter `humans` leaves out."""
        if self.population != "humans":
            return 0
        return replace(self, population="bots").rows_behind("clickstream_events")["clickstream_events"]

    def _run(
        self,
        metric_sql: str,
        slots: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        split: Split | None = None,
    ) -> Table:
        texts = {**self._slots(split), **(slots or {})}
        filled = with_needed(fill(read_sql("rules/counted.sql"), texts), fill(metric_sql, texts))
        values = {
            "as_of": micros(self.question.as_of),
            "start": micros(self.period.start),
            "end": micros(self.period.end),
            "currency": self.currency,
            **self.conditions.params,
            **(split.params if split else {}),
            **(params or {}),
        }
        # DuckDB rejects parameters that a statement does not use.
        return self.cursor.fetch(filled, {name: values[name] for name in set(_PARAMETER.findall(filled))})

    def _slots(self, split: Split | None) -> dict[str, str]:
        event, session = self.conditions.event, self.conditions.session
        # Any visitor's: an event or an order of a visitor keeps its session's values, also in the session of another.
        passing = fill(_PASSING, population=self._population("s"), session=session)
        has_none = self.conditions.without_session
        slots = {
            **self._of_rows(),
            "orders": self._orders(),
            "purchases_of": "",
            "not_mixed": "",
            "event_filters": event,
            "session_filters": session,
            "session_of_hit": f"and {_in('h.session', passing, has_none)}" if session else "",
            "session_of_quarter": f"and {_in('q.session', passing, has_none)}" if session else "",
            "session_of_order": f"and {_in('o.session', passing, has_none)}" if session else "",
            "event_of_session": f"and s.id in ({sessions_with(event)})" if event else "",
            "event_of_order": f"and o.session in ({sessions_with(event)})" if event else "",
            **split_slots(split, event),
        }
        return {**slots, "quarters": self._quarters(split, slots)}

    def _of_rows(self) -> dict[str, str]:
        """Return the conditions of the population filters on the rows of each table."""
        names = ("sessions", "orders", "hits", "quarters", "product_rows")
        slots = {f"of_{name}": self._population(alias) for name, alias in zip(names, "sohqq", strict=True)}
        if self.members is None:
            return slots
        conditions = {
            "of_sessions": self.members.own("s.visitor"),
            "of_orders": self.members.own("o.visitor"),
            "of_hits": self.members.of_pair("h.pair"),
            "of_quarters": self.members.own("q.visitor"),
            "of_product_rows": _OF_ONE_VISITOR,
        }
        return {name: text + conditions[name] for name, text in slots.items()}

    def _orders(self) -> str:
        return "orders" if self.population == "all" else _JUDGED_ORDERS

    def _population(self, alias: str) -> str:
        return fill(_BOTS[self.population], alias=alias) + self.sample.condition(alias)

    def _quarters(self, split: Split | None, slots: Mapping[str, str]) -> str:
        """Return SQL for `counted_quarters`: from hits alone where single events are filtered or split."""
        of_hits = read_sql("rules/quarters_of_hits.sql").rstrip()
        if self.conditions.event or (split and not split.is_of_session):
            return fill(of_hits, cut_quarters="true")
        found = quarters_of(self.question.tz, self.period)
        whole = fill(read_sql("rules/quarters.sql").rstrip(), slots, whole_quarters=found.whole)
        return "\n    union all\n    ".join([whole, *([fill(of_hits, cut_quarters=found.cut)] if found.cut else [])])


def _in(key: str, sessions: str, has_none: bool) -> str:
    return f"({key} in ({sessions}){f' or {key} is null' if has_none else ''})"


def make_scope(
    cursor: DuckCursor, question: Question, options: Mapping[str, str], max_days: int | None = MAX_DAYS
) -> Scope:
    """Check the question and prepare it for one snapshot. Raises QuestionError."""
    if question.as_of.tzinfo is None:
        raise without_zone()
    period = chosen_period(question, max_days)
    sample = read_sample(cursor, question)
    population: Population = "humans" if is_humans_only(question.filters) else "all"
    found, visitors = conditions(question.filters), read_visitor_filters(question.filters)
    return Scope(cursor, question, period, sample, population, found, options, visitors).for_period(period)


def without_zone() -> QuestionError:
    """Return the error of an `as_of` without a zone."""
    return QuestionError("invalid_range", "as_of", "a time without a zone (expected one with Z or an offset)")


def read_sample(cursor: DuckCursor, question: Question) -> Sample:
    """Determine the treatment of sample rows: `auto` hides them once one real event exists."""
    mode = sample_mode(question.filters)
    real, sample = cursor.fetch(
        """
        select
            exists (from hits where not is_sample and moment < $as_of),
            exists (from hits where is_sample and moment < $as_of)
        """,
        {"as_of": micros(question.as_of)},
    ).rows[0]
    return Sample(mode, sample, mode == "auto" and real and sample)


def page_slots(
    question: Question, only: Sequence[str] | None, key: str = "value"
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return slots and parameters of a ranked table: the requested page, or the rows of `only`."""
    if only is None:
        return {"only_values": ""}, {"limit": question.limit, "offset": question.offset}
    values = {"values": list(only), "limit": len(only), "offset": 0}
    return {"only_values": f"and {key} in (select unnest(cast($values as varchar[])))"}, values
