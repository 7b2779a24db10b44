-- The products in abandoned carts. A product is in a cart if it was added; it is left behind if it was added more often
-- than removed.
, cart_products as materialized (
    select
        r.visitor, r.run, p.product_id, any_value(c.state) as state, count(*) as events,
        coalesce(count(*) filter (r.kind = $add) > count(*) filter (r.kind = $remove), false) as is_left
    from runs as r
    inner join carts as c on r.visitor = c.visitor and r.run = c.run
    inner join products as p on r.product = p.id
    where not c.is_unripe and c.state <> 'open' and p.product_id is not null
    group by r.visitor, r.run, p.product_id
    having count(*) filter (r.kind = $add) > 0
),
figures as materialized (
    select
        product_id,
        count(*) filter (state = 'abandoned' and is_left) as carts,
        count(*) as carts_with_product
    from cart_products
    group by product_id
    having count(*) filter (state = 'abandoned' and is_left) > 0
),
page as materialized (
    select *
    from figures
    where true {only_values}
    order by carts desc, product_id
    limit $limit offset $offset
),
names as (
    select p.product_id, last(p.name order by r.moment, s.session_key nulls last, r.place) as name
    from runs as r
    inner join carts as c on r.visitor = c.visitor and r.run = c.run
    inner join products as p on r.product = p.id
    left join sessions as s on r.session = s.id
    where p.name is not null and p.product_id in (select product_id from page)
        and not c.is_unripe and c.state <> 'open'
    group by p.product_id
)
select
    (select count(*) from figures) as total_rows,
    (select cast(coalesce(sum(events), 0) as bigint) from cart_products) as all_events,
    p.*, n.name
from (select 1 as one) as one
left join page as p on true
left join names as n on p.product_id = n.product_id
order by p.carts desc, p.product_id
