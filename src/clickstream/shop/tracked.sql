-- Every event of an order or a refund since $start, except sample data, with browser and channel of its session. One row
-- per event: kind ('order' or 'refund'), key (order id or refund id), side, total, currency, browser, channel.
select
    case when @is_refund(e.event_name) then 'refund' else 'order' end as kind,
    case when @is_refund(e.event_name) then e.order_refund_id else e.order_id end as key,
    case when e.event_name = 'checkout_complete' then 'browser' else 'server' end as side,
    abs(e.order_total) as total,
    upper(e.order_currency) as currency,
    s.browser,
    s.channel
from clickstream_events as e
left join sessions as s on s.session_key = e.session_key
where e.order_id is not null
    and (@is_order(e.event_name) or (@is_refund(e.event_name) and e.order_refund_id is not null))
    and e.event_timestamp >= $start
    and not coalesce(e.is_sample, false)
order by @event_order(e)
