-- The sessions of a visitor's clients, the oldest first. is_own: the session is the visitor's, not only some of its events.
{pairs}
select
    s.session_key, s.session_start, s.session_end, coalesce(s.is_bot, false) as is_bot,
    coalesce(nullif(s.channel, ''), '(none)') as channel,
    coalesce(s.user_id = $visitor, s.client_id in (select client_id from visitor_clients), false) as is_own
from pair_clients as p
inner join sessions as s on coalesce(s.client_id, '') = p.client
order by s.session_start, s.session_key
