-- Three rows in a fixed order. An event counts by its own state, a session by the strongest state of its events.
, states as (
    select 1 as rank, 'logged_in' as value
    union all
    select 2, 'anonymous'
    union all
    select 3, '(none)'
),
event_rows as (
    select
        case when user_login_state in ('logged_in', 'anonymous') then user_login_state else '(none)' end as value,
        client_id, user_id, count(*) as events
    from counted_events
    group by 1, client_id, user_id
),
visitors as (
    select value, sum(events) as events, count(visitor_id) as visitors
    from (
        select
            e.value, coalesce(e.user_id, u.first_user_id, e.client_id) as visitor_id, sum(e.events) as events
        from event_rows as e
        left join client_users as u on e.client_id = u.client_id
        group by 1, 2
    ) as resolved
    group by value
),
session_rows as (
    select
        coalesce(login_state, '(none)') as value,
        count(*) as sessions,
        count(case when orders >= 1 then 1 end) as order_sessions
    from counted_sessions
    group by 1
)
select
    t.value,
    coalesce(v.events, 0) as events,
    coalesce(v.visitors, 0) as visitors,
    coalesce(s.sessions, 0) as sessions,
    coalesce(s.order_sessions, 0) as order_sessions
from states as t
left join visitors as v on t.value = v.value
left join session_rows as s on t.value = s.value
order by t.rank
