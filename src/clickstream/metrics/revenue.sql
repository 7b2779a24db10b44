-- Orders by currency. Units are those of each order's items, with or without an order total.
, order_rows as (
    select order_id, items_event_id, total, coalesce(nullif(currency, ''), 'XXX') as currency
    from counted_orders
),
sold as (
    select o.currency, sum(l.quantity) as units
    from order_rows as o
    inner join order_lines as l on o.items_event_id = l.event_id
    group by o.currency
),
paid as (
    select currency, count(*) as orders, count(total) as orders_with_total, sum(total) as revenue
    from order_rows
    group by currency
),
page as (
    select p.*, cast(round(coalesce(s.units, 0), 0) as bigint) as units
    from paid as p
    left join sold as s on p.currency = s.currency
    where true {only_values}
    order by p.orders desc, p.currency collate "C"
    limit $limit offset $offset
)
select
    (select count(*) from paid) as total_rows,
    (select count(*) from order_rows) as total_orders,
    p.*
from (select 1 as one) as t
left join page as p on true
order by p.orders desc, p.currency collate "C"
