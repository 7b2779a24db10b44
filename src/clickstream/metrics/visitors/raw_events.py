"""The events of a range one by one, the newest first, read from the warehouse page by page.

In: a cursor on one snapshot of the warehouse, and a Question. Out: the events that `overview` counts for this question,
in the reverse of event order. A page reads as little of the past as it needs: first the last hour of what is left, then
four times as much, and so on, which both engines find by time without sorting the rest.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filter_values import read_value
from clickstream.metrics.rules.filters import (
    SESSION_COLUMNS,
    check_filter,
    condition_sql,
    is_humans_only,
    sample_mode,
    value_sql,
)
from clickstream.metrics.rules.period import chosen_period
from clickstream.metrics.rules.texts import read_sql
from clickstream.metrics.visitors.event_key import NEWEST_FIRST, EventKey, after_sql, before_sql
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill

COLUMNS = (
    *("event_timestamp", "received_at", "raw_object", "raw_line", "event_id", "event_name", "client_id", "user_id"),
    *("session_key", "page_path", "context_product_id", "context_product_name", "order_id", "is_bot", "bot_reasons"),
    "is_sample",
)
_VISITOR = "case when e.event_name <> 'order_refunded' then coalesce(e.user_id, known.first_user_id, e.client_id) end"
_FIELDS = {
    "event": "e.event_name",
    "page_path": "e.page_path",
    "product_id": "e.context_product_id",
    "category": "e.context_product_category",
    "brand": "e.context_product_brand",
    "login_state": "e.user_login_state",
    "visitor_id": _VISITOR,
    **{name: f"s.{'entry_page' if name == 'landing_page' else name}" for name in SESSION_COLUMNS},
}
"""Filter -> the column that it compares. Segments are rules over the mart, which is not read here."""
SEARCH_S = 1.0
_FIRST_STEP, _GROWTH = timedelta(hours=1), 4
_MICROSECOND = timedelta(microseconds=1)
_LAST_ID = UUID(int=2**128 - 1)
_SESSIONS = "left join sessions as s on e.session_key = s.session_key"
_CLIENTS = "left join clients as known on e.client_id = known.client_id"
_HAS_REAL = "select exists (select 1 from clickstream_events where is_sample is not true and event_timestamp < $as_of)"


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, the newest first. has_older: there are more, or not all of the range was searched.

    searched_to: where the search stopped because it took too long; None = it did not.
    """

    rows: list[dict[str, Any]]
    has_older: bool
    searched_to: datetime | None = None

    @property
    def end_key(self) -> EventKey | None:
        """The key before which the next page begins."""
        if self.searched_to is not None:
            return EventKey(self.searched_to - _MICROSECOND, None, None, None, _LAST_ID)
        return EventKey.of(self.rows[-1]) if self.rows else None


@dataclass(frozen=True, slots=True)
class _Conditions:
    """SQL that begins with `and` or is empty, its parameters, and the joins that it needs."""

    text: str
    params: Mapping[str, Any]
    joins: str


def newest_events(
    cursor: Cursor, question: Question, before: EventKey | None = None, search_s: float = SEARCH_S
) -> EventPage:
    """Return the newest `limit` events of the question, or those before a key. Raises QuestionError.

    search_s: a search for rare events stops after about this long, and the next page continues it.
    """
    period, limit = chosen_period(question), question.limit
    conditions = _conditions(cursor, question)
    end = period.end
    if before is not None:
        end = min(end, before.event_timestamp + _MICROSECOND)
        text = f"{conditions.text} and {before_sql('e')}"
        conditions = replace(conditions, text=text, params={**conditions.params, **before.params()})
    rows: list[dict[str, Any]] = []
    step, started = _FIRST_STEP, time.monotonic()
    while end > period.start and len(rows) <= limit:
        start = max(period.start, end - step)
        rows += _events_between(cursor, conditions, start, end, limit + 1 - len(rows))
        end, step = start, step * _GROWTH
        if time.monotonic() - started >= search_s and len(rows) <= limit and end > period.start:
            return EventPage(rows, has_older=True, searched_to=end)
    return EventPage(rows[:limit], len(rows) > limit)


def count_newer(cursor: Cursor, question: Question, after: EventKey | None, most: int) -> int:
    """Count the events of the question after a key (None = all of them), up to `most`."""
    period = chosen_period(question)
    conditions = _conditions(cursor, question)
    params: dict[str, Any] = {**conditions.params, "start": period.start, "end": period.end, "most": most}
    text = conditions.text
    if after is not None:
        params |= {**after.params(), "start": max(period.start, after.event_timestamp)}
        text += f" and {after_sql('e')}"
    sql = fill(
        """
        select count(*)
        from (
            select 1
            from clickstream_events as e
            {joins}
            where e.event_timestamp >= $start and e.event_timestamp < $end {conditions}
            limit $most
        ) as newer
        """,
        joins=conditions.joins,
        conditions=text,
    )
    return int(cursor.scalar(sql, params))


def find_event(cursor: Cursor, at: datetime, event_id: UUID) -> dict[str, Any] | None:
    """Return all columns of one event; None if the warehouse does not have it (any more)."""
    sql = "select * from clickstream_events where event_timestamp = $at and event_id = $event_id"
    found = cursor.fetch(sql, {"at": at, "event_id": event_id}).dicts()
    return found[0] if found else None


def _events_between(
    cursor: Cursor, conditions: _Conditions, start: datetime, end: datetime, limit: int
) -> list[dict[str, Any]]:
    sql = fill(
        read_sql("visitors/raw_events.sql"),
        columns=", ".join(f"e.{name}" for name in COLUMNS),
        joins=conditions.joins,
        conditions=conditions.text,
        newest_first=NEWEST_FIRST.format(row="e"),
        newest_first_of_page=NEWEST_FIRST.format(row="p"),
    )
    return cursor.fetch(sql, {**conditions.params, "start": start, "end": end, "limit": limit}).dicts()


def _conditions(cursor: Cursor, question: Question) -> _Conditions:
    """Write the filters as SQL, by the rules that hold for events in all metrics."""
    texts, params, joins = list[str](), dict[str, Any](), set[str]()
    for name, values in question.filters.items():
        check_filter(name, values)
        if name in ("sample", "humans"):
            continue
        if name not in _FIELDS:
            why = "not a filter of single events"
            raise QuestionError("filter_not_applicable", name, why, "remove this filter")
        column = value_sql(f"nullif({_FIELDS[name]}, '')")
        texts.append(condition_sql(column, [read_value(name, value) for value in values], params))
        joins |= {_CLIENTS} if name == "visitor_id" else {_SESSIONS} if name in SESSION_COLUMNS else set()
    if is_humans_only(question.filters):
        texts.append("coalesce(s.is_bot, e.is_bot) is not true")
        joins.add(_SESSIONS)
    mode = sample_mode(question.filters)
    if mode == "only":
        texts.append("e.is_sample is true")
    elif mode == "auto" and cursor.scalar(_HAS_REAL, {"as_of": question.as_of.astimezone(UTC)}):
        texts.append("e.is_sample is not true")
    conditions = "".join(f" and {text}" for text in texts)
    return _Conditions(conditions, params, "\n".join(sorted(joins)))
