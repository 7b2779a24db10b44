-- Visitors with a counted event in the bucket. A new visitor is new in the bucket of their first event; a buyer has an
-- order in the bucket that belongs to a session.
, by_pair as (
    select distinct {bucket} as bucket, {bucket_offset} as bucket_offset, split, pair
    from counted_quarters
),
resolved as (
    select distinct b.bucket, b.bucket_offset, b.split, p.visitor
    from by_pair as b
    left join pairs as p on b.pair = p.id
),
new_by_bucket as (
    select id as visitor, {seen_bucket} as bucket, {seen_bucket_offset} as bucket_offset
    from new_visitors
),
buyers as (
    select distinct {order_bucket} as bucket, {order_bucket_offset} as bucket_offset, o.split, p.visitor
    from counted_orders as o
    inner join pairs as p on o.pair = p.id
    where o.session is not null
)
select
    r.bucket, r.bucket_offset, r.split,
    count(r.visitor) as visitors,
    count(n.visitor) as new_visitors,
    count(r.visitor) - count(n.visitor) as returning_visitors,
    count(b.visitor) as order_visitors
from resolved as r
left join new_by_bucket as n using (bucket, bucket_offset, visitor)
left join buyers as b using (bucket, bucket_offset, split, visitor)
group by all
