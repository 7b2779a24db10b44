-- Chooses the rows to expire: those older than $before, the first instant that is kept. A session expires whole, with
-- its last event, so that no session has to be counted again. So does an order with its refunds: while one of their
-- events is kept, all of them are, with their sessions. `seen` and `clients` stay. Out: `expiring`,
-- `expired_counts`.
create temp table kept_orders as
select distinct order_id
from clickstream_events
where order_id is not null and (@is_order(event_name) or @is_refund(event_name))
    and coalesce(raw_hour, event_timestamp) >= $before;

create temp table kept_with_orders as
select event_id, session_key
from clickstream_events
where (@is_order(event_name) or @is_refund(event_name)) and order_id in (select order_id from kept_orders);

create temp table expiring as
select e.event_id, e.event_timestamp, e.session_key
from clickstream_events as e
where coalesce(e.raw_hour, e.event_timestamp) < $before
    and not exists (
        select 1
        from clickstream_events as newer
        where newer.session_key = e.session_key and coalesce(newer.raw_hour, newer.event_timestamp) >= $before
    )
    and e.event_id not in (select event_id from kept_with_orders)
    and coalesce(e.session_key, '') not in (select session_key from kept_with_orders where session_key is not null);

create temp table expired_counts as
select
    (select count(*) from expiring) as events,
    (select count(*) from sessions where session_key in (select session_key from expiring)) as sessions,
    (select count(*) from orders where event_id in (select event_id from expiring)) as orders,
    (select count(*) from duplicates where hour < $before) as duplicates,
    (select count(*) from bad_rows where hour < $before) as bad_rows;
