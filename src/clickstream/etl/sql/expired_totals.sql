-- Adds the rows that expire to `expired_totals`, which has one row for each quarter of an hour, is_sample and is_bot.
-- In: `expiring`, and the rows themselves, not deleted yet.
create temp table expiring_totals as
with counted as (
    select
        @quarter(e.event_timestamp) as quarter, coalesce(e.is_sample, false) as is_sample,
        coalesce(s.is_bot, e.is_bot, false) as is_bot,
        1 as events,
        case when e.is_page_view then 1 else 0 end as page_views,
        case when e.event_name = 'product_view' then 1 else 0 end as product_views,
        0 as sessions, 0 as engaged_sessions, 0 as cart_sessions, 0 as checkout_sessions, 0 as order_sessions, 0 as orders
    from clickstream_events as e
    left join sessions as s on s.session_key = e.session_key
    where e.event_id in (select event_id from expiring)
    union all
    select
        @quarter(session_start), is_sample, is_bot, 0, 0, 0,
        1,
        case when is_engaged then 1 else 0 end,
        case when has_cart then 1 else 0 end,
        case when has_checkout then 1 else 0 end,
        case when orders > 0 then 1 else 0 end,
        0
    from sessions
    where session_key in (select session_key from expiring)
    union all
    select @quarter(o.ordered_at), o.is_sample, coalesce(s.is_bot, o.is_bot), 0, 0, 0, 0, 0, 0, 0, 0, 1
    from orders as o
    left join sessions as s on s.session_key = o.session_key
    where o.event_id in (select event_id from expiring)
)
select
    quarter, is_sample, is_bot, sum(events) as events, sum(page_views) as page_views,
    sum(product_views) as product_views, sum(sessions) as sessions, sum(engaged_sessions) as engaged_sessions,
    sum(cart_sessions) as cart_sessions, sum(checkout_sessions) as checkout_sessions,
    sum(order_sessions) as order_sessions, sum(orders) as orders
from counted
group by quarter, is_sample, is_bot;

insert into expiring_totals
select
    quarter, is_sample, is_bot, events, page_views, product_views, sessions, engaged_sessions, cart_sessions,
    checkout_sessions, order_sessions, orders
from expired_totals
where quarter in (select quarter from expiring_totals);

delete from expired_totals where quarter in (select quarter from expiring_totals);

insert into expired_totals (
    quarter, is_sample, is_bot, events, page_views, product_views, sessions, engaged_sessions, cart_sessions,
    checkout_sessions, order_sessions, orders
)
select
    quarter, is_sample, is_bot, sum(events), sum(page_views), sum(product_views), sum(sessions), sum(engaged_sessions),
    sum(cart_sessions), sum(checkout_sessions), sum(order_sessions), sum(orders)
from expiring_totals
group by quarter, is_sample, is_bot;
