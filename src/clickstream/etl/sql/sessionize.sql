-- Splits events into sessions: one client and sent session id (or none of one), split where more than 30 minutes pass in
-- silence. In: `incoming`, `replaced`. Out: `keyed`, a row for each event of each session that is touched, and `touched`,
-- the sessions as they stood. Only sessions within 30 minutes of a touched row can change: two sessions of one group lie
-- further apart than that, so whatever a row joins or splits lies within its reach.
create temp table touched as
select s.session_key, s.session_start, s.session_end
from sessions as s
join incoming as i
    on coalesce(s.client_id, '') = coalesce(i.client_id, '') and coalesce(s.session_id, '') = coalesce(i.session_id, '')
where s.session_end >= cast($earliest as timestamptz) - interval '30 minutes'  -- lets the engine skip old blocks
    and s.session_start <= cast($latest as timestamptz) + interval '30 minutes'
    and s.session_start <= i.event_timestamp + interval '30 minutes'
    and s.session_end >= i.event_timestamp - interval '30 minutes'
union
select s.session_key, s.session_start, s.session_end
from sessions as s
join replaced as r on r.session_key = s.session_key;

create temp table gathered as
select
    event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, country, is_sample, cast(null as text) as session_key, cast(null as boolean) as is_page_view
from incoming
where client_id is not null or session_id is not null
union all
select
    event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, country, is_sample, session_key, is_page_view
from clickstream_events
where session_key in (select session_key from touched)
    and event_timestamp >= (select min(session_start) from touched)
    and event_timestamp <= (select max(session_end) from touched);

create temp table keyed as
with gaps as (
    select
        *,
        case
            when micros - lag(micros) over (
                partition by client_id, session_id
                order by event_timestamp, received_at, raw_object, raw_line, event_id
            ) <= 1800000000 then 0
            else 1
        end as is_start
    from (select g.*, @micros(event_timestamp) as micros from gathered as g) as timed
),
numbered as (
    select
        *,
        sum(is_start) over (
            partition by client_id, session_id
            order by event_timestamp, received_at, raw_object, raw_line, event_id
            rows between unbounded preceding and current row
        ) as session_number
    from gaps
),
started as (
    select *, min(micros) over (partition by client_id, session_id, session_number) as start_micros
    from numbered
),
viewed as (
    -- A page counts once: a named view beside a page_view of the same page, less than 5 s away, is no second one.
    select
        *,
        max(case when event_name = 'page_view' then 1 else 0 end) over (
            partition by client_id, session_id, session_number, page_path
            order by micros
            range between 4999999 preceding and 4999999 following
        ) as has_page_view
    from started
)
select
    event_id, event_timestamp, received_at, raw_object, raw_line, event_name, user_id, client_id, session_id,
    page_path, country, is_sample, session_key as old_session_key, is_page_view as old_is_page_view,
    -- The lengths keep two pairs of ids apart that look alike when written one after the other.
    md5(concat(
        coalesce(length(client_id), 0), ':', coalesce(client_id, ''), ':',
        coalesce(length(session_id), 0), ':', coalesce(session_id, ''), ':', start_micros
    )) as session_key,
    event_name = 'page_view'
        or (event_name in ('home_view', 'category_view', 'product_view') and has_page_view = 0) as is_page_view
from viewed;
