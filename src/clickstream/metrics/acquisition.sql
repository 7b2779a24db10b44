-- Counted sessions by one value of theirs, named in the slot. A visitor in two of them counts in both. Orders are those
-- placed in these sessions, whenever.
, marked as (
    select
        s.*,
        coalesce(s.user_id, u.first_user_id, s.client_id) as visitor_id
    from counted_sessions as s
    left join client_users as u on s.client_id = u.client_id
),
-- The first session of each new visitor, whenever it began: only then is a counted one known to be the first. Used
-- twice, so this one may be kept.
new_visitor_sessions as (
    select n.visitor_id, s.session_key, s.session_start
    from population_sessions as s
    left join client_users as u on s.client_id = u.client_id
    inner join new_visitors as n on coalesce(s.user_id, u.first_user_id, s.client_id) = n.visitor_id
),
first_sessions as (
    select min(s.session_key collate "C") as session_key
    from new_visitor_sessions as s
    inner join (
        select visitor_id, min(session_start) as session_start
        from new_visitor_sessions
        group by visitor_id
    ) as f on s.visitor_id = f.visitor_id and s.session_start = f.session_start
    group by s.visitor_id
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
grouped as (
    select
        value,
        count(*) as sessions,
        count(distinct visitor_id) as visitors,
        count(first_session_key) as new_sessions,
        count(case when is_engaged then 1 end) as engaged_sessions,
        sum(duration_us) as duration_us,
        count(case when has_cart then 1 end) as cart_sessions,
        count(case when orders >= 1 then 1 end) as order_sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(paid_orders) as paid_orders
    from known
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
