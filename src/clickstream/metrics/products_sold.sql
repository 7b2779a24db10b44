-- The last name, category and brand that the items of counted orders gave each of these products.
, shown as (
    select
        i.product_id, i.product_name, i.product_category, i.product_brand,
        row_number() over (order by o.ordered_at, o.order_id collate "C", i.line_number) as place
    from counted_orders as o
    inner join order_lines as i on o.items_event_id = i.event_id
    where i.product_id in (select unnest(cast($products as text[])))
),
last_places as (
    select
        product_id,
        max(case when product_name is not null then place end) as name_place,
        max(case when product_category is not null then place end) as category_place,
        max(case when product_brand is not null then place end) as brand_place
    from shown
    group by product_id
)
select
    s.product_id,
    max(case when s.place = p.name_place then s.product_name end) as name,
    max(case when s.place = p.category_place then s.product_category end) as category,
    max(case when s.place = p.brand_place then s.product_brand end) as brand
from shown as s
inner join last_places as p on s.product_id = p.product_id
group by s.product_id
