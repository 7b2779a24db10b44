-- Products, categories or brands: from events in the range that name one (the slot `value`), and from the items of
-- orders in the range (the slot `item_value`).
, named as not materialized (
    select e.*, {value} as value
    from counted_events as e
),
valued as not materialized (
    select *
    from named
    where value is not null
),
event_counts as (
    select
        value,
        count(*) as events,
        count(case when event_name = 'product_view' then 1 end) as views,
        count(case when event_name = 'add_to_cart_click' then 1 end) as cart_adds
    from named
    group by value
),
sold as materialized (
    select o.order_id, o.session_key, o.currency, {item_value} as value, i.price, i.quantity
    from counted_orders as o
    inner join order_lines as i on o.items_event_id = i.event_id
    where {item_value} is not null
),
sales as (
    select
        value,
        count(distinct order_id) as orders,
        cast(round(sum(quantity), 0) as bigint) as units,
        coalesce(round(sum(
            case when coalesce(nullif(currency, ''), 'XXX') = cast($currency as text) then price * quantity end
        ), 4), 0) as revenue
    from sold
    group by value
),
figures as (
    select
        coalesce(e.value, s.value) as value,
        coalesce(e.views, 0) as views,
        coalesce(e.cart_adds, 0) as cart_adds,
        coalesce(s.units, 0) as units,
        coalesce(s.orders, 0) as orders,
        coalesce(s.revenue, 0) as revenue
    from (select * from event_counts where value is not null) as e
    full join sales as s on e.value = s.value
),
page as (
    select *
    from figures
    where true {only_values}
    order by revenue desc, units desc, views desc, value collate "C"
    limit $limit offset $offset
),
on_page as materialized (
    select session_key, value, event_name, event_timestamp, received_at, raw_object, raw_line, event_id
    from valued
    where
        session_key is not null
        and event_name in ('product_view', 'add_to_cart_click')
        and value in (select value from page)
),
-- A checkout names no product: it counts for every product that was added to the cart before it in the same session.
cart_events as (
    select session_key, value, event_timestamp, received_at, raw_object, raw_line, event_id, 0 as is_checkout
    from on_page
    where event_name = 'add_to_cart_click'
    union all
    select session_key, null, event_timestamp, received_at, raw_object, raw_line, event_id, 1
    from population_events
    where
        event_name = 'checkout_start'
        and session_key is not null
        and event_timestamp >= $start
        and event_timestamp < $end
),
numbered as (
    select
        session_key, value, is_checkout,
        row_number() over (
            partition by session_key
            order by
                event_timestamp, received_at nulls last, raw_object collate "C" nulls last, raw_line nulls last,
                event_id
        ) as rank
    from cart_events
),
checked_out as (
    select a.session_key, a.value
    from numbered as a
    inner join numbered as c on a.session_key = c.session_key
    where a.is_checkout = 0 and c.is_checkout = 1
    group by a.session_key, a.value
    having min(a.rank) < max(c.rank)
),
-- What each session did with each value: view it, add it to the cart, start a checkout after that, order it.
sets as (
    select
        session_key, value,
        max(has_view) as has_view, max(has_cart) as has_cart, max(has_checkout) as has_checkout,
        max(has_order) as has_order
    from (
        select
            session_key, value,
            case when event_name = 'product_view' then 1 else 0 end as has_view,
            case when event_name = 'add_to_cart_click' then 1 else 0 end as has_cart,
            0 as has_checkout,
            0 as has_order
        from on_page
        union all
        select session_key, value, 0, 0, 1, 0
        from checked_out
        union all
        select session_key, value, 0, 0, 0, 1
        from sold
        where session_key is not null
    ) as did
    group by session_key, value
),
session_counts as (
    select
        value,
        sum(has_view) as view_sessions,
        sum(has_cart) as cart_sessions,
        sum(has_checkout) as checkout_sessions,
        sum(has_order) as order_sessions,
        sum(has_view * has_cart) as view_cart_sessions,
        sum(has_checkout * has_order) as checkout_order_sessions,
        sum(has_view * has_order) as view_order_sessions
    from sets
    group by value
),
totals as (
    select
        cast(coalesce(sum(events), 0) as bigint) as total_events,
        cast(coalesce(sum(case when value is not null then events end), 0) as bigint) as valued_events,
        (select count(*) from figures) as total_rows,
        (select count(*) from sold) as items
    from event_counts
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
order by p.revenue desc, p.units desc, p.views desc, p.value collate "C"
