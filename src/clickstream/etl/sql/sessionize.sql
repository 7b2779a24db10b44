-- Splits events into sessions: one client and sent session id (or none of one), split where more than 30 minutes pass in
-- silence. In: `incoming`, `replaced`. Out: `keyed`, a row for each event of each session that is touched; `touched`, the
-- sessions as they stood; `reopened`, their events as they stood. Only sessions within 30 minutes of a touched row can
-- change: two sessions of one group lie further apart than that, so whatever a row joins or splits lies within its reach.
-- A session that holds an order which is told anew is touched as well: the order may leave it.
create temp table touched_orders as
select order_id from incoming
where order_id is not null and event_name in ('checkout_complete', 'order_confirmed')
union
select order_id from replaced
where order_id is not null and event_name in ('checkout_complete', 'order_confirmed');

create temp table touched as
select s.*
from sessions as s
where s.session_key in (
    select t.session_key
    from sessions as t
    join incoming as i
        on coalesce(t.client_id, '') = coalesce(i.client_id, '')
        and coalesce(t.session_id, '') = coalesce(i.session_id, '')
    where t.session_end >= cast($earliest as timestamptz) - interval '30 minutes'  -- lets the engine skip old blocks
        and t.session_start <= cast($latest as timestamptz) + interval '30 minutes'
        and t.session_start <= i.event_timestamp + interval '30 minutes'
        and t.session_end >= i.event_timestamp - interval '30 minutes'
    union
    select session_key from replaced
    union
    select o.session_key from orders as o join touched_orders as t on t.order_id = o.order_id
);

create temp table reopened as
select
    event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id, page_path,
    country, is_sample, user_login_state, is_bot, page_url is not null as has_page, source, medium, campaign, channel,
    referrer_domain, device_type, browser, os, session_key, is_page_view
from clickstream_events
where session_key in (select session_key from touched)
    and event_timestamp >= (select min(session_start) from touched)
    and event_timestamp <= (select max(session_end) from touched);

create temp table gathered as
select
    row_number, event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, is_sample, user_login_state, is_bot, has_page,
    cast(null as text) as session_key, cast(null as boolean) as is_page_view
from incoming
where client_id is not null or session_id is not null
union all
select
    null, event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, is_sample, user_login_state, is_bot, has_page, session_key, is_page_view
from reopened;

-- `seq` numbers the events by client, sent session id and event order. One sort, by numbers that stand for the texts;
-- all that follows sorts by seq alone.
create temp table keyed as
with groups as (
    select client_id, session_id, row_number() over () as group_number
    from (select distinct client_id, session_id from gathered) as pairs
),
objects as (
    select raw_object, row_number() over (order by raw_object) as object_number
    from (select distinct raw_object from gathered) as names
),
ordered as (
    select
        g.*,
        p.group_number,
        @micros(g.event_timestamp) as micros,
        row_number() over (
            order by p.group_number, g.event_timestamp, g.received_at, o.object_number, g.raw_line, g.event_id
        ) as seq
    from gathered as g
    join groups as p
        on coalesce(p.client_id, '') = coalesce(g.client_id, '')
        and coalesce(p.session_id, '') = coalesce(g.session_id, '')
    left join objects as o on o.raw_object = g.raw_object
),
gaps as (
    select
        *,
        case
            when group_number = lag(group_number) over (order by seq)
                and micros - lag(micros) over (order by seq) <= 1800000000
                then 0
            else 1
        end as is_start
    from ordered
),
numbered as (
    select *, sum(is_start) over (order by seq rows between unbounded preceding and current row) as session_number
    from gaps
),
started as (
    select *, min(micros) over (partition by session_number) as start_micros
    from numbered
),
viewed as (
    -- A page counts once: a named view beside a page_view of the same page, less than 5 s away, is no second one.
    select
        seq,
        event_name = 'page_view' or max(case when event_name = 'page_view' then 1 else 0 end) over (
            partition by session_number, page_path
            order by micros
            range between 4999999 preceding and 4999999 following
        ) = 0 as is_page_view
    from numbered
    where event_name in ('page_view', 'home_view', 'category_view', 'product_view')
)
select
    s.seq, s.row_number, s.event_id, s.event_timestamp, s.event_name, s.user_id, s.client_id, s.session_id, s.page_path,
    s.is_sample, s.user_login_state, s.is_bot, s.has_page,
    s.session_key as old_session_key, s.is_page_view as old_is_page_view,
    -- The lengths keep two pairs of ids apart that look alike when written one after the other.
    md5(concat(
        coalesce(length(s.client_id), 0), ':', coalesce(s.client_id, ''), ':',
        coalesce(length(s.session_id), 0), ':', coalesce(s.session_id, ''), ':', s.start_micros
    )) as session_key,
    coalesce(v.is_page_view, false) as is_page_view
from started as s
left join viewed as v on v.seq = s.seq;
