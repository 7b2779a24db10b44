-- Facts. The first 16 columns are a contract with other clients of the warehouse: names, order and types stay.
create table clickstream_events (
    event_id uuid not null,
    event_timestamp timestamptz not null,
    event_name @text not null,
    user_id @text,
    user_login_state @text,
    identity_source @text,
    client_id @text,
    session_id @text,
    is_first_visit boolean,
    context_product_id @text,
    context_product_name @text,
    context_product_category @text,
    context_product_brand @text,
    context_product_price @money,
    context_product_discount_price @money,
    context_product_url_path @text,
    -- what happened
    product_currency @text,
    page_url @text,
    page_path @text,
    page_title @text,
    referrer @text,
    country @text,
    element_tag @text,
    element_id @text,
    element_role @text,
    element_text @text,
    element_dataset @text,
    order_id @text,
    order_total @money,
    order_currency @text,
    order_items @text,
    properties @text,
    -- derived by the load
    session_key @text,
    is_page_view boolean default false,
    is_sample boolean default false,
    -- clocks (RULES of time: docs/decisions/0004-clocks.md)
    created_at timestamptz,
    sent_at timestamptz,
    received_at timestamptz,
    event_timestamp_source @text,
    -- where the row came from
    source_event_id @text,
    field_errors @text,
    raw_object @text,
    raw_line integer,
    raw_hour timestamptz,
    load_id bigint
);

-- One row per loaded object, written in the same transaction as its rows.
create table raw_objects (
    name @text not null,
    day date not null,
    kind @text not null,
    hour timestamptz not null,
    lines bigint not null,
    load_id bigint not null
);

-- Lines that carried an event_id which another line had already, or has with a smaller (received_at, object, line).
create table duplicates (
    event_id uuid not null,
    object @text not null,
    line integer not null,
    hour timestamptz not null,
    received_at timestamptz not null
);

-- Lines that are not events: kept with the reason and the original bytes (null where the object ended early).
create table bad_rows (
    object @text not null,
    line integer not null,
    hour timestamptz not null,
    reason @text not null,
    original @bytes,
    load_id bigint not null
);

-- Lines that were replaced by a receipt when a person was erased.
create table erased (
    object @text not null,
    line integer not null,
    hour timestamptz not null,
    receipt @text
);

-- One row per transaction of the loader. `code` and `settings` are what the rows depend on besides the raw objects.
create table loads (
    load_id bigint not null,
    loaded_at timestamptz not null,
    objects bigint not null,
    lines bigint not null,
    code @text not null,
    settings @text not null
);

-- The name up to which all objects of a day and kind are loaded; it never passes start of pass - 300 s.
create table watermarks (
    day date not null,
    kind @text not null,
    name @text not null
);

-- Days that were listed whole after their end: nothing is looked for there any more.
create table closed_days (
    day date not null,
    closed_at timestamptz not null
);

-- One row: the start of the last pass that ran to its end.
create table passes (
    started_at timestamptz not null
);

create table sessions (
    session_key @text not null,
    client_id @text,
    session_id @text,
    user_id @text,
    session_start timestamptz not null,
    session_end timestamptz not null,
    events bigint not null,
    page_views bigint not null,
    key_events bigint not null,
    entry_page @text,
    exit_page @text,
    country @text,
    is_sample boolean not null
);

-- The first user id that each client ever showed, with the place in event order of the event that showed it.
create table clients (
    client_id @text not null,
    first_user_id @text not null,
    event_timestamp timestamptz not null,
    received_at timestamptz,
    object @text,
    line integer,
    event_id uuid not null
);

-- When each pair of client and user was first seen, over all data; survives the expiry of old events.
-- The columns after first_is_first_visit complete that event's place in event order.
create table seen (
    client_id @text,
    user_id @text,
    first_seen_at timestamptz not null,
    first_is_first_visit boolean,
    received_at timestamptz,
    object @text,
    line integer,
    event_id uuid
);

-- What became of every line, by hour of the object's name. `accepted` and `pending` need a listing: `clickstream check`.
create view ledger as
select
    hour,
    sum(loaded) as loaded,
    sum(duplicate) as duplicate,
    sum(bad) as bad,
    sum(erased) as erased
from (
    select raw_hour as hour, count(*) as loaded, 0 as duplicate, 0 as bad, 0 as erased
    from clickstream_events
    where raw_object is not null
    group by raw_hour
    union all
    select hour, 0, count(*), 0, 0 from duplicates group by hour
    union all
    select hour, 0, 0, count(*), 0 from bad_rows group by hour
    union all
    select hour, 0, 0, 0, count(*) from erased group by hour
) as counted
group by hour;
