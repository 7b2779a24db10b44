-- Removes what the mart has of changed sessions and quarters. In: `changed_sessions` (keys), `changed_starts` (the first
-- and the last start of these sessions), `changed_quarters` (events without a session). Out: also `old_sessions`, the
-- sessions as they were. The times let the engine skip the blocks of other days.
create or replace temp table old_sessions as
select id, session_key, start_at, end_at
from sessions
where session_key in (from changed_sessions)
    and start_at between (select min(key) from changed_starts) and (select max(key) from changed_starts);

delete from hits
where session in (select id from old_sessions)
    and moment between (select min(start_at) from old_sessions) and (select max(end_at) from old_sessions);

delete from session_quarters
where session in (select id from old_sessions)
    and quarter between (select min(start_at) // 900000000 from old_sessions)
        and (select max(end_at) // 900000000 from old_sessions);

delete from searches
where session in (select id from old_sessions)
    and moment between (select min(start_at) from old_sessions) and (select max(end_at) from old_sessions);

delete from session_products where session in (select id from old_sessions);

delete from sessions where id in (select id from old_sessions);

delete from hits
where session is null
    and moment // 900000000 in (from changed_quarters)
    and moment between (select min(key) * 900000000 from changed_quarters)
        and (select max(key) * 900000000 + 899999999 from changed_quarters);

delete from searches
where session is null
    and moment // 900000000 in (from changed_quarters)
    and moment between (select min(key) * 900000000 from changed_quarters)
        and (select max(key) * 900000000 + 899999999 from changed_quarters);

delete from session_quarters where session is null and quarter in (from changed_quarters);
