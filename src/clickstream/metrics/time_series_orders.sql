-- Orders by the bucket in which they were placed.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, split,
    count(*) as orders,
    count(*) filter (session is null) as orders_without_session,
    coalesce(sum(total) filter (currency = $currency), 0) as revenue
from counted_orders
group by all
