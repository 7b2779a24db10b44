-- One row for one period. Visitors are told apart after clients and users are made distinct: there are far fewer pairs
-- than events, so the join with clients stays small.
, event_rows as materialized (
    select client_id, user_id, event_name, is_page_view, context_product_id
    from counted_events
),
pairs as (
    select distinct client_id, user_id
    from event_rows
),
visitor_totals as (
    select count(v.visitor_id) as visitors, count(n.visitor_id) as new_visitors
    from (
        select distinct coalesce(p.user_id, u.first_user_id, p.client_id) as visitor_id
        from pairs as p
        left join client_users as u on p.client_id = u.client_id
    ) as v
    left join new_visitors as n on v.visitor_id = n.visitor_id
),
event_totals as (
    select
        count(*) as events,
        count(case when is_page_view then 1 end) as page_views,
        count(case when event_name = 'product_view' then 1 end) as views
    from event_rows
),
session_totals as (
    select
        count(*) as sessions,
        count(case when is_engaged then 1 end) as engaged_sessions,
        coalesce(sum(events), 0) as session_events,
        coalesce(sum(page_views), 0) as session_page_views,
        coalesce(sum(duration_us), 0) as duration_us,
        percentile_disc(0.5) within group (order by duration_us) as median_us,
        count(case when has_cart then 1 end) as cart_sessions,
        count(case when has_checkout then 1 end) as checkout_sessions
    from (
        select
            s.*,
            s.session_key in (select session_key from cart_events) as has_cart,
            s.session_key in (select session_key from checkout_events) as has_checkout
        from counted_sessions as s
    ) as marked
)
select
    v.visitors, v.new_visitors, e.events, e.page_views, e.views,
    (select count(distinct context_product_id) from event_rows) as products,
    s.sessions, s.engaged_sessions, s.session_events, s.session_page_views, s.duration_us, s.median_us,
    s.cart_sessions, s.checkout_sessions
from visitor_totals as v
cross join event_totals as e
cross join session_totals as s
