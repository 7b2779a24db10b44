-- Adds the counts of rows that have expired (rollups_outlived.sql) to rollups that were counted again. Everything is
-- written again: this runs when the zone changes, and at the end of a rebuild.
insert into outlived_visitors (day, client_id, user_id, is_sample, is_bot, events, page_views, product_views)
select day, client_id, user_id, is_sample, is_bot, events, page_views, product_views from daily_visitors;

delete from daily_visitors;

insert into daily_visitors (day, client_id, user_id, is_sample, is_bot, events, page_views, product_views)
select day, client_id, user_id, is_sample, is_bot, sum(events), sum(page_views), sum(product_views)
from outlived_visitors
group by day, client_id, user_id, is_sample, is_bot;

insert into outlived_sessions (
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
)
select
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
from daily_sessions;

delete from daily_sessions;

insert into daily_sessions (
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
)
select
    day, channel, device_type, country, is_sample, is_bot, sum(sessions), sum(engaged_sessions), sum(cart_sessions),
    sum(checkout_sessions), sum(order_sessions), sum(events), sum(page_views), sum(duration_us)
from outlived_sessions
group by day, channel, device_type, country, is_sample, is_bot;
