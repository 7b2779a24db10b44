-- The events of the window by page, or by an origin of their session: the slot `value`. join_value: the table that has it.
, figures as materialized (
    select
        coalesce({value}, '(none)') as value,
        count(*) as events,
        count(*) filter (h.is_page_view) as page_views,
        count(distinct v.visitor) as visitors
    from counted_hits as h
    left join pairs as v on h.pair = v.id
    {join_value}
    group by 1
),
page as (
    select *
    from figures
    order by events desc, value
    limit $limit offset $offset
)
select
    (select count(*) from figures) as total_rows,
    (select cast(coalesce(sum(events), 0) as bigint) from figures) as all_events,
    p.*
from (select 1 as one) as one
left join page as p on true
order by p.events desc, p.value
