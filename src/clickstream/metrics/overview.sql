-- One row for one period. Events are grouped into distinct pairs of client and user before visitors are resolved: there
-- are far fewer pairs than events, so the join with clients stays small.
, event_pairs as materialized (
    select
        client_id, user_id,
        count(*) as events,
        count(case when is_page_view then 1 end) as page_views,
        count(case when event_name = 'product_view' then 1 end) as views
    from counted_events
    group by client_id, user_id
),
products_shown as (
    select distinct context_product_id
    from counted_events
    where context_product_id is not null
),
order_rows as materialized (
    select client_id, user_id, session_key, total, coalesce(nullif(currency, ''), 'XXX') as currency
    from counted_orders
),
visitors as (
    select distinct coalesce(p.user_id, u.first_user_id, p.client_id) as visitor_id
    from event_pairs as p
    left join client_users as u on p.client_id = u.client_id
),
-- An order without a session is not a conversion of any visitor.
buyers as (
    select distinct coalesce(p.user_id, u.first_user_id, p.client_id) as visitor_id
    from order_rows as p
    left join client_users as u on p.client_id = u.client_id
    where p.session_key is not null
),
visitor_totals as (
    select
        count(v.visitor_id) as visitors,
        count(n.visitor_id) as new_visitors,
        count(b.visitor_id) as order_visitors
    from visitors as v
    left join new_visitors as n on v.visitor_id = n.visitor_id
    left join buyers as b on v.visitor_id = b.visitor_id
),
event_totals as (
    select
        coalesce(sum(events), 0) as events,
        coalesce(sum(page_views), 0) as page_views,
        coalesce(sum(views), 0) as views
    from event_pairs
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
        count(case when has_checkout then 1 end) as checkout_sessions,
        count(case when orders >= 1 then 1 end) as order_sessions
    from counted_sessions
),
order_totals as (
    select
        count(*) as orders,
        count(case when session_key is null then 1 end) as orders_without_session,
        sum(case when currency = cast($currency as text) then total end) as revenue,
        count(case when currency = cast($currency as text) then total end) as paid_orders
    from order_rows
)
select
    v.visitors, v.new_visitors, v.order_visitors, e.events, e.page_views, e.views,
    (select count(*) from products_shown) as products,
    s.sessions, s.engaged_sessions, s.session_events, s.session_page_views, s.duration_us, s.median_us,
    s.cart_sessions, s.checkout_sessions, s.order_sessions,
    o.orders, o.orders_without_session, o.revenue, o.paid_orders
from visitor_totals as v
cross join event_totals as e
cross join session_totals as s
cross join order_totals as o
