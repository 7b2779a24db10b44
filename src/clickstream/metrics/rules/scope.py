"""A question made ready to run: checked filters, the effective range, what sample rows do, and the SQL around it.

In: a cursor on one snapshot and a Question. Out: `Scope`, whose `fetch` runs a metric's SQL behind the CTEs of
counted.sql. Values are always bound; only texts of this package are put into SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filters import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Conditions,
    conditions,
    sample_mode,
    value_sql,
)
from clickstream.metrics.rules.period import MAX_DAYS, Period, chosen_period
from clickstream.warehouse.duckdb import DuckCursor, Table

OTHER = "(other)"
_PARAMETER = re.compile(r"\$([a-z_0-9]+)")
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Sample:
    """How sample rows are treated: the mode asked for, whether there are any, whether they are hidden."""

    mode: str
    is_present: bool
    is_hidden: bool

    @property
    def condition(self) -> str:
        """What it demands of rows of events and sessions, as SQL that begins with `and`, or is empty."""
        if self.mode == "only":
            return "and is_sample is true"
        return "and is_sample is not true" if self.is_hidden else ""


@dataclass(frozen=True, slots=True)
class Split:
    """One dimension to split by. `top`: values that keep their name, the others are `(other)`; None = all keep it."""

    dimension: str
    top: tuple[str, ...] | None = None

    @property
    def is_of_session(self) -> bool:
        return self.dimension in SESSION_COLUMNS

    @property
    def params(self) -> dict[str, str]:
        return {f"top_{index}": value for index, value in enumerate(self.top or ())}

    def value(self, alias: str) -> str:
        """The group of a row of `alias` (an event's `e` or a session's `s`) as SQL."""
        column = {**EVENT_COLUMNS, **SESSION_COLUMNS}[self.dimension]
        value = value_sql(alias, column)
        if not self.top:
            return value
        names = ", ".join(f"${name}" for name in self.params)
        return f"case when {value} in ({names}) then {value} else '{OTHER}' end"


@dataclass(frozen=True, slots=True)
class Scope:
    """One question on one snapshot."""

    cursor: DuckCursor
    question: Question
    period: Period
    sample: Sample
    conditions: Conditions
    options: Mapping[str, str]
    has_cut_sessions: bool

    def of(self, period: Period) -> Scope:
        """The same question about another period."""
        return replace(self, period=period)

    def fetch(
        self,
        name: str,
        slots: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        split: Split | None = None,
    ) -> Table:
        """Run `<name>.sql` of this package. `slots` are SQL texts for its `{…}`, `params` its own parameters."""
        return self._run(read_sql(f"{name}.sql"), slots, params, split)

    def rows_behind(self, are_sessions: bool) -> dict[str, int]:
        """How many rows of which table the metric was counted from."""
        counted, table = ("counted_sessions", "sessions") if are_sessions else ("counted_events", "clickstream_events")
        return {table: self._run(f"select count(*) from {counted}").rows[0][0]}  # noqa: S608 - one of two names

    def _run(
        self,
        metric_sql: str,
        slots: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        split: Split | None = None,
    ) -> Table:
        sql = read_sql("rules/counted.sql") + metric_sql
        texts = {**self._slots(split), **(slots or {})}
        filled = _SLOT.sub(lambda match: texts[match[1]], sql)
        values = {
            "as_of": self.question.as_of,
            "start": self.period.start,
            "end": self.period.end,
            **self.conditions.params,
            **(split.params if split else {}),
            **(params or {}),
        }
        # Engines refuse parameters that a statement does not name.
        return self.cursor.fetch(filled, {name: values[name] for name in set(_PARAMETER.findall(filled))})

    def _slots(self, split: Split | None) -> dict[str, str]:
        event, session = self.conditions.event, self.conditions.session
        passing = f"select s.session_key from population_sessions as s where true {session}"  # noqa: S608 - values are bound
        alone = "or e.session_key is null" if self.conditions.without_session else ""
        of_session = split is not None and split.is_of_session
        return {
            "population": self.sample.condition,
            "cut_sessions": self._cut_sessions(),
            "event_filters": event,
            "session_filters": session,
            "session_of_event": f"and (e.session_key in ({passing}) {alone})" if session else "",
            "event_of_session": f"and s.session_key in ({sessions_with(event)})" if event else "",
            "event_split": split.value("s" if of_session else "e") if split else "''",
            "event_split_join": "left join population_sessions as s on e.session_key = s.session_key"
            if of_session
            else "",
        }

    def _cut_sessions(self) -> str:
        sql = read_sql("rules/cut_sessions.sql") if self.has_cut_sessions else ""
        return sql.replace("{population}", self.sample.condition)


def make_scope(
    cursor: DuckCursor, question: Question, options: Mapping[str, str], max_days: int | None = MAX_DAYS
) -> Scope:
    """Check what is asked against what can be answered. Raises QuestionError."""
    if question.as_of.tzinfo is None:
        raise QuestionError("invalid_range", "as_of", "it has no time zone", "write it with Z or an offset")
    period = chosen_period(question, max_days)
    sample = read_sample(cursor, question)
    cut = cursor.scalar(
        "select exists (select 1 from sessions where session_start < $as_of and session_end >= $as_of)",
        {"as_of": question.as_of},
    )
    return Scope(cursor, question, period, sample, conditions(question.filters), options, cut)


def read_sample(cursor: DuckCursor, question: Question) -> Sample:
    """What sample rows do: `auto` hides them once one real event exists."""
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


@cache
def read_sql(path: str) -> str:
    """Text of a `.sql` file of this package."""
    return files("clickstream.metrics").joinpath(path).read_text(encoding="utf-8")


def sessions_with(event_filters: str, columns: str = "e.session_key") -> str:
    """SQL for the sessions that have an event which passes the event filters, in range or after it.

    Sessions that count start in range, so events before it cannot be theirs and are not read.
    """
    passing = f"e.session_key is not null and e.event_timestamp >= $start {event_filters}"
    return f"select {columns} from population_events as e where {passing}"  # noqa: S608 - texts of ours, values are bound


def page_of(question: Question, only: Sequence[str] | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Slots and parameters of a ranked table: the page asked for, or the rows of `only`."""
    if only is None:
        return {"only_values": ""}, {"limit": question.limit, "offset": question.offset}
    values = {"values": list(only), "limit": len(only), "offset": 0}
    return {"only_values": "and value in (select unnest(cast($values as text[])))"}, values
