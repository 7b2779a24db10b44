"""Rows in groups: by one dimension of a session or of an event, as SQL.

In: a `Split`, and the event filters of the question. Out: the texts that counted.sql and the series have slots for. A
group is what the same filter would leave: split by what its events show, a session (and an order of it) is in each
group it has a passing event of. Values are bound, only texts of this package are written into SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS, value_sql
from clickstream.warehouse.dialects import fill

OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Split:
    """One dimension to split by. `top`: values that keep their name, the others are `(other)`; None = all keep it."""

    dimension: str
    top: tuple[str, ...] | None = None

    @property
    def is_of_session(self) -> bool:
        return self.dimension in SESSION_COLUMNS

    @property
    def params(self) -> dict[str, str]:
        return {f"top_{index}": value for index, value in enumerate(self.top or ())}

    def value(self, alias: str) -> str:
        """The group of a row of `alias` (an event's `e` or a session's `s`) as SQL."""
        column = {**EVENT_COLUMNS, **SESSION_COLUMNS}[self.dimension]
        value = value_sql(alias, column)
        if not self.top:
            return value
        names = ", ".join(f"${name}" for name in self.params)
        return f"case when {value} in ({names}) then {value} else '{OTHER}' end"


def split_slots(split: Split | None, event_filters: str) -> dict[str, str]:
    """How rows are split. Of an event's dimension a session (and so its order) has each value of its passing events."""
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
    """SQL for the sessions that have an event which passes the event filters, in range or after it.

    Sessions that count start in range, so events before it cannot be theirs and are not read.
    """
    passing = f"e.session_key is not null and e.event_timestamp >= $start {event_filters}"
    return fill("select {columns} from population_events as e where {passing}", columns=columns, passing=passing)


def sessions_ever_with(event_filters: str, columns: str = "e.session_key") -> str:
    """The same for orders: the session of one may have begun before the range, at $reach or later."""
    ordered = "select session_key from population_orders where ordered_at >= $start and ordered_at < $end"
    passing = f"e.session_key in ({ordered}) {event_filters}"
    sql = "select {columns} from population_events as e where e.event_timestamp >= $reach and {passing}"
    return fill(sql, columns=columns, passing=passing)
