-- Refunds by the bucket in which they were made, subtracted from the revenue of orders by the bucket in which these were
-- placed.
, amounts as (
    select {bucket} as bucket, {bucket_offset} as bucket_offset, split, currency, total as revenue, null as refund
    from counted_orders
    union all
    select {refund_bucket}, {refund_bucket_offset}, split, currency, null, amount
    from counted_refunds
)
select
    bucket, bucket_offset, split,
    coalesce(sum(refund) filter (currency = $currency), 0) as refunds,
    coalesce(sum(revenue) filter (currency = $currency), 0) - coalesce(sum(refund) filter (currency = $currency), 0)
        as net_revenue
from amounts
group by all
