-- Copies of one event: the smallest (received_at, object, line) is the event, the others are duplicates.
-- In: `incoming`, the new rows. Out: `incoming` holds winners only, `duplicates` the losing positions,
-- `replaced` the stored rows that lost to an earlier copy and are deleted from clickstream_events.
-- A stored row without a raw position was written by another client: it loses to any copy, and has no position to keep.
create temp table ranked as
select
    row_number, event_id, received_at, raw_object, raw_line, raw_hour,
    row_number() over (partition by event_id order by received_at, raw_object, raw_line) as copy
from incoming;

create temp table stored as
select
    e.event_id, e.event_timestamp, e.received_at, e.raw_object, e.raw_line, e.raw_hour, e.event_name, e.session_key,
    e.client_id, e.user_id, e.order_id
from clickstream_events as e
join ranked as r on r.event_id = e.event_id
where r.copy = 1;

-- Losers among the new rows: to each other, or to a stored copy that came before them.
create temp table losers as
select r.row_number, r.event_id, r.received_at, r.raw_object, r.raw_line, r.raw_hour
from ranked as r
left join stored as s on s.event_id = r.event_id
where r.copy > 1 or (s.received_at, s.raw_object, s.raw_line) <= (r.received_at, r.raw_object, r.raw_line);

create temp table replaced as
select s.*
from stored as s
join ranked as r on r.event_id = s.event_id
where r.copy = 1
    and (
        s.raw_object is null
        or (r.received_at, r.raw_object, r.raw_line) < (s.received_at, s.raw_object, s.raw_line)
    );

insert into duplicates (event_id, object, line, hour, received_at)
select event_id, raw_object, raw_line, raw_hour, received_at from losers
union all
select event_id, raw_object, raw_line, raw_hour, received_at from replaced where raw_object is not null;

delete from incoming where row_number in (select row_number from losers);

delete from clickstream_events where event_id in (select event_id from replaced);

delete from order_lines where event_id in (select event_id from replaced);
