-- The last name, category and brand of each of these products in the items of the counted orders.
, shown as (
    select
        i.product_id, i.product_name, i.product_category, i.product_brand,
        row_number() over (order by o.ordered_at, o.order_id collate "C", i.line_number) as rank
    from counted_orders as o
    inner join order_lines as i on o.items_event_id = i.event_id
    where i.product_id in (select unnest(cast($products as text[])))
),
last_ranks as (
    select
        product_id,
        max(case when product_name is not null then rank end) as name_rank,
        max(case when product_category is not null then rank end) as category_rank,
        max(case when product_brand is not null then rank end) as brand_rank
    from shown
    group by product_id
)
select
    s.product_id,
    max(case when s.rank = p.name_rank then s.product_name end) as name,
    max(case when s.rank = p.category_rank then s.product_category end) as category,
    max(case when s.rank = p.brand_rank then s.product_brand end) as brand
from shown as s
inner join last_ranks as p on s.product_id = p.product_id
group by s.product_id
