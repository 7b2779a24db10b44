-- One figure of the range by each value of each dimension, and of the whole range.
, measures as not materialized (
    {rows}
),
measured as materialized (
    select r.*, {columns}
    from measures as r
    left join sessions as s on r.session = s.id
)
select {dimension} as dimension, {value} as value, {figure} as figure, {count} as count
from measured as m
group by grouping sets ((), {sets})
