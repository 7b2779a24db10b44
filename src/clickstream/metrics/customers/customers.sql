-- One row for one period. Each order with a total knows when its visitor ordered before; the first order ever does not.
, history as (
    select id, lag(ordered_at) over (partition by visitor order by ordered_at, order_id) as previous_at
    from population_orders
    where visitor is not null
),
bought as (
    select o.visitor, o.total, o.ordered_at, h.previous_at
    from counted_orders as o
    inner join history as h on o.id = h.id
    where o.currency = $currency and o.total is not null
)
select
    count(*) as orders,
    count(distinct visitor) as customers,
    count(distinct visitor) filter (previous_at is null) as first_time,
    count(distinct visitor) filter (previous_at is not null) as repeat_customers,
    quantile_disc((ordered_at - previous_at) // 86400000000, 0.5) as median_days_between_orders,
    sum(total) filter (previous_at is null) as revenue_first,
    sum(total) filter (previous_at is not null) as revenue_repeat
from bought
