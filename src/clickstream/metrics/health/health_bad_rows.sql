select reason, count(*) as lines, count(distinct object) as objects, max(hour) as last_seen_at
from bad_rows
where hour >= $first_hour and hour < $end
group by reason
order by lines desc, reason
