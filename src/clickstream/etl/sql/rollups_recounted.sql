-- Replaces the rollups by the counts of rollups_counted.sql: for a new CLICKSTREAM_TIMEZONE.
delete from daily_visitors;

insert into daily_visitors (day, client_id, user_id, is_sample, is_bot, events, page_views, product_views)
select day, client_id, user_id, is_sample, is_bot, events, page_views, product_views from counted_visitors;

delete from daily_sessions;

insert into daily_sessions (
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
)
select
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
from counted_sessions;
