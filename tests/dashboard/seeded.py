"""A small shop's rows, inserted directly into the warehouse: every number on screen can be checked by hand.

Ten days, 1 to 10 March 2026, two sessions a day: one from DE, one from PL. Each session has a page view and views of
two products: three events, 60 s apart. The screen shows 20 visitors, 20 sessions, 60 events.
"""

from __future__ import annotations

from datetime import UTC, datetime

from clickstream.warehouse.duckdb import DuckCursor, DuckWarehouse

FIRST = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
LAST_PASS = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # now, by the clock of the tests

_EVENTS = """
insert into clickstream_events (event_id, event_timestamp, event_name, client_id, session_id, session_key, country,
    context_product_id, context_product_category, is_page_view, is_sample, received_at, load_id)
select uuid(), $first + to_days(cast(day as integer)) + to_minutes(minute), name, country || day, country || day,
    country || day, country, product, category, name = 'page_view', $sample, $first, 1
from range(10) as days (day)
cross join (values
    ('DE', 0, 'page_view', null, null),
    ('DE', 1, 'product_view', 'A1', 'trousers'),
    ('DE', 2, 'product_view', 'B1', 'skirts'),
    ('PL', 0, 'page_view', null, null),
    ('PL', 1, 'product_view', 'A1', 'trousers'),
    ('PL', 2, 'product_view', 'C1', 'sale')
) as visit (country, minute, name, product, category)
"""
_SESSIONS = """
insert into sessions (session_key, client_id, session_id, session_start, session_end, events, page_views, key_events,
    country, is_sample, load_id)
select session_key, session_key, session_key, min(event_timestamp), max(event_timestamp), count(*), 1, 0,
    any_value(country), $sample, 1
from clickstream_events
group by session_key
"""
_SEEN = "insert into seen (client_id, first_seen_at, load_id) select client_id, session_start, 1 from sessions"
_CLICK = """
insert into clickstream_events (event_id, event_timestamp, event_name, is_sample, received_at, load_id)
values (uuid(), $at, 'click', false, $at, $load)
"""


def seed(warehouse: DuckWarehouse, is_sample: bool = False) -> None:
    """Insert the ten days as load 1."""
    with warehouse.transaction() as cursor:
        cursor.execute(_EVENTS, {"first": FIRST, "sample": is_sample})
        cursor.execute(_SESSIONS, {"sample": is_sample})
        cursor.execute(_SEEN)
        put_load(cursor, 1, FIRST)
        cursor.execute("insert into passes values ($at)", {"at": LAST_PASS})


def put_click(warehouse: DuckWarehouse, at: datetime, load_id: int) -> None:
    """Insert one more event, without a client, as another load."""
    with warehouse.transaction() as cursor:
        cursor.execute(_CLICK, {"at": at, "load": load_id})
        put_load(cursor, load_id, at)


def put_load(cursor: DuckCursor, load_id: int, at: datetime) -> None:
    """Insert a load."""
    cursor.execute("insert into loads values ($load, $at, 1, 1, 'test', '{}')", {"load": load_id, "at": at})
