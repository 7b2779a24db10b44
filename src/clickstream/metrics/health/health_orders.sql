with placed as (
    select @micros(ordered_at) as moment, browser_at, server_at, total_differs
    from orders
    where ordered_at >= $start and ordered_at < $end
)
select
    {day} as local_us,
    count(*) filter (where browser_at is not null and server_at is not null) as seen_by_both,
    count(*) filter (where server_at is null) as browser_only,
    count(*) filter (where browser_at is null) as server_only,
    count(*) filter (where total_differs) as total_differs
from placed
group by local_us
order by local_us desc
