-- Updates the counts per local day by what this load changed: plus the touched rows as they are now, minus the same
-- rows as they were. In: `replaced`, `reopened`, `touched` (before this load), `incoming`, `keyed` (after it).
-- {offset_us} is the zone's offset at `micros`, written by etl/rollups.py. tests/etl/test_rollups.py compares them with
-- rollups_counted.sql.
create temp table visitor_changes as
with was as (
    select @micros(r.event_timestamp) as micros, r.client_id, r.user_id, r.is_sample, r.event_name, r.is_page_view,
        coalesce(t.is_bot, r.is_bot) as is_bot, -1 as sign
    from replaced as r
    left join touched as t on t.session_key = r.session_key
    where r.raw_object is not null
    union all
    select @micros(r.event_timestamp), r.client_id, r.user_id, r.is_sample, r.event_name, r.is_page_view,
        coalesce(t.is_bot, r.is_bot), -1
    from reopened as r
    left join touched as t on t.session_key = r.session_key
    union all
    select @micros(k.event_timestamp), k.client_id, k.user_id, k.is_sample, k.event_name, k.is_page_view, s.is_bot, 1
    from keyed as k
    join sessions as s on s.session_key = k.session_key
    union all
    select @micros(event_timestamp), client_id, user_id, is_sample, event_name,
        @is_view(event_name), is_bot, 1
    from incoming
    where (client_id is null and session_id is null) or @is_refund(event_name)
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from was
)
select
    day,
    case when @is_refund(event_name) then '' else coalesce(client_id, '') end as client_id,
    case when @is_refund(event_name) then '' else coalesce(user_id, '') end as user_id,
    coalesce(is_sample, false) as is_sample, coalesce(is_bot, false) as is_bot,
    sum(sign) as events,
    sum(case when is_page_view then sign else 0 end) as page_views,
    sum(case when event_name = 'product_view' then sign else 0 end) as product_views
from local
group by 1, 2, 3, 4, 5
having sum(sign) <> 0
    or sum(case when is_page_view then sign else 0 end) <> 0
    or sum(case when event_name = 'product_view' then sign else 0 end) <> 0;

insert into visitor_changes
select d.day, d.client_id, d.user_id, d.is_sample, d.is_bot, d.events, d.page_views, d.product_views
from daily_visitors as d
join visitor_changes as c
    on c.day = d.day and c.client_id = d.client_id and c.user_id = d.user_id
    and c.is_sample = d.is_sample and c.is_bot = d.is_bot;

delete from daily_visitors
where exists (
    select 1 from visitor_changes as c
    where c.day = daily_visitors.day and c.client_id = daily_visitors.client_id
        and c.user_id = daily_visitors.user_id and c.is_sample = daily_visitors.is_sample
        and c.is_bot = daily_visitors.is_bot
);

insert into daily_visitors (day, client_id, user_id, is_sample, is_bot, events, page_views, product_views)
select day, client_id, user_id, is_sample, is_bot, sum(events), sum(page_views), sum(product_views)
from visitor_changes
group by day, client_id, user_id, is_sample, is_bot
having sum(events) <> 0;

create temp table session_changes as
with changed_sessions as (
    select *, -1 as sign from touched
    union all
    select *, 1 from sessions where session_key in (select session_key from keyed)
),
timed as (
    select *, @micros(session_start) as micros, @micros(session_end) - @micros(session_start) as duration_us from changed_sessions
),
local as (
    select *, date '1970-01-01' + cast(floor((micros + {offset_us}) / 86400000000.0) as integer) as day from timed
)
select
    day, coalesce(channel, '') as channel, coalesce(device_type, '') as device_type, coalesce(country, '') as country,
    is_sample, is_bot,
    sum(sign) as sessions,
    sum(case when is_engaged then sign else 0 end) as engaged_sessions,
    sum(case when has_cart then sign else 0 end) as cart_sessions,
    sum(case when has_checkout then sign else 0 end) as checkout_sessions,
    sum(case when orders > 0 then sign else 0 end) as order_sessions,
    sum(sign * events) as events,
    sum(sign * page_views) as page_views,
    sum(sign * duration_us) as duration_us
from local
group by 1, 2, 3, 4, 5, 6;

insert into session_changes
select
    d.day, d.channel, d.device_type, d.country, d.is_sample, d.is_bot, d.sessions, d.engaged_sessions, d.cart_sessions,
    d.checkout_sessions, d.order_sessions, d.events, d.page_views, d.duration_us
from daily_sessions as d
join session_changes as c
    on c.day = d.day and c.channel = d.channel and c.device_type = d.device_type and c.country = d.country
    and c.is_sample = d.is_sample and c.is_bot = d.is_bot;

delete from daily_sessions
where exists (
    select 1 from session_changes as c
    where c.day = daily_sessions.day and c.channel = daily_sessions.channel
        and c.device_type = daily_sessions.device_type and c.country = daily_sessions.country
        and c.is_sample = daily_sessions.is_sample and c.is_bot = daily_sessions.is_bot
);

insert into daily_sessions (
    day, channel, device_type, country, is_sample, is_bot, sessions, engaged_sessions, cart_sessions, checkout_sessions,
    order_sessions, events, page_views, duration_us
)
select
    day, channel, device_type, country, is_sample, is_bot, sum(sessions), sum(engaged_sessions), sum(cart_sessions),
    sum(checkout_sessions), sum(order_sessions), sum(events), sum(page_views), sum(duration_us)
from session_changes
group by day, channel, device_type, country, is_sample, is_bot
having sum(sessions) <> 0;
