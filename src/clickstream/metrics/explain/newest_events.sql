-- The newest events that count. earlier: events of its session at the same instant that come before it in event order.
, newest as materialized (
    select moment, session, place
    from counted_hits
    where true {of_figure}
    order by moment desc, place desc, session
    limit $limit
)
select
    n.moment, s.session_key as key,
    (
        select count(*)
        from hits as h
        where h.session is not distinct from n.session and h.moment = n.moment and h.place < n.place
    ) as earlier
from newest as n
left join sessions as s on n.session = s.id
order by n.moment desc, n.place desc, n.session
