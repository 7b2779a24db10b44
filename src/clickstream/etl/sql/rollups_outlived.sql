-- The counts of rows that have expired: the rollups minus the rows that still exist. In: the tables of
-- rollups_counted.sql, counted in the zone of these rollups. Out: `outlived_visitors`, `outlived_sessions`; the counted
-- tables are dropped.
create temp table outlived_visitors as
with both_counts as (
    select day, client_id, user_id, is_sample, is_bot, events, page_views, product_views from {at}daily_visitors
    union all
    select day, client_id, user_id, is_sample, is_bot, -events, -page_views, -product_views from counted_visitors
)
select
    day, client_id, user_id, is_sample, is_bot,
    sum(events) as events, sum(page_views) as page_views, sum(product_views) as product_views
from both_counts
group by day, client_id, user_id, is_sample, is_bot
having sum(events) > 0;

create temp table outlived_sessions as
with both_counts as (
    select
        day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions,
        checkout_sessions, order_sessions, events, page_views, duration_us
    from {at}daily_sessions
    union all
    select
        day, channel, device_type, country, is_sample, is_bot, -sessions, -engaged_sessions, -cart_sessions,
        -checkout_sessions, -order_sessions, -events, -page_views, -duration_us
    from counted_sessions
)
select
    day, channel, device_type, country, is_sample, is_bot,
    sum(sessions) as sessions, sum(engaged_sessions) as engaged_sessions, sum(cart_sessions) as cart_sessions,
    sum(checkout_sessions) as checkout_sessions, sum(order_sessions) as order_sessions, sum(events) as events,
    sum(page_views) as page_views, sum(duration_us) as duration_us
from both_counts
group by day, channel, device_type, country, is_sample, is_bot
having sum(sessions) > 0;

drop table counted_visitors;

drop table counted_sessions;
