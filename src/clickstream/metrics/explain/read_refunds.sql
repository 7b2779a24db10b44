-- Refunds, each with the raw line of its event.
select
    @micros(r.refunded_at) as moment, r.order_id as key,
    row_number() over (partition by r.order_id, r.refunded_at) - 1 as earlier,
    r.refunded_at, r.order_id, r.refund_id, cast(r.amount as decimal(18, 4)) as amount, r.currency,
    r.is_bot, e.raw_object, e.raw_line
from refunds as r
left join clickstream_events as e
    on r.event_id = e.event_id
    and e.event_timestamp >= cast($first as timestamptz)
    and e.event_timestamp <= cast($last as timestamptz)
where r.order_id in (select unnest(cast($keys as text[])))
