-- Orders by currency: those that count, and all of them.
select p.currency, count(c.id) as counted_orders, count(*) as all_orders
from population_orders as p
left join counted_orders as c on p.id = c.id
group by p.currency
