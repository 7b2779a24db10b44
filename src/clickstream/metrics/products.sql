-- Products, categories or brands (the slot `value`): from events in the range that name one, and from the items of orders
-- in the range.
, {shown},
product_counts as (
    select product, sum(events) as events, sum(views) as views, sum(cart_adds) as cart_adds
    from shown
    group by product
),
event_counts as materialized (
    select {value} as value, sum(c.events) as events, sum(c.views) as views, sum(c.cart_adds) as cart_adds
    from product_counts as c
    inner join products as p on c.product = p.id
    where {value} is not null
    group by value
),
sold as materialized (
    select o.id, o.session, o.currency, {value} as value, i.price, i.quantity
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    inner join products as p on i.product = p.id
    where {value} is not null
),
sales as (
    select
        value,
        count(distinct id) as orders,
        cast(round(sum(quantity)) as bigint) as units,
        coalesce(round(sum(price * quantity) filter (currency = $currency), 4), 0) as revenue
    from sold
    group by value
),
figures as materialized (
    select
        coalesce(e.value, s.value) as value,
        coalesce(e.views, 0) as views,
        coalesce(e.cart_adds, 0) as cart_adds,
        coalesce(s.units, 0) as units,
        coalesce(s.orders, 0) as orders,
        coalesce(s.revenue, 0) as revenue
    from event_counts as e
    full join sales as s on e.value = s.value
),
page as materialized (
    select *, row_number() over (order by revenue desc, units desc, views desc, value) as rank
    from figures
    where true {only_values}
    order by rank
    limit $limit offset $offset
),
page_products as materialized (
    select p.id, g.rank
    from page as g
    inner join products as p on g.value = {value}
),
-- What each session did with each value, as bits: 1 = view it, 2 = add it to the cart, 4 = start a checkout after that, 8 =
-- order it.
did as (
    select
        s.session, p.rank,
        cast(s.views > 0 as integer) + 2 * cast(s.cart_adds > 0 as integer) + 4 * cast(s.has_checkout as integer) as bits
    from shown as s
    inner join page_products as p on s.product = p.id
    where s.session is not null
    union all
    select s.session, g.rank, 8
    from sold as s
    inner join page as g on s.value = g.value
    where s.session is not null
),
sets as (
    select session, rank, bit_or(bits) as bits
    from did
    group by session, rank
),
session_counts as (
    select
        rank,
        count(*) filter (bits & 1 <> 0) as view_sessions,
        count(*) filter (bits & 2 <> 0) as cart_sessions,
        count(*) filter (bits & 4 <> 0) as checkout_sessions,
        count(*) filter (bits & 8 <> 0) as order_sessions,
        count(*) filter (bits & 3 = 3) as view_cart_sessions,
        count(*) filter (bits & 12 = 12) as checkout_order_sessions,
        count(*) filter (bits & 9 = 9) as view_order_sessions
    from sets
    group by rank
),
totals as (
    select
        (select coalesce(sum(events), 0) from counted_quarters) as total_events,
        (select coalesce(sum(events), 0) from event_counts) as valued_events,
        (select count(*) from figures) as total_rows,
        (select count(*) from sold) as items
)
select
    t.total_rows, t.total_events, t.valued_events, t.items,
    p.value, p.views, p.cart_adds, p.units, p.orders, p.revenue,
    coalesce(s.view_sessions, 0) as view_sessions,
    coalesce(s.cart_sessions, 0) as cart_sessions,
    coalesce(s.checkout_sessions, 0) as checkout_sessions,
    coalesce(s.order_sessions, 0) as order_sessions,
    coalesce(s.view_cart_sessions, 0) as view_cart_sessions,
    coalesce(s.checkout_order_sessions, 0) as checkout_order_sessions,
    coalesce(s.view_order_sessions, 0) as view_order_sessions
from totals as t
left join page as p on true
left join session_counts as s on p.rank = s.rank
order by p.rank
