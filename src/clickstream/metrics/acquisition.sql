-- The counted sessions, grouped by the expression in the slot `value`. A visitor with sessions in two groups counts in
-- both. Orders are those placed in these sessions, at any time.
, first_sessions as materialized (
    -- Of new visitors, including a session that began before the range: without it a counted session could not be shown
    -- to be the first. None of them ended before the range: a session belongs to its visitor through one of its events,
    -- and the visitor's first event is in the range.
    select first(s.id order by s.start_at, s.session_key) as id
    from population_sessions as s
    inner join new_visitors as n on s.visitor = n.id
    where s.end_at >= $start and s.start_at < $end
    group by n.id
),
-- Of every visitor: a session counts whole.
paid as (
    select session, sum(total) as revenue, count(total) as paid_orders
    from orders
    where session is not null and currency = $currency
    group by session
),
known as not materialized (
    select s.*, {value} as value, f.id is not null as is_new
    from counted_sessions as s
    left join first_sessions as f on s.id = f.id
),
value_visitors as (
    select value, count(distinct visitor) as visitors
    from known
    group by value
),
figures as (
    select
        value,
        count(*) as sessions,
        count(*) filter (is_new) as new_sessions,
        count(*) filter (is_engaged) as engaged_sessions,
        sum(end_at - start_at) as duration_us,
        count(*) filter (has_cart) as cart_sessions,
        count(*) filter (orders >= 1) as order_sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(paid_orders) as paid_orders
    from known
    left join paid on known.id = paid.session
    group by value
),
grouped as (
    select f.*, coalesce(v.visitors, 0) as visitors
    from figures as f
    left join value_visitors as v on f.value = v.value
),
totals as (
    select count(*) as total_rows, coalesce(sum(sessions), 0) as total_sessions
    from grouped
),
page as (
    select *
    from grouped
    where true {only_values}
    order by sessions desc, value
    limit $limit offset $offset
)
select t.total_rows, t.total_sessions, p.*
from totals as t
left join page as p on true
order by p.sessions desc, p.value
