"""`journeys`: which ways through the shop are most common?

Whole sequences of nodes up to the chosen number of steps, with the sessions that went through exactly these.
"""

from __future__ import annotations

from clickstream.metrics.behaviour.sequences import MAX_STEPS, sequence_slots
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

_STEPS = [f"step_{number}" for number in range(1, MAX_STEPS + 1)]
COLUMNS = (
    *(Column(name, "text") for name in _STEPS),
    Column("sessions", "int"),
    Column("share", "rate"),
    Column("order_sessions", "int"),
)


def journeys(scope: Scope) -> Result:
    """Count sessions by their sequence of nodes, most sessions first."""
    slots, params = sequence_slots(scope)
    params |= {"limit": scope.question.limit, "offset": scope.question.offset}
    found = scope.fetch("behaviour/journeys", slots, params, after="behaviour/sequences").dicts()
    total = found[0]
    sessions = int(total["all_sessions"])
    rows = [
        (*(row[name] for name in _STEPS), row["sessions"], ratio(row["sessions"], sessions), row["order_sessions"])
        for row in found
        if row["sessions"] is not None
    ]
    left_out = {"sessions_left_out": int(total["counted_sessions"]) - sessions}
    return Result(COLUMNS, rows, {"sessions": sessions}, total["total_rows"], keys=MAX_STEPS, extra=left_out)
