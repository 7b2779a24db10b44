select split as value, count(*) as events
from counted_events
group by split
order by count(*) desc, split collate "C"
limit $limit
