-- Splits events into sessions: one client and sent session id (either may be missing), split where more than 30 minutes
-- pass in silence. In: `incoming`, `replaced`. Out: `keyed`, a row for each event of each touched session; `touched`,
-- those sessions before this load; `reopened`, their events before this load. Only sessions within 30 minutes of a
-- touched row can change: two sessions of one group are further apart than that, so a row joins or splits only what is
-- in its reach. A session with an order that is merged again is touched as well: the order may move to another session.
create temp table touched_orders as
select order_id from incoming
where order_id is not null and @is_order(event_name)
union
select order_id from replaced
where order_id is not null and @is_order(event_name);

create temp table touched as
select session_key, session_start, session_end, orders
from sessions
where session_key in (
    select t.session_key
    from sessions as t
    join incoming as i
        on coalesce(t.client_id, '') = coalesce(i.client_id, '')
        and coalesce(t.session_id, '') = coalesce(i.session_id, '')
    where t.session_end >= cast($earliest as timestamptz) - interval '30 minutes'  -- lets the engine skip old blocks
        and t.session_start <= cast($latest as timestamptz) + interval '30 minutes'
        and t.session_start <= i.event_timestamp + interval '30 minutes'
        and t.session_end >= i.event_timestamp - interval '30 minutes'
        and not @is_refund(i.event_name)
    union
    select session_key from replaced
    union
    select o.session_key from orders as o join touched_orders as t on t.order_id = o.order_id
    union
    select e.session_key
    from clickstream_events as e
    join touched_orders as t on t.order_id = e.order_id
    where @is_order(e.event_name) and e.session_key is not null
);

create temp table reopened as
select
    event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id, page_path,
    country, is_sample, user_login_state, is_bot, page_url is not null as has_page,
    bot_score is not null as is_rated, source, medium, campaign, channel,
    referrer_domain, device_type, browser, os, session_key, is_page_view
from clickstream_events
where session_key in (select session_key from touched)
    and event_timestamp >= (select min(session_start) from touched)
    and event_timestamp <= (select max(session_end) from touched);

create temp table gathered as
select
    row_number, event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, is_sample, user_login_state, is_bot, has_page, is_rated,
    cast(null as text) as session_key, cast(null as boolean) as is_page_view
from incoming
where (client_id is not null or session_id is not null) and not @is_refund(event_name)
union all
select
    null, event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, is_sample, user_login_state, is_bot, has_page, is_rated, session_key, is_page_view
from reopened;

-- `seq` numbers the events by client, sent session id and event order. One sort has all columns; later ones sort by seq
-- alone. The key of a session is computed once, from its first event.
create temp table keyed as
with ordered as (
    select
        *,
        row_number() over in_order as seq,
        lag(client_id) over in_order as client_before,
        lag(session_id) over in_order as session_before,
        lag(event_timestamp) over in_order as before
    from gathered as g
    window in_order as (order by client_id, session_id, @event_order(g))
),
gaps as (
    select
        *,
        case
            when client_id is not distinct from client_before and session_id is not distinct from session_before
                and event_timestamp - before <= interval '30 minutes' then 0
            else 1
        end as is_start
    from ordered
),
numbered as (
    select *, sum(is_start) over (order by seq rows between unbounded preceding and current row) as session_number
    from gaps
),
started as (
    -- The lengths tell apart two pairs of ids that are the same text when concatenated.
    select
        session_number,
        md5(concat(
            coalesce(length(client_id), 0), ':', coalesce(client_id, ''), ':',
            coalesce(length(session_id), 0), ':', coalesce(session_id, ''), ':', @micros(event_timestamp)
        )) as session_key
    from numbered
    where is_start = 1
),
viewed as (
    -- A page counts once: a named view less than 5 s away from a page_view of the same page is not another page view.
    select
        seq,
        event_name = 'page_view' or max(case when event_name = 'page_view' then 1 else 0 end) over (
            partition by session_number, page_path
            order by event_timestamp
            range between interval '4999999 microseconds' preceding and interval '4999999 microseconds' following
        ) = 0 as is_page_view
    from numbered
    where @is_view(event_name)
)
select
    n.seq, n.row_number, n.event_id, n.event_timestamp, n.event_name, n.user_id, n.client_id, n.session_id, n.page_path,
    n.is_sample, n.user_login_state, n.is_bot, n.has_page, n.is_rated,
    n.session_key as old_session_key, n.is_page_view as old_is_page_view,
    s.session_key,
    coalesce(v.is_page_view, false) as is_page_view
from numbered as n
join started as s on s.session_number = n.session_number
left join viewed as v on v.seq = n.seq;
