-- The last name, category and brand of each of these products in the range. Their times are computed first, so that
-- only the few events at those times are sorted.
, shown as not materialized (
    select *
    from counted_events
    where context_product_id in (select unnest(cast($products as text[])))
),
last_times as (
    select
        context_product_id as product_id,
        max(case when context_product_name is not null then event_timestamp end) as name_at,
        max(case when context_product_category is not null then event_timestamp end) as category_at,
        max(case when context_product_brand is not null then event_timestamp end) as brand_at
    from shown
    group by context_product_id
),
candidates as (
    select
        t.product_id, t.name_at, t.category_at, t.brand_at, s.event_timestamp,
        s.context_product_name, s.context_product_category, s.context_product_brand,
        row_number() over (
            partition by t.product_id
            order by
                s.event_timestamp, s.received_at nulls last, s.raw_object collate "C" nulls last,
                s.raw_line nulls last, s.event_id
        ) as rank
    from last_times as t
    inner join shown as s
        on t.product_id = s.context_product_id and s.event_timestamp in (t.name_at, t.category_at, t.brand_at)
),
last_ranks as (
    select
        product_id,
        max(case when context_product_name is not null then rank end) as name_rank,
        max(case when context_product_category is not null then rank end) as category_rank,
        max(case when context_product_brand is not null then rank end) as brand_rank
    from candidates
    group by product_id
)
select
    c.product_id,
    max(case when c.rank = p.name_rank then c.context_product_name end) as name,
    max(case when c.rank = p.category_rank then c.context_product_category end) as category,
    max(case when c.rank = p.brand_rank then c.context_product_brand end) as brand
from candidates as c
inner join last_ranks as p on c.product_id = p.product_id
group by c.product_id
