"""`paths`: what do visitors do next?

Links between the nodes of consecutive steps, as a Sankey diagram draws them. Each session that starts in the range and
has a node counts once at each step that it reached.
"""

from __future__ import annotations

from clickstream.metrics.behaviour.sequences import sequence_slots
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope

MAX_TOP = 20
COLUMNS = (
    Column("step", "int"),
    Column("source", "text"),
    Column("target", "text"),
    Column("sessions", "int"),
)


def paths(scope: Scope) -> Result:
    """Count the sessions of each link, step by step."""
    slots, params = sequence_slots(scope)
    question = scope.question
    params |= {"top": int(scope.options["top"]), "limit": question.limit, "offset": question.offset}
    found = scope.fetch("behaviour/paths", slots, params, after="behaviour/sequences").dicts()
    total = found[0]
    rows = [
        (int(row["step"]), row["source"], row["target"], int(row["sessions"]))
        for row in found
        if row["step"] is not None
    ]
    sessions = int(total["all_sessions"])
    left_out = {"sessions_left_out": int(total["counted_sessions"]) - sessions}
    return Result(COLUMNS, rows, {"sessions": sessions}, total["total_rows"], keys=3, extra=left_out)
