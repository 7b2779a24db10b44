-- The rollups counted from all facts and sessions: for a new CLICKSTREAM_TIMEZONE.
delete from daily_visitors;

insert into daily_visitors (day, client_id, user_id, is_sample, is_bot, events, page_views, product_views)
with judged as (
    select
        @micros(e.event_timestamp) as micros, e.client_id, e.user_id, e.is_sample, e.event_name, e.is_page_view,
        coalesce(s.is_bot, e.is_bot) as is_bot
    from clickstream_events as e
    left join sessions as s on s.session_key = e.session_key
    where e.raw_object is not null
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from judged
)
select
    day, coalesce(client_id, ''), coalesce(user_id, ''), coalesce(is_sample, false), coalesce(is_bot, false),
    count(*),
    count(case when is_page_view then 1 end),
    count(case when event_name = 'product_view' then 1 end)
from local
group by 1, 2, 3, 4, 5;

delete from daily_sessions;

insert into daily_sessions (
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
)
with timed as (
    select *, @micros(session_start) as micros, @micros(session_end) - @micros(session_start) as duration_us from sessions
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from timed
)
select
    day, coalesce(channel, ''), coalesce(device_type, ''), coalesce(country, ''), is_sample, is_bot,
    count(*),
    count(case when is_engaged then 1 end),
    count(case when has_cart then 1 end),
    count(case when has_checkout then 1 end),
    count(case when orders > 0 then 1 end),
    sum(events),
    sum(page_views),
    sum(duration_us)
from local
group by 1, 2, 3, 4, 5, 6;
