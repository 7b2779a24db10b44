-- Orders by currency: those that count, and all of them.
select
    coalesce(nullif(p.currency, ''), 'XXX') as currency,
    count(c.order_id) as counted_orders,
    count(*) as all_orders
from population_orders as p
left join counted_orders as c on p.order_id = c.order_id
group by 1
