select split as value, sum(events) as events
from counted_quarters
group by split
order by events desc, split
limit $limit
