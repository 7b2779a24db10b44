-- The last name, category and brand of each of these products: of the events in the range, else of the items of orders.
, found as (
    select p.product_id, p.name, p.category, p.brand, true as is_shown, h.moment, s.session_key, h.place
    from counted_hits as h
    inner join products as p on h.product = p.id
    left join sessions as s on h.session = s.id
    where p.product_id in (select unnest($products))
    union all
    select p.product_id, p.name, p.category, p.brand, false, o.ordered_at, o.order_id, i.line_number
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    inner join products as p on i.product = p.id
    where p.product_id in (select unnest($products))
)
select
    product_id,
    last(name order by is_shown, moment, session_key nulls last, place) filter (name is not null) as name,
    last(category order by is_shown, moment, session_key nulls last, place) filter (category is not null) as category,
    last(brand order by is_shown, moment, session_key nulls last, place) filter (brand is not null) as brand
from found
group by product_id
