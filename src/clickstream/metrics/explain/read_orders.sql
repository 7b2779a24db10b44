-- Orders, each with the raw line of the event that carries it.
select
    @micros(o.ordered_at) as moment, o.order_id as key, 0 as earlier,
    o.ordered_at, o.order_id, coalesce(o.user_id, o.client_id) as visitor, cast(o.total as decimal(18, 4)) as total,
    o.currency, o.browser_at, o.server_at, o.is_bot, e.raw_object, e.raw_line
from orders as o
left join clickstream_events as e
    on o.event_id = e.event_id
    and e.event_timestamp >= cast($first as timestamptz)
    and e.event_timestamp <= cast($last as timestamptz)
where o.order_id in (select unnest(cast($keys as text[])))
