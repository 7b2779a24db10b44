-- Sessions by the bucket they start in. Split by what their events show, a session is in each group it has an event of.
, placed as (
    select
        {bucket} as bucket, {bucket_offset} as bucket_offset, {session_split} as split, s.is_engaged,
        case when s.session_key in (select session_key from cart_events) then 1 else 0 end as has_cart,
        case when s.session_key in (select session_key from checkout_events) then 1 else 0 end as has_checkout
    from counted_sessions as s
    {session_split_join}
)
select
    bucket, bucket_offset, split,
    count(*) as sessions,
    count(case when is_engaged then 1 end) as engaged_sessions,
    count(case when not is_engaged then 1 end) as bounces,
    sum(has_cart) as cart_sessions,
    sum(has_checkout) as checkout_sessions
from placed
group by bucket, bucket_offset, split
