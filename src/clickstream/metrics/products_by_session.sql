-- What sessions did with products, without filters of events: sessions inside the range as the mart counted them, and the
-- events of the others one by one.
select product, session, events, views, cart_adds, has_checkout
    from session_products
    where session in (
        select s.id from population_sessions as s
        where s.start_at >= $start and s.end_at < $end {session_filters}
    )
    union all
    select h.product, h.session, count(*), count(*) filter (h.name = {view}), count(*) filter (h.name = {add}),
        coalesce(min(h.place) filter (h.name = {add}) < any_value(c.place), false)
    from counted_hits as h
    left join (
        select session, max(place) as place from counted_hits where name = {checkout} group by session
    ) as c on h.session = c.session
    where h.product <> 0 and (
        h.session is null
        or h.session in (
            select id from sessions
            where (start_at < $start and end_at >= $start) or (start_at < $end and end_at >= $end)
        )
    )
    group by h.product, h.session
