-- Events in the range by bucket and group. Distinct products are counted only on request: PostgreSQL sorts all events
-- for them.
select
    {bucket} as bucket, {bucket_offset} as bucket_offset, split,
    count(*) as events,
    count(case when is_page_view then 1 end) as page_views,
    count(case when event_name = 'product_view' then 1 end) as views,
    {products} as products
from counted_events
group by 1, 2, 3
