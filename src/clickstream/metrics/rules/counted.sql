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
-- Sessions of the range with events of a visitor that the session does not belong to: someone else signed in on the device.
mixed_sessions as (
    select distinct q.session
    from session_quarters as q
    inner join sessions as s on q.session = s.id
    where q.visitor is distinct from s.visitor and s.start_at < $end and s.end_at >= $start
),
own_sessions as (
    select s.id
    from sessions as s
    where s.start_at < $end and s.end_at >= $start and s.id not in (from mixed_sessions) {of_sessions}
),
-- Events that carry an order: what `purchase` means. An order's carrier is its first event from the browser, else from the
-- server; an event knows only the order's id.
purchases as (
    select o.id as order_number, h.moment, coalesce(h.session, 0) as session, h.place
    from orders as o
    inner join hits as h
        on h.order_hash = md5_number_lower(o.order_id) and h.moment = o.ordered_at
        and h.session is not distinct from o.session
    where h.order_hash is not null {purchases_of}
    qualify row_number() over (
        partition by o.id order by h.name = (select id from texts where text = 'order_confirmed'), h.place
    ) = 1
),
new_visitors as not materialized (
    select id, first_seen
    from visitors
    where first_seen >= $start and first_seen < $end and is_new
)
