-- Pairs of products of the orders in the range. A basket is an order with its distinct product ids.
, items as materialized (
    select distinct o.id, p.product_id
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    inner join products as p on i.product = p.id
    where p.product_id is not null
),
sizes as (
    select id, count(*) as products
    from items
    group by id
),
baskets as materialized (
    select i.*
    from items as i
    inner join sizes as s on i.id = s.id
    where s.products <= $max_products
),
bought as (
    select product_id, count(*) as orders
    from baskets
    group by product_id
),
pairs_bought as materialized (
    select a.product_id as product_a, b.product_id as product_b, count(*) as orders
    from baskets as a
    inner join baskets as b on a.id = b.id and a.product_id < b.product_id
    group by a.product_id, b.product_id
    having count(*) >= $min_orders
),
totals as (
    select
        count(*) filter (products <= $max_products) as baskets,
        count(*) filter (products > $max_products) as large_orders,
        (select count(*) from pairs_bought) as total_rows
    from sizes
),
page as (
    select *
    from pairs_bought
    order by orders desc, product_a, product_b
    limit $limit offset $offset
)
select t.*, p.*, a.orders as orders_a, b.orders as orders_b
from totals as t
left join page as p on true
left join bought as a on p.product_a = a.product_id
left join bought as b on p.product_b = b.product_id
order by p.orders desc, p.product_a, p.product_b
