-- Links between the nodes of consecutive steps, counted by session. -2 is the end of a sequence, -3 all nodes of a step
-- that are not among its largest ones.
, links as materialized (
    select step, node as source, coalesce(next_node, -2) as target, count(*) as sessions
    from sequences
    where step < $steps
    group by step, node, coalesce(next_node, -2)
),
step_nodes as (
    select step, source as node, sum(sessions) as sessions
    from links
    group by step, source
    union all
    select step + 1, target, sum(sessions)
    from links
    where step = $steps - 1 and target <> -2
    group by step, target
),
labels as (
    {labels}
),
kept as materialized (
    select n.step, n.node
    from step_nodes as n
    inner join labels as l on n.node = l.id
    qualify row_number() over (partition by n.step order by n.sessions desc, l.text) <= $top
),
pruned as (
    select
        k.step,
        case when s.node is null then -3 else k.source end as source,
        case when k.target <> -2 and t.node is null then -3 else k.target end as target,
        sum(k.sessions) as sessions
    from links as k
    left join kept as s on k.step = s.step and k.source = s.node
    left join kept as t on k.step + 1 = t.step and k.target = t.node
    group by 1, 2, 3
),
named as (
    select p.step, s.text as source, t.text as target, p.sessions
    from pruned as p
    inner join labels as s on p.source = s.id
    inner join labels as t on p.target = t.id
),
page as (
    select *
    from named
    order by step, sessions desc, source, target
    limit $limit offset $offset
)
select
    (select count(*) from named) as total_rows,
    (select coalesce(sum(sessions), 0) from links where step = 1) as all_sessions,
    (select count(*) from ways) as counted_sessions,
    p.*
from (select 1 as one) as one
left join page as p on true
order by p.step, p.sessions desc, p.source, p.target
