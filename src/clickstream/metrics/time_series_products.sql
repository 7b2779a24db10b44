-- Distinct products by bucket and group.
, shown as (
    select distinct {bucket} as bucket, {bucket_offset} as bucket_offset, split, product
    from counted_hits
)
select s.bucket, s.bucket_offset, s.split, count(distinct p.product_id) as products
from shown as s
inner join products as p on s.product = p.id
group by all
