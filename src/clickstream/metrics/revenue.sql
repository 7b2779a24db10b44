-- Orders by currency. Units are those of each order's items, with or without an order total.
, sold as (
    select o.currency, sum(i.quantity) as units
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    group by o.currency
),
paid as (
    select currency, count(*) as orders, count(total) as orders_with_total, sum(total) as revenue
    from counted_orders
    group by currency
),
page as (
    select p.*, cast(round(coalesce(s.units, 0)) as bigint) as units
    from paid as p
    left join sold as s on p.currency = s.currency
    where true {only_values}
    order by p.orders desc, p.currency
    limit $limit offset $offset
)
select
    (select count(*) from paid) as total_rows,
    (select coalesce(sum(orders), 0) from paid) as total_orders,
    p.*
from (select 1 as one) as t
left join page as p on true
order by p.orders desc, p.currency
