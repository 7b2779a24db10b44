-- The rules shared by all metrics: which rows of the mart count for a question. Each metric's own SQL follows the CTEs
-- that it uses. NOT MATERIALIZED, so that only the columns and days that a metric needs are read. Slots: conditions of
-- population and filters, and groups of a split.
with
population_sessions as not materialized (
    select s.*
    from sessions as s
    where true {of_sessions}
),
population_orders as not materialized (
    select o.*
    from {orders} as o
    where o.ordered_at < $as_of {of_orders}
),
counted_sessions as not materialized (
    select s.*
    from population_sessions as s
    where s.start_at >= $start and s.start_at < $end {session_filters} {event_of_session}
),
counted_hits as not materialized (
    select h.*, {event_split} as split
    from hits as h
    {event_split_join}
    where h.moment >= $start and h.moment < $end {of_hits} {event_filters} {session_of_hit}
),
-- Events by session, visitor and quarter of an hour. Quarters that the range, or a change of clocks, cuts: event by event.
counted_quarters as not materialized (
    {quarters}
),
-- An order counts by the time it was placed; its session may begin before the range.
counted_orders as not materialized (
    select o.*, {order_split} as split
    from population_orders as o
    {order_split_join}
    where o.ordered_at >= $start and o.ordered_at < $end {session_of_order} {event_of_order}
),
refunds_of_orders as not materialized (
    select
        r.order_id, r.refunded_at, r.amount, r.currency, o.id as order_number, o.session, o.visitor,
        coalesce(o.is_sample, r.is_sample) as is_sample, coalesce(o.is_bot, r.is_bot) as is_bot
    from refunds as r
    left join {orders} as o on r.order_number = o.id and o.ordered_at < $as_of
),
-- A refund counts by its own time. Filters apply to its order; one of an unknown order is like an order without a session.
counted_refunds as not materialized (
    select o.*, {order_split} as split
    from refunds_of_orders as o
    {order_split_join}
    where o.refunded_at >= $start and o.refunded_at < $end {of_orders} {session_of_order} {event_of_order}
),
new_visitors as not materialized (
    select id, first_seen
    from visitors
    where first_seen >= $start and first_seen < $end and is_new
)
