-- The rules shared by all metrics: which rows exist for a question, and which of them count. Each metric's own SQL
-- follows these CTEs. NOT MATERIALIZED, so that an engine reads only the columns and days that a metric needs.
-- existing: before as_of, with or without the sample. population: without the rows that `humans` drops. counted: in the
-- range, and matching the filters.
with
existing_events as not materialized (
    select *
    from clickstream_events
    where event_timestamp < $as_of {sample}
),
existing_orders as not materialized (
    select order_id, event_id, ordered_at, client_id, user_id, session_key, total, currency, items_event_id, is_bot
    from orders
    where ordered_at < $as_of {sample} {or_cut_orders}
),
existing_sessions as not materialized (
    select
        session_key, client_id, user_id, session_start, session_end, events, page_views, entry_page, source, medium,
        campaign, channel, referrer_domain, device_type, browser, os, country, login_state, has_cart, has_checkout,
        orders, is_engaged, is_bot
    from sessions
    where session_end < $as_of {sample} {or_cut_sessions}
),
population_events as not materialized (
    select e.*
    from existing_events as e
    where true {of_humans}
),
population_sessions as not materialized (
    select *
    from existing_sessions
    where true {sessions_of_humans}
),
population_orders as not materialized (
    select e.*
    from existing_orders as e
    where true {of_humans}
),
counted_events as not materialized (
    select e.*, {event_split} as split
    from population_events as e
    {event_split_join}
    where e.event_timestamp >= $start and e.event_timestamp < $end {event_filters} {session_of_event}
),
counted_sessions as not materialized (
    select s.*, @micros(s.session_end) - @micros(s.session_start) as duration_us
    from population_sessions as s
    where s.session_start >= $start and s.session_start < $end {session_filters} {event_of_session}
),
-- An order counts by the time it was placed; its session may begin before the range.
counted_orders as not materialized (
    select o.*, {order_split} as split
    from population_orders as o
    {order_split_join}
    where o.ordered_at >= $start and o.ordered_at < $end {session_of_order} {event_of_order}
),
-- The first user id that each client ever sent.
client_users as not materialized (
    select client_id, first_user_id
    from clients
    where event_timestamp < $as_of
),
pairs_seen as not materialized (
    select
        coalesce(p.user_id, u.first_user_id, p.client_id) as visitor_id,
        p.first_seen_at, coalesce(p.first_is_first_visit, true) as may_be_new,
        p.received_at, p.object, p.line, p.event_id
    from seen as p
    left join client_users as u on p.client_id = u.client_id
    where p.first_seen_at < $as_of
),
first_seen as not materialized (
    select
        visitor_id,
        min(first_seen_at) as first_seen_at,
        min(case when may_be_new then first_seen_at end) as new_at,
        min(case when not may_be_new then first_seen_at end) as known_at
    from pairs_seen
    group by visitor_id
),
-- Two pairs at the same instant that disagree: the first one in event order decides. They are rare, so only these are
-- sorted.
first_of_tied as not materialized (
    select
        p.visitor_id, p.may_be_new,
        row_number() over (
            partition by p.visitor_id
            order by p.received_at nulls last, p.object collate "C" nulls last, p.line nulls last, p.event_id
        ) as rank
    from first_seen as f
    inner join pairs_seen as p on f.visitor_id = p.visitor_id and f.first_seen_at = p.first_seen_at
    where f.new_at = f.known_at
),
-- First seen in the range, unless that first event has is_first_visit = false. CASE makes PostgreSQL evaluate ties only
-- where one exists.
new_visitors as not materialized (
    select visitor_id, first_seen_at
    from first_seen
    where
        first_seen_at >= $start
        and first_seen_at < $end
        and case
            when known_at is null or known_at > first_seen_at then true
            when new_at = known_at
                then visitor_id in (select visitor_id from first_of_tied where rank = 1 and may_be_new)
            else false
        end
)
