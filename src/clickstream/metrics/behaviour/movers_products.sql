-- Orders of the range and their revenue by product, category and brand of their items.
select {dimension} as dimension, {value} as value, {figure} as figure, count(distinct o.id) as count
from counted_orders as o
inner join order_items as i on o.id = i.order_number
inner join products as p on i.product = p.id
where {shown}
group by grouping sets ({sets})
having {value} is not null
