-- Sessions, the newest first; what only the rows shown need is looked up for them alone.
, wanted as not materialized (
    select s.*
    from counted_sessions as s
    where true {reached} {between}
),
page as materialized (
    select *
    from wanted
    order by start_at desc, session_key
    limit $limit offset $offset
),
viewed as (
    select distinct session
    from session_quarters
    where product_views > 0 and session in (select id from page)
)
select
    (select count(*) from wanted) as total_rows,
    p.session_key, v.visitor_id, p.start_at, p.end_at - p.start_at as duration_us, p.events, p.page_views,
    p.landing_page, p.exit_page, p.channel, p.device_type, p.country, p.is_engaged, p.is_bot, p.is_sample,
    case
        when p.orders > 0 then 'order'
        when p.has_checkout then 'checkout'
        when p.has_cart then 'cart'
        when p.id in (select session from viewed) then 'view'
    end as reached,
    p.orders
from (select 1 as one) as one
left join page as p on true
left join visitors as v on p.visitor = v.id
order by p.start_at desc, p.session_key
