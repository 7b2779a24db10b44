"""`login_state`: how do signed-in and anonymous visitors differ?

Always three rows: `logged_in`, `anonymous`, `(none)`. Events and their visitors are grouped by the event's own state,
so a visitor can be in two rows. A session is `logged_in` if any of its events is, else `anonymous` if any is.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("value", "text"),
    Column("events", "int"),
    Column("visitors", "int"),
    Column("sessions", "int"),
    Column("order_sessions", "int"),
    Column("conversion_rate", "rate"),
)


def login_state(scope: Scope, _only: Sequence[str] | None = None) -> Result:
    """Return the three states in their fixed order, including empty ones."""
    found = scope.fetch("login_state").rows
    rows = [
        (value, int(events), visitors, sessions, ordered, ratio(ordered, sessions))
        for value, events, visitors, sessions, ordered in found
    ]
    rows_behind = {
        "clickstream_events": sum(int(row[1]) for row in found),
        "sessions": sum(row[3] for row in found),
    }
    return Result(COLUMNS, rows, rows_behind, len(rows), keys=1)
