-- What expire.sql chose goes, with the bookkeeping of its days. In: `doomed`, the first instant that is kept, the time.
delete from sessions where session_key in (select session_key from doomed);

delete from orders where event_id in (select event_id from doomed);

delete from clickstream_events where event_id in (select event_id from doomed);

-- The items of an order that is left may have come with an event that is not.
delete from order_lines
where event_id not in (select event_id from clickstream_events)
    and event_id not in (select items_event_id from orders where items_event_id is not null);

delete from duplicates where hour < $before;

delete from bad_rows where hour < $before;

delete from erased where hour < $before;

insert into expired_days (day, part, expired_at)
select distinct day, 'warehouse', cast($now as timestamptz)
from raw_objects
where day < cast(cast($before as timestamptz) as date)
    and day not in (select day from expired_days where part = 'warehouse');

-- Objects that are gone need not be known any more; while they are there, this keeps them from being loaded again.
delete from raw_objects
where day in (select day from expired_days where part = 'raw')
    and day in (select day from expired_days where part = 'warehouse');

delete from watermarks
where day in (select day from expired_days where part = 'raw')
    and day in (select day from expired_days where part = 'warehouse');
