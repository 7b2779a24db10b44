-- The figure of each hour: its local start, and the offset of the zone, in microseconds.
select {bucket} as bucket, {bucket_offset} as bucket_offset, {figure} as figure
from {rows}
group by all
