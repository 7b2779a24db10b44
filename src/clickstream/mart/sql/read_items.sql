-- The items of orders as `new_items`.
select
    o.order_id, l.line_number, nullif(l.product_id, '') as product_id, nullif(l.product_name, '') as name,
    nullif(l.product_category, '') as category, nullif(l.product_brand, '') as brand, l.price, l.quantity
from orders as o
join order_lines as l on o.items_event_id = l.event_id
where {orders}
