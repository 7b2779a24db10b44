-- Visitors with a counted event in the bucket. A new visitor is new in the bucket of their first event; a buyer has an
-- order in the bucket that belongs to a session.
, bucketed as (
    select distinct
        {bucket} as bucket, {bucket_offset} as bucket_offset, split, client_id, user_id
    from counted_events
),
resolved as (
    select distinct
        p.bucket, p.bucket_offset, p.split, coalesce(p.user_id, u.first_user_id, p.client_id) as visitor_id
    from bucketed as p
    left join client_users as u on p.client_id = u.client_id
),
new_by_bucket as (
    select visitor_id, {seen_bucket} as bucket, {seen_bucket_offset} as bucket_offset
    from new_visitors
),
buyers as (
    select distinct
        {order_bucket} as bucket, {order_bucket_offset} as bucket_offset, o.split,
        coalesce(o.user_id, u.first_user_id, o.client_id) as visitor_id
    from counted_orders as o
    left join client_users as u on o.client_id = u.client_id
    where o.session_key is not null
)
select
    r.bucket, r.bucket_offset, r.split,
    count(r.visitor_id) as visitors,
    count(n.visitor_id) as new_visitors,
    count(r.visitor_id) - count(n.visitor_id) as returning_visitors,
    count(b.visitor_id) as order_visitors
from resolved as r
left join new_by_bucket as n
    on r.visitor_id = n.visitor_id and r.bucket = n.bucket and r.bucket_offset = n.bucket_offset
left join buyers as b
    on r.visitor_id = b.visitor_id
    and r.bucket = b.bucket
    and r.bucket_offset = b.bucket_offset
    and r.split = b.split
group by r.bucket, r.bucket_offset, r.split
