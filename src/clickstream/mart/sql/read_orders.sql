-- Orders as `new_orders`.
select
    o.order_id, @micros(o.ordered_at) as ordered_at, o.session_key, nullif(o.client_id, '') as client_id,
    nullif(o.user_id, '') as user_id, o.total, coalesce(nullif(o.currency, ''), 'XXX') as currency, o.is_sample, o.is_bot
from orders as o
where {orders}
