"""`visitor_timeline`: what did this visitor do?

The events of one visitor, the newest first, with the raw line of each. `meta.visitor` of the answer is what is known of
the visitor: first seen, sessions, orders. Pages continue at the key of a row (event_key.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.definition import Option
from clickstream.metrics.question import Column, Question
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.filter_values import FilterValue, read_value
from clickstream.metrics.rules.filters import condition_sql, value_sql
from clickstream.metrics.rules.period import Period, chosen_period
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.texts import read_sql
from clickstream.metrics.visitors.event_key import NEWEST_FIRST, EventKey, before_sql, check_key, read_key

COLUMNS = (
    Column("key", "text"),
    Column("event_id", "text"),
    Column("event_at", "ts"),
    Column("session_key", "text"),
    Column("event", "text"),
    Column("page_path", "text"),
    Column("product_id", "text"),
    Column("product_name", "text"),
    Column("order_id", "text"),
    Column("is_bot", "bool"),
    Column("is_sample", "bool"),
    Column("raw_object", "text"),
    Column("raw_line", "int"),
)
_STORED = (
    *("event_timestamp", "received_at", "raw_object", "raw_line", "event_id", "session_key", "event_name", "page_path"),
    *("context_product_id", "context_product_name", "order_id", "is_sample"),
)
_FIRST_DAY = date(1980, 1, 1)
_MOST_SPANS = 100


def _check_visitor(text: str) -> str:
    if not text:
        raise _no_visitor()
    return text


def _no_visitor() -> QuestionError:
    why = "missing (expected the id of a visitor)"
    return QuestionError("invalid_option", "visitor_id", why, "find one with: clickstream metric sessions_list")


VISITOR = Option((), "id of the visitor; required", check=_check_visitor)
BEFORE = Option((), "key of a row: only events before it, to continue there", check=check_key)


def whole_history(question: Question, _options: Mapping[str, str]) -> Period:
    """Return the question's range; without a first day, everything up to its end."""
    return chosen_period(replace(question, from_date=question.from_date or _FIRST_DAY), max_days=None)


def visitor_timeline(scope: RecordScope) -> Result:
    """List the events of a visitor, the newest first, and put what is known of the visitor into `meta`."""
    if "visitor_id" not in scope.options:
        raise _no_visitor()
    pairs = {"pairs": read_sql("visitors/pairs.sql").rstrip()}
    visitor = {"visitor": FilterValue(scope.options["visitor_id"]).stored_text}
    sessions = scope.fetch("visitors/visitor_sessions", pairs, visitor).dicts()
    slots, params = _page(scope, sessions)
    found = scope.fetch("visitors/visitor_timeline", {**pairs, **slots}, {**visitor, **params}).dicts()
    known = scope.fetch("visitors/visitor_summary", pairs, visitor).dicts()
    rows = [_row(row) for row in found if row["event_id"] is not None]
    total = found[0]["total_rows"]
    extra = {"visitor": _summary(known, [each for each in sessions if each["session_start"] < scope.question.as_of])}
    return Result(COLUMNS, rows, {"clickstream_events": total}, total, extra=extra)


def _page(scope: RecordScope, sessions: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return slots and parameters for the events of these sessions, and the page and filter of the question."""
    filters: dict[str, Any] = {}
    conditions = [
        condition_sql(value_sql("e.event_name"), [read_value(name, value) for value in values], filters)
        for name, values in scope.question.filters.items()
    ]
    before = scope.options.get("before")
    key = read_key(before).params() if before is not None else {}
    spans, span_params = _spans(sessions)
    slots = {
        "columns": ", ".join(f"e.{name}" for name in _STORED),
        "spans": spans,
        "event_filter": "".join(f" and {condition}" for condition in conditions),
        "before": f"and {before_sql('w')}" if before is not None else "",
        "newest_first": NEWEST_FIRST.format(row="w"),
        "newest_first_of_page": NEWEST_FIRST.format(row="p"),
    }
    params = {
        "keys": [each["session_key"] for each in sessions],
        "bots": [each["is_bot"] for each in sessions],
        "limit": scope.question.limit,
        "offset": scope.question.offset,
    }
    return slots, {**params, **key, **filters, **span_params}


def _spans(sessions: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, datetime]]:
    """Write where sessions lie in time, the oldest first, as a condition: DuckDB reads only these parts of the table.

    At 5 million events this takes a tenth of the time of a search by session alone. Many spans become one.
    """
    spans: list[tuple[datetime, datetime]] = []
    for each in sessions:
        start, end = each["session_start"], each["session_end"]
        if spans and (start <= spans[-1][1] or len(sessions) > _MOST_SPANS):
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    texts = [f"e.event_timestamp between $span_start_{n} and $span_end_{n}" for n in range(len(spans))]
    params: dict[str, datetime] = {}
    for n, (start, end) in enumerate(spans):
        params |= {f"span_start_{n}": start, f"span_end_{n}": end}
    return " or ".join(texts) or "false", params


def _row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    values = {
        **row,
        "key": EventKey.of(row).write(),
        "event_id": str(row["event_id"]),
        "event_at": row["event_timestamp"],
        "event": row["event_name"],
        "product_id": row["context_product_id"],
        "product_name": row["context_product_name"],
        "is_bot": row["is_of_bot"],
    }
    return tuple(values[column.name] for column in COLUMNS)


def _summary(known: Sequence[Mapping[str, Any]], sessions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `meta.visitor`: what is known before `as_of`, whatever the range. `sales` has a row for each currency."""
    own = [each for each in sessions if each["is_own"]]
    sales = [
        {"currency": row["currency"], "orders": row["orders"], "revenue": money(row["revenue"])}
        for row in known
        if row["currency"] is not None
    ]
    return {
        "first_seen_at": known[0]["first_seen_at"],
        "first_channel": own[0]["channel"] if own else None,
        "sessions": len(own),
        "bot_sessions": sum(each["is_bot"] for each in own),
        "orders": sum(row["orders"] for row in sales),
        "sales": sales,
    }
