-- Events and visitors of each minute of the window, also of those without any.
, seen as (
    select (h.moment - $start) // 60000000 as number, count(*) as events, count(distinct v.visitor) as visitors
    from counted_hits as h
    left join pairs as v on h.pair = v.id
    group by number
)
select m.number, coalesce(s.events, 0) as events, coalesce(s.visitors, 0) as visitors
from range($minutes) as m (number)
left join seen as s on m.number = s.number
order by m.number
