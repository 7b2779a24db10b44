"""Which numbers would change if the shadow's rows replaced the live ones, and why.

In: a cursor of the live warehouse, with a complete shadow beside it, both loaded from the same objects. Out: plain JSON
values: figures that differ (before, after); events that were added, removed or changed, with the columns that differ
and an example of each kind; rows of other tables that differ; and the settings and code versions that differ.
Guarantee: `same` is true only if `--apply` would change no value of any table that it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

import clickstream
from clickstream.etl.repair.swap import REPLACED
from clickstream.warehouse.contract import SHADOW, Cursor
from clickstream.warehouse.dialects import fill

EXAMPLES = 5
KINDS = 20
_RAW_EVENTS = "{at}clickstream_events where raw_object is not null"
_ITEMS = "from {at}orders as o join {at}order_lines as l on l.event_id = o.items_event_id"

FIGURES: Mapping[str, str] = {
    "raw objects": "select '', count(*) from {at}raw_objects",
    "events": "select '', count(*) from {events}",
    "events by day (UTC) and name": "select concat(cast(event_timestamp as date), ' ', event_name), count(*) "
    "from {events} group by 1",
    "page views": "select '', count(*) from {events} and is_page_view",
    "events of bots": "select '', count(*) from {events} and is_bot",
    "duplicates": "select '', count(*) from {at}duplicates",
    "bad rows by reason": "select reason, count(*) from {at}bad_rows group by reason",
    "erased lines": "select '', count(*) from {at}erased",
    "visitors": "select '', count(distinct coalesce(e.user_id, c.first_user_id, e.client_id)) "
    "from {at}clickstream_events as e left join {at}clients as c on c.client_id = e.client_id",
    "pairs of client and user": "select '', count(*) from {at}seen",
    "sessions": "select '', count(*) from {at}sessions",
    "sessions by channel": "select coalesce(channel, '-'), count(*) from {at}sessions group by 1",
    "engaged sessions": "select '', count(*) from {at}sessions where is_engaged",
    "sessions of bots": "select '', count(*) from {at}sessions where is_bot",
    "sessions with a cart": "select '', count(*) from {at}sessions where has_cart",
    "sessions with a check-out": "select '', count(*) from {at}sessions where has_checkout",
    "sessions with an order": "select '', count(*) from {at}sessions where orders > 0",
    "key events": "select '', coalesce(sum(key_events), 0) from {at}sessions",
    "time in sessions (s)": "select '', coalesce(sum((@micros(session_end) - @micros(session_start)) * 0.000001), 0) "
    "from {at}sessions",
    "orders": "select '', count(*) from {at}orders",
    "revenue by currency": "select coalesce(currency, '-'), sum(total) from {at}orders where total is not null "
    "group by 1",
    "refunds": "select '', count(*) from {at}refunds",
    "refunds by currency": "select currency, sum(amount) from {at}refunds where amount is not null group by 1",
    "units": f"select '', coalesce(sum(l.quantity), 0) {_ITEMS}",
    "item revenue by currency": f"select coalesce(o.currency, '-'), sum(l.price * l.quantity) {_ITEMS} "
    "where l.price * l.quantity is not null group by 1",
}
"""Name -> SQL for (key, value). `{at}` is the prefix of each table, `{events}` the events that have a raw object."""


def compare(cursor: Cursor, columns: Sequence[str], settings: Mapping[str, str], first: date | None) -> dict[str, Any]:
    """Return what changes, and why.

    settings: what the shadow was loaded with. first: the first day that was read again; None for all.
    """
    moves = list(_moves(cursor))
    rows = _row_changes(cursor, columns)
    tables = [found for table in REPLACED if (found := _table_changes(cursor, table)) is not None]
    return {
        "same": not (moves or tables or rows["only_before"] or rows["only_after"] or rows["changed"]),
        "moves": moves,
        "events": rows,
        "tables": tables,
        "reasons": _reasons(cursor, settings, first),
    }


def _moves(cursor: Cursor) -> list[dict[str, Any]]:
    moves = []
    for name, sql in FIGURES.items():
        before, after = (
            dict(cursor.fetch(fill(sql, at=at, events=fill(_RAW_EVENTS, at=at))).rows) for at in ("", f"{SHADOW}.")
        )
        for key in sorted(before.keys() | after.keys()):
            values = before.get(key, 0), after.get(key, 0)
            if values[0] != values[1]:
                moves.append({"figure": name, "of": key, "before": _plain(values[0]), "after": _plain(values[1])})
    return moves


def _table_changes(cursor: Cursor, table: str) -> dict[str, Any] | None:
    """Count the rows that only one side has, repeated rows included. The load number is not compared."""
    found = cursor.fetch(fill("select * from {table} limit 0", table=table)).columns
    sql = fill(
        """
        select coalesce(sum(greatest(copies, 0)), 0), coalesce(sum(greatest(-copies, 0)), 0)
        from (
            select sum(side) as copies
            from (
                select {columns}, 1 as side from {table}
                union all
                select {columns}, -1 as side from {shadow}.{table}
            ) as both_sides
            group by {columns}
            having sum(side) <> 0
        ) as differing
        """,
        columns=", ".join(name for name in found if name != "load_id"),
        table=table,
        shadow=SHADOW,
    )
    ((before, after),) = cursor.fetch(sql).rows
    return {"table": table, "only_before": int(before), "only_after": int(after)} if before or after else None


def _row_changes(cursor: Cursor, columns: Sequence[str]) -> dict[str, Any]:
    live, shadow = "clickstream_events", f"{SHADOW}.clickstream_events"
    differ = {name: f"l.{name} is distinct from r.{name}" for name in columns if name != "event_id"}
    names = ", ".join(f"case when {sql} then ' {name}' else '' end" for name, sql in differ.items())
    cursor.execute(
        fill(
            "create temp table moved as select l.event_id, concat({names}) as columns "
            "from {live} as l join {shadow} as r on r.event_id = l.event_id "
            "where r.raw_object is not null and ({differ})",
            names=names,
            live=live,
            shadow=shadow,
            differ=" or ".join(differ.values()),
        )
    )
    kinds = cursor.fetch(
        "select columns, count(*) as events, min(cast(event_id as text)) as example from moved "
        "group by columns order by events desc, columns limit $kinds",
        {"kinds": KINDS},
    ).rows
    only_before, only_after = (_only_in(cursor, *pair) for pair in ((live, shadow), (shadow, live)))
    return {
        "only_before": only_before[0],
        "only_after": only_after[0],
        "changed": int(cursor.scalar("select count(*) from moved")),
        "examples_before": only_before[1],
        "examples_after": only_after[1],
        "kinds": [
            {"columns": text.split(), "events": events, "example": _example(cursor, text.split(), example)}
            for text, events, example in kinds
        ],
    }


def _only_in(cursor: Cursor, here: str, there: str) -> tuple[int, list[str]]:
    """Return how many events of raw objects only one side has, and the ids of some of them."""
    source = fill(
        "from {here} as a where raw_object is not null "
        "and not exists (select 1 from {there} as b where b.event_id = a.event_id)",
        here=here,
        there=there,
    )
    count = int(cursor.scalar(f"select count(*) {source}"))
    if not count:
        return 0, []
    rows = cursor.fetch(f"select cast(event_id as text) {source} order by event_id limit {EXAMPLES}").rows
    return count, [row[0] for row in rows]


def _example(cursor: Cursor, columns: Sequence[str], event_id: str) -> dict[str, Any]:
    """Return one event's values before and after, in the columns that differ."""
    values = []
    for at in ("", f"{SHADOW}."):
        sql = "select {columns} from {at}clickstream_events where event_id = cast($id as uuid)"
        sql = fill(sql, columns=", ".join(columns), at=at)
        values.append({name: _plain(value) for name, value in cursor.fetch(sql, {"id": event_id}).dicts()[0].items()})
    return {"event_id": event_id, "before": values[0], "after": values[1]}


def _reasons(cursor: Cursor, settings: Mapping[str, str], first: date | None) -> list[dict[str, Any]]:
    """Return the settings and code versions of the live objects that differ from those of the shadow."""
    loads = cursor.fetch(
        """
        select code, settings, count(*) from loads
        where load_id in (select load_id from raw_objects where day >= $first)
        group by code, settings
        """,
        {"first": first or date(1, 1, 1)},
    ).rows
    now = {"code": clickstream.__version__, **settings}
    before: dict[str, dict[str, int]] = {}
    for code, text, count in loads:
        for name, value in {"code": code, **msgspec.json.decode(text)}.items():
            values = before.setdefault(name, {})
            values[str(value)] = values.get(str(value), 0) + count
    return [
        {"what": name, "before": sorted(before.get(name, {})), "after": now.get(name)}
        for name in sorted(now.keys() | before.keys())
        if set(before.get(name, ())) - {str(now.get(name))} or (loads and name not in before)
    ]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return int(value) if value == whole else str(value.normalize())
    return str(value)
