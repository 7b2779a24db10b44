-- The events of each unit (a visitor or a session) that may be steps, in event order; then for each step the events that
-- fill it: each follows the latest event that fills the step before, and lies in the window after the entry which that
-- event inherited. A unit reaches a step with the first event that fills it.
, shared_quarters as (
    select visitor, quarter
    from session_quarters
    where quarter >= $start // 900000000 and quarter <= $until // 900000000
    group by visitor, quarter
    having min(session) <> max(session)
),
-- Sessions with events in a quarter of an hour in which another session has events of the same visitor.
tied_sessions as (
    select id, row_number() over (order by session_key) as rank
    from sessions
    where id in (
        select q.session
        from session_quarters as q
        inner join shared_quarters as s on q.visitor = s.visitor and q.quarter = s.quarter
    )
),
step_hits as (
    select
        {unit} as unit, h.moment, {session_rank} as session_rank, h.place, {event_split} as split,
        h.moment < $end {event_filters} {session_of_hit} as is_entry,
        {step_columns}
    from hits as h
    {unit_joins}
    {event_split_join}
    where h.moment >= $start and h.moment < $until and ({counted}) {of_hits}
),
events as materialized (
    select *, {position} as position
    from step_hits
    where unit is not null and ({kept})
),
filled_1 as materialized (
    select unit, position, moment, moment as entry, split
    from events
    where step_1 and is_entry
){further_steps},
first_entries as materialized (
    select unit, arg_min(split, position) as split
    from filled_1
    group by unit
),
largest_groups as (
    select split
    from first_entries
    where $groups is null or split in (select unnest(cast($groups as varchar[])))
    group by split
    order by count(*) desc, split
    limit 10
),
units as materialized (
    select unit, case when split in (from largest_groups) then split else '(other)' end as split
    from first_entries
),
reached as (
    select 1 as step, unit, null as step_us, null as total_us from units{further_reached}
),
figures as (
    select
        u.split, r.step, count(*) as reached, quantile_disc(r.step_us, 0.5) as median_us,
        quantile_disc(r.step_us, 0.9) as p90_us, quantile_disc(r.total_us, 0.5) as total_us
    from reached as r
    inner join units as u on r.unit = u.unit
    group by u.split, r.step
),
totals as (
    select count(*) as step_events
    from events
    where {matching}
)
from totals
left join figures on true
