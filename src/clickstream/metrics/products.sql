-- Products, categories or brands (the slot `value`): from events in the range that name one, and from the items of orders
-- in the range. What a session did with a value stands in bits: 1 = view, 2 = add to the cart, 4 = start a checkout after
-- that. Sessions inside the range are counted from `session_products` (the slot `whole`), the others and events without a
-- session from hits (the slot `cut`).
, sold as materialized (
    select o.id, o.session, o.currency, {value} as value, i.price, i.quantity
    from counted_orders as o
    inner join order_items as i on o.id = i.order_number
    inner join products as p on i.product = p.id
    where {value} is not null
),
-- A checkout names no product, so that filters of events do not apply to it: it counts for every product that was added to
-- the cart before it in the same session.
checkouts as (
    select h.session, max(h.place) as place
    from hits as h
    where h.name = $checkout and h.moment >= $start and h.moment < $end and {cut} {of_hits}
    group by h.session
),
cut as materialized (
    select
        h.session, {value} as value,
        count(*) as events, count(*) filter (h.name = $view) as views, count(*) filter (h.name = $add) as cart_adds,
        (count(*) filter (h.name = $view) > 0)::utinyint + 2 * (count(*) filter (h.name = $add) > 0)::utinyint
            + 4 * coalesce(min(h.place) filter (h.name = $add) < any_value(c.place), false)::utinyint as bits
    from counted_hits as h
    inner join products as p on h.product = p.id
    left join checkouts as c on h.session = c.session
    where {cut} and {value} is not null
    group by h.session, {value}
),
whole as not materialized (
    select q.*, {bits} as bits
    from session_products as q
    where {whole} {of_product_rows} {session_of_quarter}
),
counts as (
    select
        value, sum(events) as events, sum(views) as views, sum(cart_adds) as cart_adds,
        count(session) filter (bits & 1 <> 0) as view_sessions,
        count(session) filter (bits & 2 <> 0) as cart_sessions,
        count(session) filter (bits & 4 <> 0) as checkout_sessions,
        count(session) filter (bits & 3 = 3) as view_cart_sessions
    from cut
    group by value
    union all
    select {value}, w.* exclude (product)
    from (
        select
            product, sum(events), sum(views), sum(cart_adds),
            count(*) filter (bits & 1 <> 0), count(*) filter (bits & 2 <> 0), count(*) filter (bits & 4 <> 0),
            count(*) filter (bits & 3 = 3)
        from whole
        group by product
    ) as w
    inner join products as p on w.product = p.id
    where {value} is not null
),
event_counts as materialized (
    select
        value, sum(events) as events, sum(views) as views, sum(cart_adds) as cart_adds,
        sum(view_sessions) as view_sessions, sum(cart_sessions) as cart_sessions,
        sum(checkout_sessions) as checkout_sessions, sum(view_cart_sessions) as view_cart_sessions
    from counts
    group by value
),
sales as (
    select
        value,
        count(*) as items,
        count(distinct id) as orders,
        cast(round(sum(quantity)) as bigint) as units,
        coalesce(round(sum(price * quantity) filter (currency = $currency), 4), 0) as revenue
    from sold
    group by value
),
figures as materialized (
    select
        coalesce(e.value, s.value) as value,
        coalesce(e.events, 0) as events,
        coalesce(s.items, 0) as items,
        coalesce(e.views, 0) as views,
        coalesce(e.cart_adds, 0) as cart_adds,
        coalesce(e.view_sessions, 0) as view_sessions,
        coalesce(e.cart_sessions, 0) as cart_sessions,
        coalesce(e.checkout_sessions, 0) as checkout_sessions,
        coalesce(e.view_cart_sessions, 0) as view_cart_sessions,
        coalesce(s.units, 0) as units,
        coalesce(s.orders, 0) as orders,
        coalesce(s.revenue, 0) as revenue
    from event_counts as e
    full join sales as s on e.value = s.value
),
page as materialized (
    select *, row_number() over (order by revenue desc, units desc, views desc, value) as rank
    from figures
    where true {only_values}
    order by rank
    limit $limit offset $offset
),
buyers as materialized (
    select distinct s.session, g.value, g.rank
    from sold as s
    inner join page as g on s.value = g.value
    where s.session is not null
),
buyers_did as (
    select session, value, bits
    from cut
    union all
    select w.session, {value}, w.bits
    from whole as w
    inner join products as p on w.product = p.id
    where w.session in (select session from buyers) and w.bits <> 0
),
order_counts as (
    select
        b.rank,
        count(*) as order_sessions,
        count(*) filter (d.bits & 1 <> 0) as view_order_sessions,
        count(*) filter (d.bits & 4 <> 0) as checkout_order_sessions
    from buyers as b
    left join buyers_did as d on b.session = d.session and b.value = d.value
    group by b.rank
),
totals as (
    select
        count(*) as total_rows, coalesce(sum(events), 0) as valued_events, cast(coalesce(sum(items), 0) as bigint) as items
    from figures
)
select
    t.*, p.* exclude (events, items),
    coalesce(o.order_sessions, 0) as order_sessions,
    coalesce(o.view_order_sessions, 0) as view_order_sessions,
    coalesce(o.checkout_order_sessions, 0) as checkout_order_sessions
from totals as t
left join page as p on true
left join order_counts as o on p.rank = o.rank
order by p.rank
