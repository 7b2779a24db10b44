-- The events of one visitor: of the sessions of the visitor's clients, read where these lie in time; and those without a
-- session.
{pairs},
client_sessions as (
    select unnest(cast($keys as text[])) as session_key, unnest(cast($bots as boolean[])) as is_bot
),
wanted as (
    select {columns}, coalesce(s.is_bot, e.is_bot, false) as is_of_bot
    from client_sessions as s
    inner join clickstream_events as e on s.session_key = e.session_key
    where e.event_timestamp >= $start and e.event_timestamp < $end and ({spans})
        and (e.user_id = $visitor or (e.user_id is null and e.client_id in (select client_id from visitor_clients)))
        {event_filter}
    union all
    select {columns}, coalesce(e.is_bot, false)
    from clickstream_events as e
    where e.session_key is null and e.user_id = $visitor and e.event_name <> 'order_refunded'
        and exists (select 1 from visitor_pairs where client_id is null)
        and e.event_timestamp >= $start and e.event_timestamp < $end {event_filter}
),
page as (
    select *
    from wanted as w
    where true {before}
    order by {newest_first}
    limit $limit offset $offset
)
select (select count(*) from wanted) as total_rows, p.*
from (select 1 as one) as one
left join page as p on true
order by {newest_first_of_page}
