-- Sessions, each with the raw line of its first event.
with first_events as (
    select
        e.session_key, e.raw_object, e.raw_line,
        row_number() over (partition by e.session_key order by @event_order(e)) as number
    from clickstream_events as e
    where e.event_timestamp >= cast($first as timestamptz)
        and e.event_timestamp <= cast($last as timestamptz)
        and e.session_key in (select unnest(cast($keys as text[])))
)
select
    @micros(s.session_start) as moment, s.session_key as key, 0 as earlier,
    s.session_start, coalesce(s.user_id, s.client_id) as visitor, s.channel, s.device_type, s.country, s.entry_page,
    s.events, s.page_views, s.is_bot, f.raw_object, f.raw_line
from sessions as s
left join first_events as f on s.session_key = f.session_key and f.number = 1
where s.session_key in (select unnest(cast($keys as text[])))
