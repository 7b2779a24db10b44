-- The rules of every metric as SQL: which rows exist for the question, and which of them count. Every metric's own
-- SQL follows these CTEs. NOT MATERIALIZED, so that an engine reads only the columns and days a metric needs.
with
population_events as not materialized (
    select *
    from clickstream_events
    where event_timestamp < $as_of {population}
),
population_sessions as not materialized (
    select session_key, client_id, user_id, session_start, session_end, events, page_views, key_events, entry_page, country
    from sessions
    where session_end < $as_of {population}
    {cut_sessions}
),
counted_events as not materialized (
    select e.*, {event_split} as split
    from population_events as e
    {event_split_join}
    where e.event_timestamp >= $start and e.event_timestamp < $end {event_filters} {session_of_event}
),
counted_sessions as not materialized (
    select
        s.*,
        @micros(s.session_end) - @micros(s.session_start) as duration_us,
        -- two page views, ten seconds or one key event; everybody else bounced
        s.page_views >= 2
        or @micros(s.session_end) - @micros(s.session_start) >= 10000000
        or s.key_events >= 1 as is_engaged
    from population_sessions as s
    where s.session_start >= $start and s.session_start < $end {session_filters} {event_of_session}
),
-- Events that make a session one with a cart, one with a checkout. An event is never before its session, so days before
-- the range are not read; one event name at a time, so that an engine reads session keys of these events only.
cart_events as not materialized (
    select session_key
    from population_events
    where event_name = 'add_to_cart_click' and event_timestamp >= $start and session_key is not null
),
checkout_events as not materialized (
    select session_key
    from population_events
    where event_name = 'checkout_start' and event_timestamp >= $start and session_key is not null
),
-- Whose client is it: the first user id that it ever showed.
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
-- Two pairs at the same instant that disagree: the first one in event order speaks. Rare, so only these are sorted.
first_of_tied as not materialized (
    select
        p.visitor_id, p.may_be_new,
        row_number() over (
            partition by p.visitor_id
            order by p.received_at nulls last, p.object collate "C" nulls last, p.line nulls last, p.event_id
        ) as place
    from first_seen as f
    inner join pairs_seen as p on f.visitor_id = p.visitor_id and f.first_seen_at = p.first_seen_at
    where f.new_at = f.known_at
),
-- First seen in range, unless that first event said that the visitor had been here before.
new_visitors as not materialized (
    select visitor_id, first_seen_at
    from first_seen
    where
        first_seen_at >= $start
        and first_seen_at < $end
        and (
            known_at is null
            or known_at > first_seen_at
            or (new_at = known_at and visitor_id in (select visitor_id from first_of_tied where place = 1 and may_be_new))
        )
)
