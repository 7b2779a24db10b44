-- Products, categories or brands (the slot `value`): from events in the range that name one, and from the items of orders
-- in the range.
, shown as (
    {shown}
),
event_counts as (
    select {value} as value, sum(s.events) as events, sum(s.views) as views, sum(s.cart_adds) as cart_adds
    from shown as s
    inner join products as p on s.product = p.id
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
    from (from event_counts where value is not null) as e
    full join sales as s on e.value = s.value
),
page as materialized (
    select *
    from figures
    where true {only_values}
    order by revenue desc, units desc, views desc, value
    limit $limit offset $offset
),
-- What each session did with each value: view it, add it to the cart, start a checkout after that, order it.
did as (
    select
        s.session, {value} as value, s.views > 0 as has_view, s.cart_adds > 0 as has_cart, s.has_checkout,
        false as has_order
    from shown as s
    inner join products as p on s.product = p.id
    where s.session is not null and (s.views > 0 or s.cart_adds > 0) and {value} in (select value from page)
    union all
    select session, value, false, false, false, true
    from sold
    where session is not null and value in (select value from page)
),
sets as (
    select
        session, value,
        bool_or(has_view) as has_view, bool_or(has_cart) as has_cart, bool_or(has_checkout) as has_checkout,
        bool_or(has_order) as has_order
    from did
    group by session, value
),
session_counts as (
    select
        value,
        count(*) filter (has_view) as view_sessions,
        count(*) filter (has_cart) as cart_sessions,
        count(*) filter (has_checkout) as checkout_sessions,
        count(*) filter (has_order) as order_sessions,
        count(*) filter (has_view and has_cart) as view_cart_sessions,
        count(*) filter (has_checkout and has_order) as checkout_order_sessions,
        count(*) filter (has_view and has_order) as view_order_sessions
    from sets
    group by value
),
totals as (
    select
        (select coalesce(sum(events), 0) from counted_quarters) as total_events,
        (select coalesce(sum(events), 0) from event_counts where value is not null) as valued_events,
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
left join session_counts as s on p.value = s.value
order by p.revenue desc, p.units desc, p.views desc, p.value
