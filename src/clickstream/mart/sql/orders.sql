-- Writes orders again, with their items. In: `new_orders`, `new_items`, `gone_orders`, and sessions, pairs and products
-- as they are now.
create or replace temp table old_orders as
select id, order_id
from orders
where order_id in (select order_id from new_orders) or order_id in (from gone_orders);

create or replace temp table numbered_orders as
select
    coalesce(o.id, (select coalesce(max(id), 0) from orders) + row_number() over (order by n.ordered_at)) as id,
    s.id as session, n.*
from new_orders as n
left join old_orders as o on n.order_id = o.order_id
left join sessions as s on n.session_key = s.session_key;

delete from order_items where order_number in (select id from old_orders);

delete from orders where id in (select id from old_orders);

insert into orders
with first_places as (
    select h.session, h.moment, min(h.place) as place
    from hits as h
    join numbered_orders as n on h.session = n.session and h.moment = n.ordered_at
    where h.moment between (select min(ordered_at) from numbered_orders) and (select max(ordered_at) from numbered_orders)
    group by h.session, h.moment
)
select
    n.id, n.order_id, n.ordered_at, n.session, f.place + n.rank_at_once - 1, p.id, p.visitor, n.total, n.currency,
    n.discount, n.tax, n.shipping, n.coupon, n.payment_method, n.is_sample, n.is_bot
from numbered_orders as n
left join first_places as f on n.session = f.session and n.ordered_at = f.moment
left join pairs as p on n.client_id is not distinct from p.client_id and n.user_id is not distinct from p.user_id
order by n.ordered_at;

insert into order_items
select o.id, i.line_number, p.id, i.price, i.quantity
from new_items as i
join numbered_orders as o on i.order_id = o.order_id
join products as p
    on i.product_id is not distinct from p.product_id and i.name is not distinct from p.name
    and i.category is not distinct from p.category and i.brand is not distinct from p.brand;
