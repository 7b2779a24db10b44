"""A question ready to run: checked filters, the effective range, the treatment of sample rows, and the shared SQL.

In: a cursor on one snapshot and a Question. Out: `Scope`, whose `fetch` runs a metric's SQL after the CTEs of
counted.sql. Values are always bound; only constant text of this package is inserted into SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.cut import Cut, read_cut
from clickstream.metrics.rules.filters import (
    Conditions,
    conditions,
    is_humans_only,
    sample_mode,
)
from clickstream.metrics.rules.local_time import EPOCH
from clickstream.metrics.rules.period import MAX_DAYS, Period, chosen_period
from clickstream.metrics.rules.split import Split, sessions_ever_with, sessions_with, split_slots
from clickstream.metrics.rules.texts import read_sql, with_needed
from clickstream.warehouse.contract import Cursor, Table
from clickstream.warehouse.dialects import fill

_PARAMETER = re.compile(r"\$([a-z_0-9]+)")
_COUNTED = {"clickstream_events": "counted_events", "sessions": "counted_sessions", "orders": "counted_orders"}
Population = Literal["all", "humans", "bots"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The treatment of sample rows: the requested mode, whether any exist, whether they are hidden."""

    mode: str
    is_present: bool
    is_hidden: bool

    @property
    def condition(self) -> str:
        """The condition on events and sessions, as SQL that begins with `and`, or is empty."""
        if self.mode == "only":
            return "and is_sample is true"
        return "and is_sample is not true" if self.is_hidden else ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One question on one snapshot.

    cut: sessions and orders that as_of cuts. currency: that of the amounts; None if no order exists.
    """

    cursor: Cursor
    question: Question
    period: Period
    sample: Sample
    population: Population
    conditions: Conditions
    options: Mapping[str, str]
    cut: Cut
    currency: str | None = None

    def for_period(self, period: Period) -> Scope:
        """Return the same question for another period."""
        return replace(self, period=period)

    def fetch(
        self,
        name: str,
        slots: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        split: Split | None = None,
    ) -> Table:
        """Run `<name>.sql` of this package. slots: SQL for its `{…}`. params: values of its parameters."""
        return self._run(read_sql(f"{name}.sql"), slots, params, split)

    def rows_behind(self, table: str) -> dict[str, int]:
        """Return the number of counted rows of a table (events, sessions or orders)."""
        return {table: self._run("select count(*) from {counted}", {"counted": _COUNTED[table]}).rows[0][0]}

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
            "as_of": self.question.as_of,
            "start": self.period.start,
            "end": self.period.end,
            "currency": self.currency,
            **self.cut.params,
            **self.conditions.params,
            **(split.params if split else {}),
            **(params or {}),
        }
        if "$first_start" in filled:
            values["first_start"] = self._first_session_start()
        # Engines reject parameters that a statement does not use.
        return self.cursor.fetch(filled, {name: values[name] for name in set(_PARAMETER.findall(filled))})

    def _first_session_start(self) -> datetime:
        """Return the earliest start of a session with an order in the range; events before it need not be read."""
        if not self.cut.is_empty:  # the sessions of recomputed orders are not known in advance
            return EPOCH
        found = self.cursor.scalar(
            """
            select min(s.session_start)
            from orders as o
            inner join sessions as s on o.session_key = s.session_key
            where o.ordered_at >= $start and o.ordered_at < $end
            """,
            {"start": self.period.start, "end": self.period.end},
        )
        return min(found or self.period.start, self.period.start)

    def _slots(self, split: Split | None) -> dict[str, str]:
        event, session = self.conditions.event, self.conditions.session
        passing = fill("select s.session_key from population_sessions as s where true {session}", session=session)
        has_none = self.conditions.without_session
        return {
            "sample": self.sample.condition,
            **self.cut.slots,
            **_POPULATIONS[self.population],
            "event_filters": event,
            "session_filters": session,
            "session_of_event": f"and {_in('e.session_key', passing, has_none)}" if session else "",
            "event_of_session": f"and s.session_key in ({sessions_with(event)})" if event else "",
            "session_of_order": f"and {_in('o.session_key', passing, has_none)}" if session else "",
            "event_of_order": f"and o.session_key in ({sessions_ever_with(event)})" if event else "",
            **split_slots(split, event),
        }


_BOTS = "(select 1 from existing_sessions as b where b.is_bot and b.session_key = e.session_key)"
_OF_BOTS = f"(exists {_BOTS} or (e.session_key is null and e.is_bot is true))"
_OF_HUMANS = f"not exists {_BOTS} and (e.session_key is not null or e.is_bot is not true)"
# The conditions of each population on events and orders (alias `e`), and on sessions.
_POPULATIONS: Mapping[Population, Mapping[str, str]] = {
    "all": {"of_humans": "", "sessions_of_humans": ""},
    "humans": {"of_humans": f"and {_OF_HUMANS}", "sessions_of_humans": "and is_bot is not true"},
    "bots": {"of_humans": f"and {_OF_BOTS}", "sessions_of_humans": "and is_bot is true"},
}


def _in(key: str, sessions: str, has_none: bool) -> str:
    return f"({key} in ({sessions}){f' or {key} is null' if has_none else ''})"


def make_scope(
    cursor: Cursor, question: Question, options: Mapping[str, str], max_days: int | None = MAX_DAYS
) -> Scope:
    """Check the question and prepare it for one snapshot. Raises QuestionError."""
    if question.as_of.tzinfo is None:
        raise QuestionError("invalid_range", "as_of", "a time without a zone (expected one with Z or an offset)")
    period = chosen_period(question, max_days)
    sample = read_sample(cursor, question)
    population: Population = "humans" if is_humans_only(question.filters) else "all"
    checked = conditions(question.filters)
    cut = read_cut(cursor, question.as_of, sample.condition)
    return Scope(cursor, question, period, sample, population, checked, options, cut)


def read_sample(cursor: Cursor, question: Question) -> Sample:
    """Determine the treatment of sample rows: `auto` hides them once one real event exists."""
    mode = sample_mode(question.filters)
    real, sample = cursor.fetch(
        """
        select
            exists (select 1 from clickstream_events where is_sample is not true and event_timestamp < $as_of),
            exists (select 1 from clickstream_events where is_sample is true and event_timestamp < $as_of)
        """,
        {"as_of": question.as_of},
    ).rows[0]
    return Sample(mode, sample, mode == "auto" and real and sample)


def page_slots(
    question: Question, only: Sequence[str] | None, key: str = "value"
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return slots and parameters of a ranked table: the requested page, or the rows of `only`."""
    if only is None:
        return {"only_values": ""}, {"limit": question.limit, "offset": question.offset}
    values = {"values": list(only), "limit": len(only), "offset": 0}
    return {"only_values": f"and {key} in (select unnest(cast($values as text[])))"}, values
