-- Orders by the bucket in which they were placed.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, split,
    count(*) as orders,
    count(case when session_key is null then 1 end) as orders_without_session,
    coalesce(sum(case when coalesce(nullif(currency, ''), 'XXX') = cast($currency as text) then total end), 0) as revenue
from counted_orders
group by 1, 2, 3
