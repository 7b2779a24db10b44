-- Rows of a live warehouse, staged as if they had just been parsed: for objects that a rebuild cannot, or shall not, read
-- again. Runs in the shadow. Slots: the prefix of the live tables, the columns of an event, those of `incoming`.
-- In: $names, the objects. Out: what a chunk's hand-over makes, and the tables that no step fills.
create temp table carried as
select unnest(cast($names as text[])) as name;

create temp table new_events as
select row_number() over () as row_number, {columns}
from {live}clickstream_events
where raw_object in (select name from carried);

create temp table incoming as
select {keys} from new_events;

create temp table new_order_lines as
select
    n.row_number, l.line_number, l.product_id, l.product_name, l.product_category, l.product_brand, l.price, l.quantity
from {live}order_lines as l
join new_events as n on n.event_id = l.event_id;

insert into duplicates (event_id, object, line, hour, received_at)
select event_id, object, line, hour, received_at from {live}duplicates where object in (select name from carried);

insert into erased (object, line, hour, receipt)
select object, line, hour, receipt from {live}erased where object in (select name from carried);

-- A number below zero is that of a load of the live warehouse.
insert into bad_rows (object, line, hour, reason, original, load_id)
select object, line, hour, reason, original, -load_id from {live}bad_rows where object in (select name from carried);

insert into raw_objects (name, day, kind, hour, lines, load_id)
select name, day, kind, hour, lines, -load_id from {live}raw_objects where name in (select name from carried);
