-- Counts the rollups from all events and sessions, into `counted_visitors` and `counted_sessions`. {at} is the prefix
-- of the tables, {offset_us} the zone's offset at `micros`, written by etl/rollups.py.
create temp table counted_visitors as
with judged as (
    select
        @micros(e.event_timestamp) as micros, e.client_id, e.user_id, e.is_sample, e.event_name, e.is_page_view,
        coalesce(s.is_bot, e.is_bot) as is_bot
    from {at}clickstream_events as e
    left join {at}sessions as s on s.session_key = e.session_key
    where e.raw_object is not null
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from judged
)
select
    day,
    case when @is_refund(event_name) then '' else coalesce(client_id, '') end as client_id,
    case when @is_refund(event_name) then '' else coalesce(user_id, '') end as user_id,
    coalesce(is_sample, false) as is_sample, coalesce(is_bot, false) as is_bot,
    count(*) as events,
    count(case when is_page_view then 1 end) as page_views,
    count(case when event_name = 'product_view' then 1 end) as product_views
from local
group by 1, 2, 3, 4, 5;

create temp table counted_sessions as
with timed as (
    select *, @micros(session_start) as micros, @micros(session_end) - @micros(session_start) as duration_us
    from {at}sessions
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from timed
)
select
    day, coalesce(channel, '') as channel, coalesce(device_type, '') as device_type, coalesce(country, '') as country,
    is_sample, is_bot,
    count(*) as sessions,
    count(case when is_engaged then 1 end) as engaged_sessions,
    count(case when has_cart then 1 end) as cart_sessions,
    count(case when has_checkout then 1 end) as checkout_sessions,
    count(case when orders > 0 then 1 end) as order_sessions,
    sum(events) as events,
    sum(page_views) as page_views,
    sum(duration_us) as duration_us
from local
group by 1, 2, 3, 4, 5, 6;
