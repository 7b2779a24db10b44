-- Visitors, sessions and sales of the window.
, seen as (
    select
        count(*) as events,
        count(distinct v.visitor) as visitors_30m,
        count(distinct v.visitor) filter (h.moment >= $end - 300000000) as visitors_5m,
        count(distinct h.session) as sessions_30m,
        count(*) filter (h.is_page_view) as page_views
    from counted_hits as h
    left join pairs as v on h.pair = v.id
),
sold as (
    select count(*) as orders, coalesce(sum(total) filter (currency = $currency), 0) as revenue
    from counted_orders
)
select *
from seen
cross join sold
