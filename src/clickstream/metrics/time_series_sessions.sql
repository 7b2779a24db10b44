-- Sessions by the bucket in which they start. Split by an event's dimension, a session is in the group of each of its
-- events.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, {session_split} as split,
    count(*) as sessions,
    count(*) filter (s.is_engaged) as engaged_sessions,
    count(*) filter (not s.is_engaged) as bounces,
    count(*) filter (s.has_cart) as cart_sessions,
    count(*) filter (s.has_checkout) as checkout_sessions,
    count(*) filter (s.orders >= 1) as order_sessions
from counted_sessions as s
{session_split_join}
group by all
