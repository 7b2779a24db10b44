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

    def value(self, column: str) -> str:
        """Return SQL for the group of a row."""
        value = value_sql(column)
        if not self.top:
            return value
        names = ", ".join(f"${name}" for name in self.params)
        return f"case when {value} in ({names}) then {value} else '{OTHER}' end"


def split_slots(split: Split | None, event_filters: str) -> dict[str, str]:
    """Return the slots that split rows. By an event's dimension, a session has each value of its matching events."""
    slots = {f"{name}_split": "''" for name in ("event", "order", "session")}
    slots |= {f"{name}_split_join": "" for name in ("event", "quarter", "order", "session")}
    if split is None:
        return slots
    if split.is_of_session:
        value = split.value(f"s.{SESSION_COLUMNS[split.dimension]}")
        join = "left join sessions as s on {} = s.id"
        slots |= {f"{name}_split": value for name in ("event", "order", "session")}
        joined = {"event": "h.session", "quarter": "q.session", "order": "o.session"}
        return slots | {f"{name}_split_join": join.format(key) for name, key in joined.items()}
    column, table, text = EVENT_COLUMNS[split.dimension]
    value, dictionary = split.value(f"d.{text}"), f"inner join {table} as d on h.{column} = d.id"
    groups = sessions_with(event_filters, f"distinct h.session, {value} as split", dictionary)
    return slots | {
        "event_split": value,
        "event_split_join": dictionary,
        "order_split": "g.split",
        "order_split_join": f"inner join ({groups}) as g on o.session = g.session",
        "session_split": "g.split",
        "session_split_join": f"inner join ({groups}) as g on s.id = g.session",
    }


def sessions_with(event_filters: str, columns: str = "h.session", join: str = "") -> str:
    """Return SQL for the sessions with an event, at any time, that passes the event filters."""
    return fill(_SESSIONS_WITH, columns=columns, join=join, event_filters=event_filters)


_SESSIONS_WITH = "select {columns} from hits as h {join} where h.session is not null {event_filters}"
