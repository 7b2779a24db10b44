-- The carts of visitors who filled one in the range. kind: the number of the event's name, $purchase for a purchase.
-- passes: whether a cart that the event opens counts.
, openers as materialized (
    select distinct v.visitor
    from counted_hits as h
    inner join pairs as v on h.pair = v.id
    where h.name = $add
),
cart_events as (
    select
        v.visitor, h.moment, h.session, h.place, h.name as kind, h.product,
        h.moment >= $start and h.moment < $end {event_filters} {session_of_hit} as passes
    from hits as h
    inner join pairs as v on h.pair = v.id
    where h.name in ($add, $remove, $checkout) and h.moment < $as_of {of_hits}
        and v.visitor in (select visitor from openers)
    union all
    -- In the place of the event that an order got its time from: the first one in the browser, else the first one.
    select any_value(o.visitor), any_value(o.ordered_at), any_value(o.session), first(h.place order by t.text, h.place),
        $purchase, 0, false
    from population_orders as o
    left join hits as h
        on o.session is not distinct from h.session and o.ordered_at = h.moment
        and md5_number_lower(o.order_id) = h.order_hash and h.order_hash is not null
    left join texts as t on h.name = t.id
    where o.visitor in (select visitor from openers)
    group by o.id
),
in_order as (
    select
        e.*,
        row_number() over visits as number,
        lag(e.kind) over visits = $purchase or e.moment - lag(e.moment) over visits > $idle as is_start
    from cart_events as e
    left join sessions as s on e.session = s.id
    window visits as (partition by e.visitor order by e.moment, s.session_key nulls last, e.place nulls last)
),
runs as materialized (
    select *, count(*) filter (is_start) over (partition by visitor order by number) as run
    from in_order
),
carts as materialized (
    select
        visitor, run, opened_at, ordered_at, has_checkout, events,
        opened_at > $as_of - $idle as is_unripe,
        case
            when ordered_at is not null then 'ordered'
            when last_at >= $as_of - $idle then 'open'
            when removes >= adds then 'emptied'
            else 'abandoned'
        end as state
    from (
        select
            visitor, run,
            min(moment) filter (kind = $add) as opened_at,
            max(moment) as last_at,
            max(moment) filter (kind = $purchase) as ordered_at,
            count(*) filter (kind = $add) as adds,
            count(*) filter (kind = $remove) as removes,
            coalesce(bool_or(kind = $checkout), false) as has_checkout,
            count(*) as events,
            min_by(passes, number) filter (kind = $add) as passes
        from runs
        group by visitor, run
    )
    where passes
)
