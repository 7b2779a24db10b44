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
    select o.visitor, o.ordered_at, o.session, p.place, $purchase, 0, false
    from population_orders as o
    left join purchases as p on o.id = p.order_number
    where o.visitor in (select visitor from openers)
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
