-- Merges the orders of new, replaced or re-keyed events again, each from all its events. An order has one carrier: its
-- first checkout_complete in event order, else its first order_confirmed. Its money is from the server's first event
-- with a total, else the browser's. In: `touched_orders`, `touched`, and events with their final session keys. Out:
-- `orders`.
insert into touched_orders
select order_id from orders
where session_key in (select session_key from touched)
    and order_id not in (select order_id from touched_orders);

delete from orders where order_id in (select order_id from touched_orders);

insert into orders (
    order_id, event_id, ordered_at, browser_at, server_at, client_id, user_id, session_key, total, currency,
    discount, tax, shipping, coupon, payment_method, total_differs, items_event_id, is_bot, is_sample,
    load_id
)
with order_events as (
    select
        e.order_id, e.event_id, e.event_timestamp, e.client_id, e.user_id, e.session_key, e.order_total as total,
        upper(e.order_currency) as currency, e.is_bot, e.is_sample,
        e.order_discount, e.order_tax, e.order_shipping, e.order_coupon, e.order_payment_method,
        case when e.event_name = 'order_confirmed' then 1 else 0 end as is_server,
        e.event_id in (select event_id from order_lines) as has_items,
        row_number() over (order by @event_order(e)) as seq
    from clickstream_events as e
    where e.order_id in (select order_id from touched_orders)
        and @is_order(e.event_name)
),
ranked as (
    select
        *,
        row_number() over (partition by order_id order by is_server, seq) as carrier_rank,
        row_number() over (partition by order_id, is_server order by seq) as side_rank,
        row_number() over (
            partition by order_id order by case when total is null then 1 else 0 end, is_server desc, seq
        ) as money_rank,
        row_number() over (
            partition by order_id, is_server order by case when total is null then 1 else 0 end, seq
        ) as side_money_rank,
        row_number() over (
            partition by order_id order by case when has_items then 0 else 1 end, is_server desc, seq
        ) as items_rank
    from order_events
),
-- Each from the server's first event that has it, else from the browser's.
details as (
    select
        order_id,
        (array_agg(order_discount order by is_server desc, seq) filter (where order_discount is not null))[1] as discount,
        (array_agg(order_tax order by is_server desc, seq) filter (where order_tax is not null))[1] as tax,
        (array_agg(order_shipping order by is_server desc, seq) filter (where order_shipping is not null))[1] as shipping,
        (array_agg(order_coupon order by is_server desc, seq) filter (where order_coupon is not null))[1] as coupon,
        (array_agg(order_payment_method order by is_server desc, seq) filter (where order_payment_method is not null))[1]
            as payment_method
    from order_events
    group by order_id
)
select
    c.order_id,
    c.event_id,
    c.event_timestamp,
    b.event_timestamp,
    s.event_timestamp,
    c.client_id,
    c.user_id,
    c.session_key,
    m.total,
    m.currency,
    d.discount,
    d.tax,
    d.shipping,
    d.coupon,
    d.payment_method,
    coalesce(mb.total <> ms.total or mb.currency <> ms.currency, false),
    case when i.has_items then i.event_id end,
    coalesce(c.is_bot, false),
    coalesce(c.is_sample, false),
    $load_id
from ranked as c
join details as d on d.order_id = c.order_id
join ranked as m on m.order_id = c.order_id and m.money_rank = 1
join ranked as i on i.order_id = c.order_id and i.items_rank = 1
left join ranked as b on b.order_id = c.order_id and b.is_server = 0 and b.side_rank = 1
left join ranked as s on s.order_id = c.order_id and s.is_server = 1 and s.side_rank = 1
left join ranked as mb on mb.order_id = c.order_id and mb.is_server = 0 and mb.side_money_rank = 1
left join ranked as ms on ms.order_id = c.order_id and ms.is_server = 1 and ms.side_money_rank = 1
where c.carrier_rank = 1;
