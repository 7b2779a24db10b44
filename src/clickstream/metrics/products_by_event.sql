-- What sessions did with products, event by event. A checkout names no product, so that filters of events do not apply to
-- it: it counts for every product that was added to the cart before it in the same session.
checkouts as (
    select session, max(place) as place
    from hits as h
    where name = {checkout} and moment >= $start and moment < $end and session is not null {of_hits}
    group by session
),
shown as materialized (
    select
        h.product, h.session, count(*) as events, count(*) filter (h.name = {view}) as views,
        count(*) filter (h.name = {add}) as cart_adds,
        coalesce(min(h.place) filter (h.name = {add}) < any_value(c.place), false) as has_checkout
    from counted_hits as h
    left join checkouts as c on h.session = c.session
    where h.product <> 0
    group by h.product, h.session
)
