-- The sequences of nodes, each as a row of steps, counted by session.
, steps as (
    select
        session,
        max(node) filter (step = 1) as node_1, max(node) filter (step = 2) as node_2,
        max(node) filter (step = 3) as node_3, max(node) filter (step = 4) as node_4,
        max(node) filter (step = 5) as node_5, max(node) filter (step = 6) as node_6,
        max(node) filter (step = 7) as node_7, max(node) filter (step = 8) as node_8,
        max(node) filter (step = 9) as node_9, max(node) filter (step = 10) as node_10
    from sequences
    where step <= $steps
    group by session
),
journeys as materialized (
    select s.* exclude (session), count(*) as sessions, count(*) filter (w.orders >= 1) as order_sessions
    from steps as s
    inner join ways as w on s.session = w.id
    group by all
),
labels as (
    {labels}
),
page as (
    select
        l1.text as step_1, l2.text as step_2,
        l3.text as step_3, l4.text as step_4,
        l5.text as step_5, l6.text as step_6,
        l7.text as step_7, l8.text as step_8,
        l9.text as step_9, l10.text as step_10,
        j.sessions, j.order_sessions
    from journeys as j
    left join labels as l1 on j.node_1 = l1.id
    left join labels as l2 on j.node_2 = l2.id
    left join labels as l3 on j.node_3 = l3.id
    left join labels as l4 on j.node_4 = l4.id
    left join labels as l5 on j.node_5 = l5.id
    left join labels as l6 on j.node_6 = l6.id
    left join labels as l7 on j.node_7 = l7.id
    left join labels as l8 on j.node_8 = l8.id
    left join labels as l9 on j.node_9 = l9.id
    left join labels as l10 on j.node_10 = l10.id
    order by
        j.sessions desc, step_1 nulls last, step_2 nulls last, step_3 nulls last, step_4 nulls last, step_5 nulls last, step_6 nulls last, step_7 nulls last, step_8 nulls last, step_9 nulls last, step_10 nulls last
    limit $limit offset $offset
)
select
    (select count(*) from journeys) as total_rows,
    (select coalesce(sum(sessions), 0) from journeys) as all_sessions,
    (select count(*) from ways) as counted_sessions,
    p.*
from (select 1 as one) as one
left join page as p on true
order by
    p.sessions desc, step_1 nulls last, step_2 nulls last, step_3 nulls last, step_4 nulls last, step_5 nulls last, step_6 nulls last, step_7 nulls last, step_8 nulls last, step_9 nulls last, step_10 nulls last
