"""The columns of an event, declared once: what the load writes into `clickstream_events`, and how it is computed.

Out: lists of columns that the SQL of a load names as slots (etl/sql). The tables themselves are made by
warehouse/schema, whose files never change once they are released; tests/etl/test_columns.py holds that both agree.
To add a column: a schema file, a line here, and in etl/sql/parse.sql how it is read from the event.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column. value: SQL over the rows of events.sql; default, the value of the same name.

    is_key: the rules of a load (duplicates, sessions, orders, visitors) read it, so it is in `incoming` too. `incoming`
    is narrow because those rules sort and join it.
    """

    name: str
    value: str = ""
    is_key: bool = False


EVENT_COLUMNS = (
    Column("event_id", "coalesce(event_id, uuid5(concat(object, ':', line)))", is_key=True),
    Column(
        "event_timestamp", "make_timestamptz(case when is_believed then happened_us else received_us end)", is_key=True
    ),
    Column("event_name", is_key=True),
    Column("user_id", is_key=True),
    Column("user_login_state", is_key=True),
    Column("identity_source"),
    Column("client_id", is_key=True),
    Column("session_id", is_key=True),
    Column("is_first_visit", is_key=True),
    Column("context_product_id"),
    Column("context_product_name"),
    Column("context_product_category"),
    Column("context_product_brand"),
    Column("context_product_price"),
    Column("context_product_discount_price"),
    Column("context_product_url_path"),
    Column("product_currency"),
    Column("page_url"),
    Column("page_path", is_key=True),
    Column("page_title"),
    Column("referrer"),
    Column("country", is_key=True),
    Column("element_tag"),
    Column("element_id"),
    Column("element_role"),
    Column("element_text"),
    Column("element_dataset"),
    Column("order_id", is_key=True),
    Column("order_total"),
    Column("order_currency"),
    Column("order_items"),
    Column("properties"),
    Column("is_sample", is_key=True),
    Column("created_at", "make_timestamptz(created_us)"),
    Column("sent_at", "make_timestamptz(sent_us)"),
    Column("received_at", "make_timestamptz(received_us)", is_key=True),
    Column(
        "event_timestamp_source",
        "case when not is_believed then 'received' when happened_us = created_us then 'client' else 'corrected' end",
    ),
    Column("source_event_id"),
    Column(
        "field_errors",
        "nullif(concat_ws(',', field_errors, case when is_impossible then 'createdAt' end, "
        "case when has_wrong_items then 'order.items' end), '')",
    ),
    Column("raw_object", "object", is_key=True),
    Column("raw_line", "line", is_key=True),
    Column("raw_hour", "hour", is_key=True),
    Column("device_type", is_key=True),
    Column("browser", is_key=True),
    Column("os", is_key=True),
    Column("bot_score"),
    Column("bot_reasons"),
    Column("is_bot", is_key=True),
    Column("source", is_key=True),
    Column("medium", is_key=True),
    Column("campaign", is_key=True),
    Column("channel", is_key=True),
    Column("referrer_domain", is_key=True),
    Column("order_discount"),
    Column("order_tax"),
    Column("order_shipping"),
    Column("order_coupon"),
    Column("order_payment_method"),
    Column("order_refund_id"),
    Column("search_term"),
    Column("search_results"),
)
LOAD_COLUMNS = ("session_key", "is_page_view", "load_id")
"""Columns that the load itself adds: they are not known before the row stands among the others of its session."""

KEY_COLUMNS = ", ".join(
    (
        "row_number",
        "page_url is not null as has_page",
        "bot_score is not null as is_rated",
        *(column.name for column in EVENT_COLUMNS if column.is_key),
    )
)
"""What `incoming` holds of `new_events`."""

SLOTS = {
    "event_columns": ", ".join(column.name for column in EVENT_COLUMNS),
    "event_values": ", ".join(f"{column.value or column.name} as {column.name}" for column in EVENT_COLUMNS),
    # The stream into DuckDB has no UUIDs: event ids arrive as text.
    "new_event_columns": "cast(n.event_id as uuid), " + ", ".join(f"n.{column.name}" for column in EVENT_COLUMNS[1:]),
    "key_columns": KEY_COLUMNS,
}
"""Lists of columns for the templates of a load."""
