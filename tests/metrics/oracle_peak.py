"""Activity by weekday and hour recomputed in plain Python: the local clock is read at each minute and at each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.metrics.oracle import World
from tests.metrics.oracle_time import MINUTE, Range, bucket_of

Cell = tuple[int, int]


def peak_activity(world: World, span: Range, tz: ZoneInfo, metric: str) -> list[dict[str, Any]]:
    """`peak_activity`: 168 rows. Clocks change at whole minutes."""
    hours: dict[Cell, timedelta] = defaultdict(timedelta)
    moment = span.start
    while moment < span.end:
        hours[_cell(tz, moment)] += min(moment + MINUTE, span.end) - moment
        moment += MINUTE
    counted: dict[Cell, set[object]] = defaultdict(set)
    for at, thing in _things(world, span, metric):
        if thing is not None:
            counted[_cell(tz, at)].add((thing, bucket_of("hour", tz, at)))
    rows = []
    for weekday in range(1, 8):
        for hour in range(24):
            value, length = len(counted[weekday, hour]), hours[weekday, hour] / timedelta(hours=1)
            cell = {"weekday": weekday, "hour": hour, "value": value, "hours_in_range": length}
            rows.append({**cell, "per_hour": value / length if length else None})
    return rows


def _cell(tz: ZoneInfo, moment: datetime) -> Cell:
    local = moment.astimezone(tz)
    return local.isoweekday(), local.hour


def _things(world: World, span: Range, metric: str) -> Iterator[tuple[datetime, object]]:
    """Yield what is counted, once per hour: its time, and what identifies it."""
    if metric == "sessions":
        yield from ((session[0]["event_timestamp"], key) for key, session in world.counted_sessions(span).items())
    elif metric == "orders":
        yield from ((order.ordered_at, order.order_id) for order in world.counted_orders(span))
    else:
        for row in world.counted_events(span):
            yield row["event_timestamp"], row["event_id"] if metric == "events" else world.visitor(row)
