-- Some events of the warehouse, the newest first, and what is known of their visitors and sessions: for these rows alone.
with page as (
    select {columns}
    from clickstream_events as e
    {joins}
    where e.event_timestamp >= $start and e.event_timestamp < $end {conditions}
    order by {newest_first}
    limit $limit
)
select
    p.*,
    case when p.event_name <> 'order_refunded' then coalesce(p.user_id, c.first_user_id, p.client_id) end as visitor_id,
    s.channel as session_channel, s.device_type as session_device, s.country as session_country,
    coalesce(s.is_bot, p.is_bot) as is_of_bot
from page as p
left join clients as c on p.client_id = c.client_id
left join sessions as s on p.session_key = s.session_key
order by {newest_first_of_page}
