-- Pairs of client and user as `new_seen`.
select
    nullif(s.client_id, '') as client_id, nullif(s.user_id, '') as user_id, @micros(s.first_seen_at) as first_seen,
    s.first_is_first_visit as is_first_visit, @micros(s.received_at) as received_at, s.object, s.line,
    cast(s.event_id as text) as event_id
from seen as s
where (s.client_id <> '' or s.user_id <> '') and {seen}
