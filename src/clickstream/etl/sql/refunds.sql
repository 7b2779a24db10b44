-- Merges the refunds of new, replaced or re-keyed events again. One refund of an order is one order.refundId, or one event
-- without it; its first event with a total counts. In: `incoming`, `replaced`, `touched_orders`, orders as merged by
-- orders.sql, $currency (CLICKSTREAM_CURRENCY). Out: `refunds`.
create temp table touched_refunds as
select order_id from touched_orders
union
select order_id from incoming where order_id is not null and @is_refund(event_name)
union
select order_id from replaced where order_id is not null and @is_refund(event_name);

delete from refunds where order_id in (select order_id from touched_refunds);

insert into refunds (order_id, refund_id, event_id, refunded_at, amount, currency, is_bot, is_sample, load_id)
with refund_events as (
    select
        e.order_id, e.order_refund_id, e.event_id, e.event_timestamp, abs(e.order_total) as amount, e.order_currency,
        coalesce(e.is_bot, false) as is_bot, coalesce(e.is_sample, false) as is_sample,
        row_number() over (
            partition by e.order_id, coalesce(e.order_refund_id, cast(e.event_id as text))
            order by case when e.order_total is null then 1 else 0 end, @event_order(e)
        ) as event_rank
    from clickstream_events as e
    where e.order_id in (select order_id from touched_refunds) and @is_refund(e.event_name)
)
select
    r.order_id, r.order_refund_id, r.event_id, r.event_timestamp, r.amount,
    coalesce(upper(r.order_currency), o.currency, cast($currency as text)), r.is_bot, r.is_sample, $load_id
from refund_events as r
left join orders as o on o.order_id = r.order_id
where r.event_rank = 1;
