-- Writes the touched sessions again, from their events (`keyed`), their orders, and the source and device of their
-- first events, which are in `reopened` and `incoming`. Another client of the table may have given stored events
-- another client or session id: the sessions that they join now are written again as well. Touched sessions that were not
-- written again are noted in `gone`.
delete from sessions
where session_key in (
    select session_key from touched
    union all
    select session_key from keyed where old_session_key <> session_key
);

insert into sessions (
    session_key, client_id, session_id, user_id, session_start, session_end, events, page_views, key_events,
    entry_page, exit_page, country, is_sample, source, medium, campaign, channel, referrer_domain, device_type, browser,
    os, login_state, has_view, has_cart, has_checkout, orders, is_engaged, is_bot, bot_reasons, load_id
)
with grouped as (
    select
        session_key,
        min(client_id) as client_id,
        min(session_id) as session_id,
        min(seq) as first_event,
        min(case when has_page then seq end) as landing,
        min(case when user_id is not null then seq end) as first_user,
        min(case when is_page_view then seq end) as entry,
        max(case when is_page_view then seq end) as exit,
        min(event_timestamp) as session_start,
        max(event_timestamp) as session_end,
        count(*) as events,
        count(case when is_page_view then 1 end) as page_views,
        count(case when @is_key_event(event_name) then 1 end) as key_events,
        count(case when event_name = 'product_view' then 1 end) > 0 as has_view,
        count(case when event_name = 'add_to_cart_click' then 1 end) > 0 as has_cart,
        count(case when event_name = 'checkout_start' then 1 end) > 0 as has_checkout,
        count(case when is_bot then 1 end) > 0 as has_bot,
        -- What the rate is judged by: events that are judged by user agent, which imported and server-sent ones are not.
        -- Times in whole minutes, or all the same, have no rate.
        count(case when is_rated then 1 end) as rated_events,
        count(case when is_rated and is_page_view then 1 end) as rated_page_views,
        @micros(max(case when is_rated then event_timestamp end))
            - @micros(min(case when is_rated then event_timestamp end)) as rated_us,
        count(case when is_rated and @micros(event_timestamp) % 60000000 <> 0 then 1 end) > 0 as has_seconds,
        count(case when is_sample then 1 end) > 0 as is_sample,
        case
            when count(case when user_login_state = 'logged_in' then 1 end) > 0 then 'logged_in'
            when count(case when user_login_state = 'anonymous' then 1 end) > 0 then 'anonymous'
        end as login_state
    from keyed
    group by session_key
),
known as (
    select
        k.seq,
        coalesce(i.source, r.source) as source,
        coalesce(i.medium, r.medium) as medium,
        coalesce(i.campaign, r.campaign) as campaign,
        coalesce(i.channel, r.channel) as channel,
        coalesce(i.referrer_domain, r.referrer_domain) as referrer_domain,
        coalesce(i.device_type, r.device_type) as device_type,
        coalesce(i.browser, r.browser) as browser,
        coalesce(i.os, r.os) as os,
        coalesce(i.country, r.country) as country
    from keyed as k
    left join incoming as i on i.row_number = k.row_number
    left join reopened as r on r.event_id = k.event_id
    where k.seq in (select first_event from grouped union all select landing from grouped)
),
ordered as (
    select session_key, count(*) as orders
    from orders
    where session_key in (select session_key from grouped)
    group by session_key
),
timed as (
    select *, @micros(session_end) - @micros(session_start) as duration_us
    from grouped
),
judged as (
    select
        t.*,
        coalesce(o.orders, 0) as orders,
        coalesce(@is_too_fast(t), false) as is_too_fast
    from timed as t
    left join ordered as o on o.session_key = t.session_key
)
select
    j.session_key, j.client_id, j.session_id, u.user_id, j.session_start, j.session_end, j.events, j.page_views,
    j.key_events, entry.page_path, exit.page_path, f.country, j.is_sample,
    case when j.landing is null then '(direct)' else l.source end,
    case when j.landing is null then '(none)' else l.medium end,
    l.campaign,
    case when j.landing is null then 'direct' else l.channel end,
    l.referrer_domain, f.device_type, f.browser, f.os,
    j.login_state, j.has_view, j.has_cart, j.has_checkout, j.orders,
    j.page_views >= 2 or j.duration_us >= 10000000 or j.key_events >= 1 or j.orders >= 1,
    j.has_bot or j.is_too_fast,
    case when j.is_too_fast then 'rate' end,
    $load_id
from judged as j
join known as f on f.seq = j.first_event
left join known as l on l.seq = j.landing
left join keyed as u on u.seq = j.first_user
left join keyed as entry on entry.seq = j.entry
left join keyed as exit on exit.seq = j.exit;

insert into gone (load_id, kind, key)
select $load_id, 'session', session_key from touched where session_key not in (select session_key from keyed);
