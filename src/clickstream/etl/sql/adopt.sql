-- Stages rows that another client wrote as if they had just been parsed. Out: the staged rows of a chunk; in `gone`, the
-- quarters in which these rows counted as events without a session.
create temp table new_events as
select row_number() over () as row_number, {event_columns}
from clickstream_events
where load_id is null;

delete from clickstream_events where event_id in (select event_id from new_events) and load_id is null;

insert into gone (load_id, kind, key)
select distinct cast($load_id as bigint), 'quarter', cast(@quarter(event_timestamp) as text)
from new_events;

create temp table incoming as
select {key_columns} from new_events;

create temp table new_order_lines as
select 0 as row_number, l.* from order_lines as l where false;
