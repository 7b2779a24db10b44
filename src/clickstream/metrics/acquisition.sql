-- The counted sessions, grouped by the expression in the slot `value`. A visitor with sessions in two groups counts in
-- both. Orders are those placed in these sessions, at any time.
, marked as (
    select
        s.*,
        coalesce(s.user_id, u.first_user_id, s.client_id) as visitor_id
    from counted_sessions as s
    left join client_users as u on s.client_id = u.client_id
),
-- The sessions of new visitors, including one that began before the range: without it a counted session could not be
-- shown to be the first. None of them ended before the range: a session belongs to its visitor through one of its
-- events, and the visitor's first event is in the range.
new_visitor_sessions as (
    select
        s.session_key,
        row_number() over (partition by n.visitor_id order by s.session_start, s.session_key collate "C") as rank
    from population_sessions as s
    left join client_users as u on s.client_id = u.client_id
    inner join new_visitors as n on coalesce(s.user_id, u.first_user_id, s.client_id) = n.visitor_id
    where s.session_end >= $start and s.session_start < $end
),
first_sessions as (
    select session_key
    from new_visitor_sessions
    where rank = 1
),
paid as (
    select session_key, sum(total) as revenue, count(total) as paid_orders
    from population_orders
    where session_key is not null and coalesce(nullif(currency, ''), 'XXX') = cast($currency as text)
    group by session_key
),
known as (
    select s.*, {value} as value, f.session_key as first_session_key, p.revenue, p.paid_orders
    from marked as s
    left join first_sessions as f on s.session_key = f.session_key
    left join paid as p on s.session_key = p.session_key
),
-- Grouped by visitor first, then by value: count(distinct) would make PostgreSQL sort all sessions.
by_visitor as (
    select
        value, visitor_id,
        count(*) as sessions,
        count(first_session_key) as new_sessions,
        count(case when is_engaged then 1 end) as engaged_sessions,
        sum(duration_us) as duration_us,
        count(case when has_cart then 1 end) as cart_sessions,
        count(case when orders >= 1 then 1 end) as order_sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(paid_orders) as paid_orders
    from known
    group by value, visitor_id
),
grouped as (
    select
        value,
        count(visitor_id) as visitors,
        sum(sessions) as sessions,
        sum(new_sessions) as new_sessions,
        sum(engaged_sessions) as engaged_sessions,
        sum(duration_us) as duration_us,
        sum(cart_sessions) as cart_sessions,
        sum(order_sessions) as order_sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(paid_orders) as paid_orders
    from by_visitor
    group by value
),
totals as (
    select count(*) as total_rows, coalesce(sum(sessions), 0) as total_sessions
    from grouped
),
page as (
    select *
    from grouped
    where true {only_values}
    order by sessions desc, value collate "C"
    limit $limit offset $offset
)
select t.total_rows, t.total_sessions, p.*
from totals as t
left join page as p on true
order by p.sessions desc, p.value collate "C"
