-- How far the warehouse is: its epoch, and its last load with its time.
select
    (select cast(max(cast(epoch as text)) as text) from warehouse_epoch) as epoch,
    l.load_id,
    @micros(l.loaded_at) as loaded_at
from loads as l
where l.load_id = (select max(load_id) from loads)
