-- Counted sessions by one value of theirs, named in the slot. A visitor in two countries counts in both.
, known as (
    select
        s.*, {value} as value,
        coalesce(s.user_id, u.first_user_id, s.client_id) as visitor_id,
        case when s.session_key in (select session_key from cart_events) then 1 else 0 end as has_cart
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
grouped as (
    select
        k.value,
        count(*) as sessions,
        count(distinct k.visitor_id) as visitors,
        count(f.session_key) as new_sessions,
        count(case when k.is_engaged then 1 end) as engaged_sessions,
        sum(k.duration_us) as duration_us,
        sum(k.has_cart) as cart_sessions
    from known as k
    left join first_sessions as f on k.session_key = f.session_key
    group by k.value
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
