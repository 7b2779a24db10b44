-- The groups of customers.
select "group", count(*) as customers, sum(orders) as orders, sum(revenue) as revenue
from scored
group by "group"
