-- What the customers of each cohort spent, by the month of their orders and refunds. Months of the range are cohorts.
, first_orders as (
    select first(id order by ordered_at, order_id) as id
    from population_orders
    where visitor is not null
    group by visitor
),
cohorts as materialized (
    select o.visitor, {order_month} as cohort
    from counted_orders as o
    inner join first_orders as f on o.id = f.id
),
amounts as (
    select cohort, cohort as month, 1 as customers, 0 as orders, null as revenue, null as refunds
    from cohorts
    union all
    select c.cohort, {order_month}, 0, 1, o.total, null
    from population_orders as o
    inner join cohorts as c on o.visitor = c.visitor
    where o.currency = $currency and o.ordered_at < $until
    union all
    select c.cohort, {refund_month}, 0, 0, null, o.amount
    from refunds_of_orders as o
    inner join cohorts as c on o.visitor = c.visitor
    where o.currency = $currency and o.refunded_at < $until {of_orders}
)
select
    cohort, month, sum(customers) as customers, sum(orders) as orders, sum(revenue) as revenue, sum(refunds) as refunds
from amounts
group by cohort, month
