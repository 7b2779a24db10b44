-- The searches in the range by term. A session did the same after all its searches for a term: `searches` has it in each.
, searched as materialized (
    select p.visitor, h.session, s.* exclude (session, moment, place)
    from counted_hits as h
    left join searches as s
        on h.moment = s.moment and h.session is not distinct from s.session and h.place = s.place
        and s.moment >= $start and s.moment < $end
    left join pairs as p on h.pair = p.id
    where h.name = $search
),
by_session as materialized (
    select
        term, session, last_place, end_place, has_view, is_exit, count(*) as searches,
        count(*) filter (results = 0) as no_result_searches, count(results) as known_searches
    from searched
    where term is not null
    group by term, session, last_place, end_place, has_view, is_exit
),
ordered as (
    select s.term, count(distinct s.session) as order_sessions
    from by_session as s
    inner join orders as o
        on s.session = o.session and o.place > s.last_place and (s.end_place is null or o.place < s.end_place)
    group by s.term
),
term_visitors as (
    select term, count(distinct visitor) as visitors
    from searched
    group by term
),
figures as materialized (
    select
        term, cast(sum(searches) as bigint) as searches, count(session) as sessions,
        cast(sum(no_result_searches) as bigint) as no_result_searches,
        cast(sum(known_searches) as bigint) as known_searches,
        count(*) filter (has_view) as view_sessions, count(*) filter (is_exit) as exit_sessions
    from by_session
    group by term
),
page as materialized (
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
    p.*, v.visitors, coalesce(o.order_sessions, 0) as order_sessions
from (select 1 as one) as t
left join page as p on true
left join term_visitors as v on p.term = v.term
left join ordered as o on p.term = o.term
order by p.searches desc, p.term
