-- The newest refunds that count.
select refunded_at as moment, order_id as key, row_number() over (partition by order_id, refunded_at) - 1 as earlier
from counted_refunds
where true {of_figure}
order by refunded_at desc, order_id
limit $limit
