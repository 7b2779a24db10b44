with reasons as (
    select
        e.event_id, e.session_key, coalesce(e.user_id, c.first_user_id, e.client_id) as visitor,
        case when e.is_bot then e.bot_reasons end as of_event, s.bot_reasons as of_session
    from clickstream_events as e
    left join clients as c on e.client_id = c.client_id
    left join (select session_key, bot_reasons from sessions where bot_reasons is not null) as s
        on e.session_key = s.session_key
    where
        e.received_at >= $start and e.received_at < $end
        and (
            e.is_bot
            or e.session_key in (select session_key from sessions where bot_reasons is not null)
        )
),
one_by_one as (
    select event_id, session_key, visitor, cast($any as text) as reason
    from reasons
    where of_event is not null or of_session is not null
    union all
    select event_id, session_key, visitor, unnest(string_to_array(of_event, ','))
    from reasons
    where of_event is not null
    union all
    select event_id, session_key, visitor, unnest(string_to_array(of_session, ','))
    from reasons
    where of_session is not null
)
select
    reason, count(distinct event_id) as events, count(distinct session_key) as sessions,
    count(distinct visitor) as visitors
from one_by_one
group by reason
order by events desc, reason
