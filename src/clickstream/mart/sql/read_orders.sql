-- Orders as `new_orders`. rank_at_once: the rank of the event that gave ordered_at among those of its session at this instant.
with carriers as (
    select
        o.order_id, e.event_id = o.event_id as is_carrier,
        row_number() over (partition by o.order_id order by @event_order(e)) as rank_at_once
    from orders as o
    join clickstream_events as e on o.session_key = e.session_key and o.ordered_at = e.event_timestamp
    where {orders}
)
select
    o.order_id, @micros(o.ordered_at) as ordered_at, o.session_key, c.rank_at_once, nullif(o.client_id, '') as client_id,
    nullif(o.user_id, '') as user_id, o.total, coalesce(nullif(o.currency, ''), 'XXX') as currency, o.discount, o.tax,
    o.shipping, nullif(o.coupon, '') as coupon, nullif(o.payment_method, '') as payment_method, o.is_sample, o.is_bot
from orders as o
left join carriers as c on o.order_id = c.order_id and c.is_carrier
where {orders}
