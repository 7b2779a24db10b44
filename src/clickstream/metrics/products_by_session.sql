-- What sessions did with products, without filters of events: sessions in whole quarters of the range as the mart counted
-- them; other sessions, and events without a session, event by event.
edges as materialized (
    select h.product, h.session, h.name, h.place
    from counted_hits as h
    where h.session is null or h.session in (
        select id
        from sessions
        where start_at < $end and end_at >= $start and (
            start_at // 900000000 < ($start + 899999999) // 900000000 or end_at // 900000000 >= $end // 900000000
        )
    )
),
checkouts as (
    select session, max(place) as place
    from edges
    where name = {checkout}
    group by session
),
shown as not materialized (
    select q.product, q.session, q.events, q.views, q.cart_adds, q.has_checkout
    from session_products as q
    where q.first_quarter >= ($start + 899999999) // 900000000 and q.last_quarter < $end // 900000000
        {of_quarters} {session_of_quarter}
    union all
    select
        e.product, e.session, count(*), count(*) filter (e.name = {view}), count(*) filter (e.name = {add}),
        coalesce(min(e.place) filter (e.name = {add}) < any_value(c.place), false)
    from edges as e
    left join checkouts as c on e.session = c.session
    where e.product <> 0
    group by e.product, e.session
)
