-- The newest sessions that count.
select start_at as moment, session_key as key, 0 as earlier
from counted_sessions
where true {of_figure}
order by start_at desc, session_key
limit $limit
