-- Events in the range by bucket and group.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, split,
    sum(events) as events, sum(page_views) as page_views, sum(product_views) as views
from counted_quarters
group by all
