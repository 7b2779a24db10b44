-- Orders and sessions that as_of cuts, or whose orders it cuts, recomputed from the events before it by the rules of
-- the load. A session's first event stays the same, and with it the session's device and source.
existing_events as not materialized (
    select *
    from clickstream_events
    where event_timestamp < $as_of {sample}
),
cut_order_ids as (
    select distinct order_id
    from clickstream_events
    where
        event_timestamp >= $as_of
        and order_id is not null
        and @is_order(event_name)
),
order_events as (
    select
        e.*,
        case when e.event_name = 'order_confirmed' then 1 else 0 end as is_server,
        case when e.order_total is null then 1 else 0 end as is_without_total,
        case when e.event_id in (select event_id from order_lines) then 0 else 1 end as is_without_items,
        row_number() over (
            order by
                e.event_timestamp, e.received_at nulls last, e.raw_object collate "C" nulls last, e.raw_line nulls last,
                e.event_id
        ) as seq
    from existing_events as e
    where
        e.order_id in (select order_id from cut_order_ids)
        and @is_order(e.event_name)
),
ranked_order_events as (
    select
        *,
        row_number() over (partition by order_id order by is_server, seq) as carrier_rank,
        row_number() over (partition by order_id order by is_without_total, is_server desc, seq) as money_rank,
        row_number() over (partition by order_id order by is_without_items, is_server desc, seq) as items_rank
    from order_events
),
cut_orders as (
    select
        c.order_id, c.event_id, c.event_timestamp as ordered_at, c.client_id, c.user_id, c.session_key,
        m.order_total as total, upper(m.order_currency) as currency,
        case when i.is_without_items = 0 then i.event_id end as items_event_id, coalesce(c.is_bot, false) as is_bot
    from ranked_order_events as c
    inner join ranked_order_events as m on c.order_id = m.order_id and m.money_rank = 1
    inner join ranked_order_events as i on c.order_id = i.order_id and i.items_rank = 1
    where c.carrier_rank = 1
),
existing_orders as not materialized (
    select order_id, session_key
    from orders
    where ordered_at < $as_of {sample} and order_id not in (select order_id from cut_order_ids)
    union all
    select order_id, session_key
    from cut_orders
),
cut_session_keys as (
    select session_key
    from sessions
    where session_start < $as_of and session_end >= $as_of
    union
    select session_key
    from clickstream_events
    where
        session_key is not null
        and order_id in (select order_id from cut_order_ids)
        and @is_order(event_name)
        and event_timestamp < $as_of
),
ranked_events as (
    select
        e.*,
        row_number() over (
            partition by e.session_key
            order by
                case when e.user_id is null then 1 else 0 end,
                e.event_timestamp, e.received_at nulls last, e.raw_object collate "C" nulls last,
                e.raw_line nulls last, e.event_id
        ) as user_rank,
        row_number() over (
            partition by e.session_key
            order by
                case when e.is_page_view then 0 else 1 end,
                e.event_timestamp, e.received_at nulls last, e.raw_object collate "C" nulls last,
                e.raw_line nulls last, e.event_id
        ) as page_rank
    from existing_events as e
    where e.event_timestamp >= $since and e.session_key in (select session_key from cut_session_keys)
),
recomputed as (
    select
        session_key,
        min(client_id) as client_id,
        max(case when user_rank = 1 then user_id end) as user_id,
        min(event_timestamp) as session_start,
        max(event_timestamp) as session_end,
        @micros(max(event_timestamp)) - @micros(min(event_timestamp)) as duration_us,
        count(*) as events,
        count(case when is_page_view then 1 end) as page_views,
        count(case when @is_key_event(event_name) then 1 end) as key_events,
        max(case when page_rank = 1 and is_page_view then page_path end) as entry_page,
        count(page_url) > 0 as has_page,
        count(case when user_login_state = 'logged_in' then 1 end) as logged_in,
        count(case when user_login_state = 'anonymous' then 1 end) as anonymous,
        count(case when event_name = 'add_to_cart_click' then 1 end) > 0 as has_cart,
        count(case when event_name = 'checkout_start' then 1 end) > 0 as has_checkout,
        count(case when is_bot then 1 end) > 0 as has_bot,
        count(*) as rated_events,
        count(case when is_page_view then 1 end) as rated_page_views,
        @micros(max(event_timestamp)) - @micros(min(event_timestamp)) as rated_us,
        count(case when @micros(event_timestamp) % 60000000 <> 0 then 1 end) > 0 as has_seconds
    from ranked_events
    group by session_key
),
cut_sessions as (
    select
        r.session_key, r.client_id, r.user_id, r.session_start, r.session_end, r.events, r.page_views, r.entry_page,
        case when r.has_page then s.source else '(direct)' end as source,
        case when r.has_page then s.medium else '(none)' end as medium,
        case when r.has_page then s.campaign end as campaign,
        case when r.has_page then s.channel else 'direct' end as channel,
        case when r.has_page then s.referrer_domain end as referrer_domain,
        s.device_type, s.browser, s.os, s.country,
        case when r.logged_in > 0 then 'logged_in' when r.anonymous > 0 then 'anonymous' end as login_state,
        r.has_cart, r.has_checkout, coalesce(o.orders, 0) as orders,
        r.page_views >= 2 or r.duration_us >= 10000000 or r.key_events >= 1 or coalesce(o.orders, 0) >= 1 as is_engaged,
        r.has_bot or @is_too_fast(r) as is_bot
    from recomputed as r
    inner join sessions as s on r.session_key = s.session_key
    left join (
        select session_key, count(*) as orders
        from existing_orders
        where session_key is not null
        group by session_key
    ) as o on r.session_key = o.session_key
)
