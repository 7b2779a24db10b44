"""Rows split into groups by one dimension of a session or of an event, as SQL.

In: a `Split`, and the event filters of the question. Out: SQL for the slots of counted.sql and of the time series. A
group has the rows that the same filter would leave: split by an event's dimension, a session (and its orders) is in
the group of each of its events that pass the filters. Values are bound; only constant text is inserted into SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS, value_sql
from clickstream.warehouse.dialects import fill

OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Split:
    """A dimension to split by. top: the values that keep their name, others become `(other)`; None = all values."""

    dimension: str
    top: tuple[str, ...] | None = None

    @property
    def is_of_session(self) -> bool:
        return self.dimension in SESSION_COLUMNS

    @property
    def params(self) -> dict[str, str]:
        return {f"top_{index}": value for index, value in enumerate(self.top or ())}

    def value(self, alias: str) -> str:
        """Return SQL for the group of a row. alias: `e` for an event, `s` for a session."""
        column = {**EVENT_COLUMNS, **SESSION_COLUMNS}[self.dimension]
        value = value_sql(alias, column)
        if not self.top:
            return value
        names = ", ".join(f"${name}" for name in self.params)
        return f"case when {value} in ({names}) then {value} else '{OTHER}' end"


def split_slots(split: Split | None, event_filters: str) -> dict[str, str]:
    """Return the slots that split rows. By an event's dimension, a session has each value of its matching events."""
    names = (
        "event_split",
        "event_split_join",
        "order_split",
        "order_split_join",
        "session_split",
        "session_split_join",
    )
    if split is None:
        return dict(zip(names, ("''", "") * 3, strict=True))
    if split.is_of_session:
        value, join = split.value("s"), "left join population_sessions as s on {}.session_key = s.session_key"
        return dict(zip(names, (value, join.format("e"), value, join.format("o"), value, ""), strict=True))
    columns = f"distinct e.session_key, {split.value('e')} as split"
    join = "inner join ({}) as g on {}.session_key = g.session_key"
    of_order = join.format(sessions_ever_with(event_filters, columns), "o")
    of_session = join.format(sessions_with(event_filters, columns), "s")
    return dict(zip(names, (split.value("e"), "", "g.split", of_order, "g.split", of_session), strict=True))


def sessions_with(event_filters: str, columns: str = "e.session_key") -> str:
    """Return SQL for the sessions with an event that passes the event filters, in the range or after it.

    Sessions that count start in the range, so events before it are not read.
    """
    return fill(_SESSIONS_WITH, {"columns": columns, "event_filters": event_filters})


def sessions_ever_with(event_filters: str, columns: str = "e.session_key") -> str:
    """Return the same for orders: an order's session may have begun before the range, at $first_start or later."""
    return fill(_SESSIONS_EVER_WITH, {"columns": columns, "event_filters": event_filters})


# On one line each: a `)` at the start of a line would end a CTE (texts.py).
_SESSIONS_WITH = (
    "select {columns} from population_events as e"
    " where e.session_key is not null and e.event_timestamp >= $start {event_filters}"
)
_SESSIONS_EVER_WITH = (
    "select {columns} from population_events as e"
    " where e.event_timestamp >= $first_start and e.session_key in ("
    "select session_key from population_orders where ordered_at >= $start and ordered_at < $end) {event_filters}"
)
