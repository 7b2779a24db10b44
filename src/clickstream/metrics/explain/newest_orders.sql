-- The newest orders that count.
select ordered_at as moment, order_id as key, 0 as earlier
from counted_orders
where true {of_figure}
order by ordered_at desc, order_id
limit $limit
