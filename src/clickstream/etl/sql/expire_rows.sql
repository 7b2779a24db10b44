-- Deletes what expire.sql chose, and what is recorded of its days. In: `expiring`, $before as there, $now, $load_id.
-- Refunds of an order expire together (expire.sql), so that the order has none any more.
insert into gone (load_id, kind, key)
select cast($load_id as bigint), 'session', session_key
from sessions
where session_key in (select session_key from expiring)
union all
select cast($load_id as bigint), 'order', order_id
from orders
where event_id in (select event_id from expiring)
union all
select distinct cast($load_id as bigint), 'refund', order_id
from refunds
where event_id in (select event_id from expiring)
union all
select distinct cast($load_id as bigint), 'quarter', cast(@quarter(event_timestamp) as text)
from expiring
where session_key is null;

delete from sessions where session_key in (select session_key from expiring);

delete from orders where event_id in (select event_id from expiring);

delete from refunds where event_id in (select event_id from expiring);

delete from clickstream_events where event_id in (select event_id from expiring);

-- An order that is kept may have its items from an event that is not.
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

-- While an object exists, its row here keeps it from being loaded again; once it is deleted, the row is not needed.
delete from raw_objects
where day in (select day from expired_days where part = 'raw')
    and day in (select day from expired_days where part = 'warehouse');

delete from watermarks
where day in (select day from expired_days where part = 'raw')
    and day in (select day from expired_days where part = 'warehouse');
