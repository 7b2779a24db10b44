-- The customers of the range and their scores. A score counts, in fifths of all customers, those who are strictly worse;
-- equal values have equal scores.
, customers as materialized (
    select visitor, max(ordered_at) as last_order_at, count(*) as orders, sum(total) as revenue
    from counted_orders
    where currency = $currency and total is not null and visitor is not null
    group by visitor
),
dated as (
    select *, ($last_date - {local_date}) // 86400000000 as recency_days
    from customers
),
ranked as (
    select
        *,
        1 + 5 * (rank() over (order by recency_days desc) - 1) // count(*) over () as r,
        1 + 5 * (rank() over (order by orders) - 1) // count(*) over () as f,
        1 + 5 * (rank() over (order by revenue) - 1) // count(*) over () as m
    from dated
),
scored as materialized (
    select
        *,
        case
            when r >= 4 and f >= 4 then 'champions'
            when r >= 3 and f >= 3 then 'loyal'
            when r >= 4 and orders = 1 then 'new'
            when r >= 3 then 'promising'
            when f >= 3 then 'at_risk'
            else 'lost'
        end as "group"
    from ranked
)
