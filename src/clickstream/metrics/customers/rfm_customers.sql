-- One row per customer, the best ones first; of one group, or of all.
, chosen as (
    select *
    from scored
    where $group = '' or "group" = $group
),
page as (
    select s.* exclude (visitor), v.visitor_id
    from chosen as s
    inner join visitors as v on s.visitor = v.id
    order by s.r + s.f + s.m desc, s.revenue desc, v.visitor_id
    limit $limit offset $offset
)
select
    (select count(*) from chosen) as total_rows,
    (select cast(coalesce(sum(orders), 0) as bigint) from chosen) as all_orders,
    p.*
from (select 1 as one) as one
left join page as p on true
order by p.r + p.f + p.m desc, p.revenue desc, p.visitor_id
