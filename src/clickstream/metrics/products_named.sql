-- The last name, category and brand of each of these products: of the events in the range, else of the items of orders.
-- Most products have only one of each, and no events are read for them.
, candidates as materialized (
    select id, product_id, name, category, brand, count(*) over (partition by product_id) as variants
    from products
    where product_id in (select unnest($products))
),
latest as materialized (
    select product, max(moment) as moment
    from counted_hits
    where product in (select id from candidates where variants > 1)
    group by product
),
found as (
    select product_id, name, category, brand, true as is_shown, 0 as moment, null as key, 0 as place
    from candidates
    where variants = 1
    union all
    select c.product_id, c.name, c.category, c.brand, true, h.moment, s.session_key, h.place
    from latest as l
    inner join counted_hits as h on l.product = h.product and l.moment = h.moment
    inner join candidates as c on l.product = c.id
    left join sessions as s on h.session = s.id
    union all
    select c.product_id, c.name, c.category, c.brand, false, o.ordered_at, o.order_id, i.line_number
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    inner join candidates as c on i.product = c.id
    where c.variants > 1
)
select
    product_id,
    last(name order by is_shown, moment, key nulls last, place) filter (name is not null) as name,
    last(category order by is_shown, moment, key nulls last, place) filter (category is not null) as category,
    last(brand order by is_shown, moment, key nulls last, place) filter (brand is not null) as brand
from found
group by product_id
