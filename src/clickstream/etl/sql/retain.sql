-- Stages rows of the live warehouse as if they had just been parsed: for objects that a rebuild does not read again.
-- Runs in the shadow. Slots: {live}, the prefix of the live tables; {columns}, those of an event. In: $names, the
-- objects. Out: the staged rows of a chunk, and the rows of the tables that no statement file of a load fills.
create temp table retained as
select unnest(cast($names as text[])) as name;

create temp table new_events as
select row_number() over () as row_number, {columns}
from {live}clickstream_events
where raw_object in (select name from retained);

create temp table incoming as
select {key_columns} from new_events;

create temp table new_order_lines as
select
    n.row_number, l.line_number, l.product_id, l.product_name, l.product_category, l.product_brand, l.price, l.quantity
from {live}order_lines as l
join new_events as n on n.event_id = l.event_id;

insert into duplicates (event_id, object, line, hour, received_at)
select event_id, object, line, hour, received_at from {live}duplicates where object in (select name from retained);

insert into erased (object, line, hour, receipt)
select object, line, hour, receipt from {live}erased where object in (select name from retained);

-- A negative load_id is that of a load of the live warehouse.
insert into bad_rows (object, line, hour, reason, original, load_id)
select object, line, hour, reason, original, -load_id from {live}bad_rows where object in (select name from retained);

insert into raw_objects (name, day, kind, hour, lines, load_id)
select name, day, kind, hour, lines, -load_id from {live}raw_objects where name in (select name from retained);
