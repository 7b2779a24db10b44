-- Sessions by the bucket in which they start. Split by an event's dimension, a session is in the group of each of its
-- events.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, {session_split} as split,
    count(*) as sessions,
    count(case when s.is_engaged then 1 end) as engaged_sessions,
    count(case when not s.is_engaged then 1 end) as bounces,
    count(case when s.has_cart then 1 end) as cart_sessions,
    count(case when s.has_checkout then 1 end) as checkout_sessions,
    count(case when s.orders >= 1 then 1 end) as order_sessions
from counted_sessions as s
{session_split_join}
group by 1, 2, 3
