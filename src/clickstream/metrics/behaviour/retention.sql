-- Cohorts by the bucket of their visitors' first start event, and how many of them have a return event in each bucket from
-- then on. A row without a bucket is the size of a cohort.
, first_moments as materialized (
    select p.visitor, min(f.moment) as moment
    from (
        select h.pair, min(h.moment) as moment
        from hits as h
        where h.moment < $end and {is_start} {of_hits}
        group by h.pair
    ) as f
    inner join pairs as p on f.pair = p.id
    group by p.visitor
    having min(f.moment) >= $start
),
-- Of a visitor's start events at one time, the first in event order.
first_events as materialized (
    select h.*, f.visitor, s.session_key
    from hits as h
    inner join pairs as p on h.pair = p.id
    inner join first_moments as f on p.visitor = f.visitor and h.moment = f.moment
    left join sessions as s on h.session = s.id
    where {is_start} {of_hits}
    qualify row_number() over (partition by f.visitor order by s.session_key nulls last, h.place) = 1
),
cohorts as materialized (
    select h.visitor, h.moment, h.session, h.session_key, h.place, {bucket} as cohort
    from first_events as h
    where h.visitor in (select id from visitors where {is_first}) {event_filters} {session_of_hit}
),
last_returns as (
    select h.pair, {bucket} as bucket, max(h.moment) as moment
    from hits as h
    where h.moment >= $start and h.moment < $returned_before and {is_return} {of_hits}
    group by h.pair, bucket
),
-- At the time of the start event, event order decides which events are after it.
returns_at_once as (
    select c.cohort, c.visitor
    from hits as h
    inner join pairs as p on h.pair = p.id
    inner join cohorts as c on p.visitor = c.visitor and h.moment = c.moment
    left join sessions as s on h.session = s.id
    where {is_return} {of_hits}
        and case
            when h.session is not distinct from c.session then h.place >= c.place
            when h.session is null or c.session is null then h.session is null
            else s.session_key > c.session_key
        end
),
returns as (
    select c.cohort, r.bucket, c.visitor
    from last_returns as r
    inner join pairs as p on r.pair = p.id
    inner join cohorts as c on p.visitor = c.visitor
    where r.moment > c.moment
    union
    select cohort, cohort, visitor
    from returns_at_once
)
select cohort, null as bucket, count(*) as visitors
from cohorts
group by cohort
union all
select cohort, bucket, count(*)
from returns
group by cohort, bucket
