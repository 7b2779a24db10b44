-- How far the warehouse is: its epoch, its last load with its time, and how many persons were erased.
select
    (select cast(max(cast(epoch as text)) as text) from warehouse_epoch) as epoch,
    coalesce(max(load_id), 0) as load_id,
    (select @micros(l.loaded_at) from loads as l where l.load_id = (select max(load_id) from loads)) as loaded_at,
    (select count(*) from erasures) as erasures
from loads
