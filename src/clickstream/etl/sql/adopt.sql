-- Stages rows that another client wrote as if they had just been parsed. Out: the staged rows of a chunk.
create temp table new_events as
select row_number() over () as row_number, {event_columns}
from clickstream_events
where load_id is null;

delete from clickstream_events where event_id in (select event_id from new_events) and load_id is null;

create temp table incoming as
select {key_columns} from new_events;

create temp table new_order_lines as
select 0 as row_number, l.* from order_lines as l where false;
