-- One row for one period.
, event_visitors as materialized (
    select visitor, sum(events) as events, sum(page_views) as page_views, sum(product_views) as views
    from counted_quarters
    group by visitor
),
refund_totals as (
    select count(*) as refund_rows, sum(amount) filter (currency = $currency) as refunds
    from counted_refunds
),
order_rows as materialized (
    select session, total, currency, visitor
    from counted_orders
),
seen_visitors as not materialized (
    select visitor as id
    from event_visitors
    where visitor is not null
),
-- An order without a session is not a conversion of any visitor.
visitor_totals as (
    select
        (select count(*) from seen_visitors) as visitors,
        (select count(*) from new_visitors where id in (select id from seen_visitors)) as new_visitors,
        (
            select count(*)
            from (select distinct visitor from order_rows where session is not null)
            where visitor in (select id from seen_visitors)
        ) as order_visitors
),
event_totals as (
    select
        coalesce(sum(events), 0) as events,
        coalesce(sum(page_views), 0) as page_views,
        coalesce(sum(views), 0) as views
    from event_visitors
),
product_totals as (
    select count(distinct p.product_id) as products
    from (select product from counted_hits group by product) as h
    inner join products as p on h.product = p.id
),
session_totals as (
    select
        count(*) as sessions,
        count(*) filter (is_engaged) as engaged_sessions,
        coalesce(sum(events), 0) as session_events,
        coalesce(sum(page_views), 0) as session_page_views,
        coalesce(sum(end_at - start_at), 0) as duration_us,
        quantile_disc(end_at - start_at, 0.5) as median_us,
        count(*) filter (has_cart) as cart_sessions,
        count(*) filter (has_checkout) as checkout_sessions,
        count(*) filter (orders >= 1) as order_sessions
    from counted_sessions
),
order_totals as (
    select
        count(*) as orders,
        count(*) filter (session is null) as orders_without_session,
        sum(total) filter (currency = $currency) as revenue,
        count(total) filter (currency = $currency) as paid_orders
    from order_rows
)
from visitor_totals, event_totals, product_totals, session_totals, order_totals, refund_totals
