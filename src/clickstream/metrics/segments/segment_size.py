"""`segment_size`: how many visitors match a rule?

The rule is the filter `segment`; without one, every visitor matches. Visitors of the range have an event in it.
"""

from __future__ import annotations

from dataclasses import replace

from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("visitors", "int"),
    Column("visitors_ever", "int"),
    Column("visitors_in_range", "int"),
    Column("share", "rate"),
)
REFUSED = (*EVENT_COLUMNS, *SESSION_COLUMNS)
"""A rule looks at whole visitors; filters on their sessions and events do not reach into it."""


def segment_size(scope: Scope) -> Result:
    """Return one row."""
    visitors, ever = scope.fetch("segments/segment_size").rows[0]
    everyone = replace(scope, visitors=None, members=None)
    all_visitors = everyone.fetch("segments/segment_size").rows[0][0]
    row = (visitors, ever, all_visitors, ratio(visitors, all_visitors))
    return Result(COLUMNS, [row], scope.rows_behind("clickstream_events"), 1)
