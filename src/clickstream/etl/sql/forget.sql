-- Deletes the rows of erased lines. In: $objects and $lines, the positions; {condition}, for rows without a raw object.
-- Out: `erased` for the lines of loaded objects; `replaced`, the rows deleted from clickstream_events; and the tables
-- that the other statement files of a load read, empty: those files then make sessions, orders and visitors what
-- they would be if these rows had never been loaded.
create temp table forgotten as
select unnest(cast($objects as text[])) as object, unnest(cast($lines as integer[])) as line;

insert into erased (object, line, hour, receipt)
select f.object, f.line, o.hour, cast($receipt as text)
from forgotten as f
join raw_objects as o on o.name = f.object
where not exists (select 1 from erased as e where e.object = f.object and e.line = f.line);

-- A row without a raw object was written by another client: it is found by its ids.
create temp table replaced as
select event_id, event_timestamp, event_name, session_key, client_id, user_id, order_id
from clickstream_events
where (raw_object, raw_line) in (select object, line from forgotten)
    or (raw_object is null and {condition});

delete from duplicates where (object, line) in (select object, line from forgotten);

delete from bad_rows where (object, line) in (select object, line from forgotten);

delete from order_lines where event_id in (select event_id from replaced);

delete from clickstream_events where event_id in (select event_id from replaced);

create temp table new_events as select 0 as row_number, e.* from clickstream_events as e where false;

create temp table new_order_lines as select 0 as row_number, l.* from order_lines as l where false;

create temp table losers as select row_number from new_events;

create temp table incoming as select {key_columns} from new_events;
