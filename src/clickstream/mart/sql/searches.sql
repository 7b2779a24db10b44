-- Writes searches with what their session did after them. In: `numbered`, whole sessions and events without a session.
insert into searches
with segmented as (
    select session, place, page, term, is_view, is_page, count(term) over (partition by session order by place) as segment
    from numbered
    where session in (select session from numbered where term is not null)
),
segments as (
    select
        session, max(term) as term, min(place) as place, bool_or(is_view) as has_view,
        bool_and(is_page or term is not null) and min(page) = max(page) as has_one_page,
        lead(min(place)) over (partition by session order by segment) as next_place
    from segmented
    where segment > 0
    group by session, segment
),
last_segments as (
    select *
    from segments
    qualify row_number() over (partition by session, term order by place desc) = 1
)
select
    n.moment, n.session, n.place, n.term, n.results, s.place, s.next_place, coalesce(s.has_view, false),
    coalesce(s.next_place is null and s.has_one_page, false)
from numbered as n
left join last_segments as s on n.session = s.session and n.term = s.term
where n.term is not null
order by n.moment, n.session, n.place;
