-- Three rows in a fixed order. An event counts by its own state, a session by the strongest state of its events.
, states as (
    from (values (1, 'logged_in'), (2, 'anonymous'), (3, '(none)')) as states (rank, value)
),
event_rows as (
    select login_state, visitor, sum(events) as events
    from counted_quarters
    group by all
),
visitors as (
    select
        case when t.text in ('logged_in', 'anonymous') then t.text else '(none)' end as value,
        sum(e.events) as events, count(distinct e.visitor) as visitors
    from event_rows as e
    inner join texts as t on e.login_state = t.id
    group by value
),
session_rows as (
    select login_state as value, count(*) as sessions, count(*) filter (orders >= 1) as order_sessions
    from counted_sessions
    group by value
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
