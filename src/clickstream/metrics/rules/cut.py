"""Sessions and orders that continue after as_of, recomputed from their events before it.

In: a cursor, as_of and the sample's condition. Out: `Cut`, the SQL and the parameters that replace the stored rows by
the recomputed ones. These are few (the sessions of one moment), so they are read once per question and bound to each
of its statements: planning the recomputation in every statement cost DuckDB more than counting 5 million events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clickstream.metrics.rules.texts import fill, read_sql, with_needed
from clickstream.warehouse.contract import Cursor, Table

_TYPES = {
    "event_id": "uuid",
    "items_event_id": "uuid",
    "ordered_at": "timestamptz",
    "session_start": "timestamptz",
    "session_end": "timestamptz",
    "total": "@money",
    **dict.fromkeys(("events", "page_views", "orders"), "bigint"),
    **dict.fromkeys(("has_cart", "has_checkout", "is_engaged", "is_bot"), "boolean"),
}
_NONE = {"or_cut_orders": "", "or_cut_sessions": ""}
_IS_CUT = """
    select
        exists (select 1 from sessions where session_start < $as_of and session_end >= $as_of)
        or exists (
            select 1 from clickstream_events
            where event_timestamp >= $as_of
                and order_id is not null
                and event_name in ('checkout_complete', 'order_confirmed')
        )
"""

_FIRST_START = """
    select min(session_start) from sessions where session_key in (select unnest(cast($keys as text[])))
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """slots: SQL for counted.sql, empty where as_of cuts nothing. params: the values that it binds."""

    slots: Mapping[str, str] = field(default_factory=lambda: _NONE)
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.params


def read_cut(cursor: Cursor, as_of: datetime, sample: str) -> Cut:
    """Recompute the sessions and orders that `as_of` cuts. sample: the condition on sample rows, as in counted.sql."""
    if not cursor.scalar(_IS_CUT, {"as_of": as_of}):
        return Cut()
    rules = fill(read_sql("rules/cut.sql"), {"sample": sample})

    def rows_of(cte: str, **params: Any) -> Table:
        sql = with_needed(rules, fill("select * from {cte}", {"cte": cte}))
        return cursor.fetch(sql, {"as_of": as_of, **params})

    orders, order_params = _replacement("cut_orders", rows_of("cut_orders"), rows_of("cut_order_ids"))
    keys = rows_of("cut_session_keys")
    # Events before the start of the first of these sessions need not be read.
    since = cursor.scalar(_FIRST_START, {"keys": [row[0] for row in keys.rows]})
    sessions, session_params = _replacement("cut_sessions", rows_of("cut_sessions", since=since or as_of), keys)
    return Cut({"or_cut_orders": orders, "or_cut_sessions": sessions}, {**order_params, **session_params})


def _replacement(name: str, recomputed: Table, keys: Table) -> tuple[str, dict[str, Any]]:
    """Return SQL that leaves out the stored rows of `keys` and adds the recomputed ones, and the values it binds."""
    (key,), left_out = keys.columns, f"{name}_left_out"
    params = {left_out: [row[0] for row in keys.rows]}
    columns = []
    for index, column in enumerate(recomputed.columns):
        params[f"{name}_{column}"] = [row[index] for row in recomputed.rows]
        columns.append(f"unnest(cast(${name}_{column} as {_TYPES.get(column, 'text')}[]))")
    where = f"and {key} not in (select unnest(cast(${left_out} as text[])))"
    return f"{where}\n    union all\n    select {', '.join(columns)}", params
