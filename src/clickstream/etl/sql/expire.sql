-- Rows older than the first day that is kept leave the warehouse. A session goes whole, when its last event
-- goes: what is left needs no counting anew. An order goes as a whole too: as long as one event that tells of it is young,
-- all of them stay, with their sessions. `seen`, `clients` and the daily counts stay.
create temp table kept_orders as
select distinct order_id
from clickstream_events
where order_id is not null and event_name in ('checkout_complete', 'order_confirmed')
    and coalesce(raw_hour, event_timestamp) >= $before;

create temp table kept_with_orders as
select event_id, session_key
from clickstream_events
where event_name in ('checkout_complete', 'order_confirmed') and order_id in (select order_id from kept_orders);

create temp table doomed as
select e.event_id, e.session_key
from clickstream_events as e
where coalesce(e.raw_hour, e.event_timestamp) < $before
    and not exists (
        select 1
        from clickstream_events as young
        where young.session_key = e.session_key and coalesce(young.raw_hour, young.event_timestamp) >= $before
    )
    and e.event_id not in (select event_id from kept_with_orders)
    and coalesce(e.session_key, '') not in (select session_key from kept_with_orders where session_key is not null);

create temp table expired_counts as
select
    (select count(*) from doomed) as events,
    (select count(*) from sessions where session_key in (select session_key from doomed)) as sessions,
    (select count(*) from orders where event_id in (select event_id from doomed)) as orders,
    (select count(*) from duplicates where hour < $before) as duplicates,
    (select count(*) from bad_rows where hour < $before) as bad_rows;
