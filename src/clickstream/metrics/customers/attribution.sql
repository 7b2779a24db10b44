-- The orders in the range, divided among the sessions of their visitor that led to them, by the expression in the slot
-- `value`. Filters select orders, not touches. Credit is in millionths of an order; the last touch of an order
-- gets what rounding left.
, conversions as materialized (
    select id, visitor, ordered_at, total, currency
    from counted_orders
),
observed as materialized (
    select
        c.id as order_number, s.id as session, s.start_at, s.session_key, {value} as value,
        s.channel = 'direct' as is_direct, (c.ordered_at - s.start_at) // 86400000000 as days
    from conversions as c
    inner join population_sessions as s on c.visitor = s.visitor
    where s.start_at between c.ordered_at - $lookback and c.ordered_at
        and s.start_at >= $start - $lookback and s.start_at < $end
),
touches as materialized (
    select order_number, start_at, session_key, value, is_direct, days
    from observed
    union all
    select id, ordered_at, '', '(unobserved)', false, 0
    from conversions
    where id not in (select order_number from observed)
),
-- Direct touches count only where an order has no others.
kept as (
    select *
    from touches
    qualify not is_direct or bool_and(is_direct) over (partition by order_number)
),
numbered as materialized (
    select
        order_number, value, days,
        row_number() over (partition by order_number order by start_at, session_key) as i,
        count(*) over (partition by order_number) as n
    from kept
),
models as materialized (
    select unnest(cast($models as varchar[])) as model, generate_subscripts(cast($models as varchar[]), 1) as place
),
weighted as (
    select
        m.place, t.*,
        case m.model
            when 'first' then cast(t.i = 1 as bigint)
            when 'last' then cast(t.i = t.n as bigint)
            when 'linear' then 1
            when 'time_decay' then cast($decay as bigint[])[t.days + 1]
            when 'position' then case when t.n >= 3 and t.i in (1, t.n) then 2 * (t.n - 2) else 1 end
        end as weight
    from numbered as t
    cross join models as m
),
rounded_down as (
    select *, cast(1000000 * weight // sum(weight) over (partition by order_number, place) as bigint) as credit
    from weighted
),
credited as (
    select
        place, order_number, value,
        case when i = n then 1000000 - sum(credit) over (partition by order_number, place) + credit else credit end as credit
    from rounded_down
),
earned as (
    select
        e.place, e.value, sum(e.credit) as credit,
        coalesce(sum(c.total * cast(e.credit as bigint)) filter (c.currency = $currency), 0) as revenue_credit
    from credited as e
    inner join conversions as c on e.order_number = c.id
    group by e.place, e.value
),
touched as materialized (
    select value, count(*) as touches, count(distinct order_number) as orders_touched
    from touches
    group by value
),
page as (
    select
        m.place, m.model, t.value, t.touches, t.orders_touched, coalesce(e.credit, 0) as credit,
        coalesce(e.revenue_credit, 0) as revenue_credit
    from models as m
    cross join touched as t
    left join earned as e on m.place = e.place and t.value = e.value
    where true {only_values}
    order by m.place, credit desc, t.value
    limit $limit offset $offset
)
select
    (select count(*) from conversions) as orders,
    (select count(distinct session) from observed) as sessions,
    (select count(*) from models) * (select count(*) from touched) as total_rows,
    p.*
from (select 1 as one) as one
left join page as p on true
order by p.place, p.credit desc, p.value
