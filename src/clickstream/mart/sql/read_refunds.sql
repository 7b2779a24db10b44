-- Refunds as `new_refunds`: all refunds of the orders of which one is new.
select
    r.order_id, @micros(r.refunded_at) as refunded_at, r.amount, coalesce(nullif(r.currency, ''), 'XXX') as currency,
    r.is_sample, r.is_bot
from refunds as r
where {refunds}
