-- Visitors with a counted event in the bucket. A new visitor is new in the bucket of their first event; a buyer has an
-- order in the bucket that belongs to a session.
, seen as (
    select distinct {bucket} as bucket, {bucket_offset} as bucket_offset, split, visitor
    from counted_quarters
),
new_by_bucket as (
    select id as visitor, {seen_bucket} as bucket, {seen_bucket_offset} as bucket_offset
    from new_visitors
),
buyers as (
    select distinct {order_bucket} as bucket, {order_bucket_offset} as bucket_offset, split, visitor
    from counted_orders
    where session is not null
)
select
    s.bucket, s.bucket_offset, s.split,
    count(s.visitor) as visitors,
    count(n.visitor) as new_visitors,
    count(s.visitor) - count(n.visitor) as returning_visitors,
    count(b.visitor) as order_visitors
from seen as s
left join new_by_bucket as n using (bucket, bucket_offset, visitor)
left join buyers as b using (bucket, bucket_offset, split, visitor)
group by all
