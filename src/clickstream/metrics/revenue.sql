-- Orders, and refunds of orders, by a value of the order. Amounts are those in the currencies that the slot `shown` allows.
-- Units are those of each order's items, with or without an order total.
, first_orders as (
    select first(id order by ordered_at, order_id) as id
    from population_orders
    where visitor is not null
    group by visitor
),
placed as materialized (
    select o.*, {value} as value
    from counted_orders as o
),
given_back as materialized (
    select r.amount, r.currency, {refund_value} as value
    from counted_refunds as r
    left join orders as o on r.order_number = o.id
),
paid as (
    select
        value, count(*) as orders, count(total) filter ({shown}) as orders_with_total,
        sum(total) filter ({shown}) as revenue, sum(discount) filter ({shown}) as discount,
        sum(tax) filter ({shown}) as tax, sum(shipping) filter ({shown}) as shipping
    from placed
    group by value
),
refunded as (
    select value, sum(amount) filter ({shown}) as refunds
    from given_back
    group by value
),
sold as (
    select o.value, sum(i.quantity) as units
    from placed as o
    inner join order_items as i on o.id = i.order_number
    group by o.value
),
figures as (
    select
        coalesce(p.value, r.value) as value, coalesce(p.orders, 0) as orders,
        coalesce(p.orders_with_total, 0) as orders_with_total, p.revenue, p.discount, p.tax, p.shipping, r.refunds,
        cast(round(coalesce(s.units, 0)) as bigint) as units
    from paid as p
    full join refunded as r on p.value = r.value
    left join sold as s on p.value = s.value
),
page as (
    select *
    from figures
    where true {only_values}
    order by orders desc, value
    limit $limit offset $offset
)
select
    (select count(*) from figures) as total_rows,
    (select count(*) from placed) as total_orders,
    (select count(*) from given_back) as total_refunds,
    p.*
from (select 1 as one) as t
left join page as p on true
order by p.orders desc, p.value
