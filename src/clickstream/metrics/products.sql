-- Products, or their categories or brands (the slot `value`), by events in range that name one.
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
    from valued
    group by value
),
page as (
    select *
    from event_counts
    where true {only_values}
    order by views desc, value collate "C"
    limit $limit offset $offset
),
on_page as not materialized (
    select *
    from valued
    where session_key is not null and value in (select value from page)
),
sets as (
    select
        session_key, value,
        max(case when event_name = 'product_view' then 1 else 0 end) as has_view,
        max(case when event_name = 'add_to_cart_click' then 1 else 0 end) as has_cart
    from on_page
    where event_name in ('product_view', 'add_to_cart_click')
    group by session_key, value
),
-- A checkout names no product: it belongs to what was put into the cart before it, in the same session.
steps as (
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
        ) as place
    from steps
),
checked_out as (
    select a.session_key, a.value
    from numbered as a
    inner join numbered as c on a.session_key = c.session_key
    where a.is_checkout = 0 and c.is_checkout = 1
    group by a.session_key, a.value
    having min(a.place) < max(c.place)
),
session_counts as (
    select
        s.value,
        sum(s.has_view) as view_sessions,
        sum(s.has_cart) as cart_sessions,
        count(c.session_key) as checkout_sessions,
        sum(s.has_view * s.has_cart) as view_cart_sessions
    from sets as s
    left join checked_out as c on s.session_key = c.session_key and s.value = c.value
    group by s.value
),
totals as (
    select
        count(*) as total_events,
        count(value) as valued_events,
        (select count(*) from event_counts) as total_rows
    from named
)
select
    t.total_rows, t.total_events, t.valued_events, p.value, p.views, p.cart_adds,
    coalesce(s.view_sessions, 0) as view_sessions,
    coalesce(s.cart_sessions, 0) as cart_sessions,
    coalesce(s.checkout_sessions, 0) as checkout_sessions,
    coalesce(s.view_cart_sessions, 0) as view_cart_sessions
from totals as t
left join page as p on true
left join session_counts as s on p.value = s.value
order by p.views desc, p.value collate "C"
