"""`sessions_list`: which sessions are behind a number?

A row for each session that starts in the range, the newest first. `between` narrows the range to some instants, as of a
point in a chart; `reached` selects the sessions with a step, by the same rule by which `overview` counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.definition import Option
from clickstream.metrics.question import Column
from clickstream.metrics.rules.local_time import instant, micros
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("session_key", "text"),
    Column("visitor_id", "text"),
    Column("started_at", "ts"),
    Column("duration_s", "double"),
    Column("events", "int"),
    Column("page_views", "int"),
    Column("entry_page", "text"),
    Column("exit_page", "text"),
    Column("channel", "text"),
    Column("device_type", "text"),
    Column("country", "text"),
    Column("is_engaged", "bool"),
    Column("is_bot", "bool"),
    Column("is_sample", "bool"),
    Column("reached", "text"),
    Column("orders", "int"),
)
_BETWEEN = " and s.start_at >= $first and s.start_at < $last"
REACHED: Mapping[str, str] = {
    "view": " and s.id in (select session from session_quarters where product_views > 0)",
    "cart": " and s.has_cart",
    "checkout": " and s.has_checkout",
    "order": " and s.orders > 0",
}
"""Step -> the condition on sessions with it."""


def read_between(text: str) -> tuple[datetime, datetime]:
    """Read `START..END`; an instant without a zone is UTC. Raises QuestionError."""
    try:
        start, end = (_in_utc(datetime.fromisoformat(part)) for part in text.split(".."))
    except (ValueError, OverflowError):
        raise _invalid_between(text) from None
    if start > end:
        raise _invalid_between(text)
    return start, end


def write_between(start: datetime, end: datetime) -> str:
    """Write the option for the instants `[start, end)`."""
    return "..".join(moment.astimezone(UTC).isoformat().replace("+00:00", "Z") for moment in (start, end))


BETWEEN = Option(
    (),
    "START..END, instants in UTC: only sessions that start in [START, END)",
    check=lambda text: write_between(*read_between(text)),
)


def sessions_list(scope: Scope) -> Result:
    """List sessions, the newest first."""
    reached, between = scope.options.get("reached"), scope.options.get("between")
    slots = {"reached": REACHED[reached] if reached else "", "between": _BETWEEN if between else ""}
    params = {"limit": scope.question.limit, "offset": scope.question.offset}
    if between:
        params |= dict(zip(("first", "last"), map(micros, read_between(between)), strict=True))
    found = scope.fetch("visitors/sessions_list", slots, params).dicts()
    rows = [_row(row) for row in found if row["session_key"] is not None]
    total = found[0]["total_rows"]
    return Result(COLUMNS, rows, {"sessions": total}, total, keys=1)


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    figures = {
        **row,
        "started_at": instant(row["start_at"]),
        "duration_s": row["duration_us"] / 1_000_000,
        "entry_page": row["landing_page"],
    }
    return tuple(figures[column.name] for column in COLUMNS)


def _invalid_between(text: str) -> QuestionError:
    why = f"{text!r} (expected START..END, such as 2026-03-01T12:00:00Z..2026-03-01T13:00:00Z)"
    return QuestionError("invalid_option", "between", why)


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
