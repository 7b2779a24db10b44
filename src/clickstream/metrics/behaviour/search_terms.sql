-- The searches in the range by term. A session did the same after all its searches for a term: `searches` has it in each.
, searched as materialized (
    select p.visitor, h.session, s.* exclude (session, moment, place)
    from counted_hits as h
    left join searches as s
        on h.moment = s.moment and h.session is not distinct from s.session and h.place = s.place
    left join pairs as p on h.pair = p.id
    where h.name = $search
),
ordered as (
    select distinct s.session, s.term
    from searched as s
    inner join orders as o
        on s.session = o.session and o.place > s.last_place and (s.end_place is null or o.place < s.end_place)
),
figures as materialized (
    select
        s.term, count(*) as searches, count(distinct s.visitor) as visitors, count(distinct s.session) as sessions,
        count(*) filter (s.results = 0) as no_result_searches, count(s.results) as known_searches,
        count(distinct s.session) filter (s.has_view) as view_sessions,
        count(distinct s.session) filter (s.is_exit) as exit_sessions,
        count(distinct o.session) as order_sessions
    from searched as s
    left join ordered as o on s.session = o.session and s.term = o.term
    where s.term is not null
    group by s.term
),
page as (
    select *
    from figures
    where true {only_values}
    order by searches desc, term
    limit $limit offset $offset
)
select
    (select count(*) from figures) as total_rows,
    (select count(*) from searched) as all_searches,
    (select count(*) from searched where term is null) as without_term,
    p.*
from (select 1 as one) as t
left join page as p on true
order by p.searches desc, p.term
