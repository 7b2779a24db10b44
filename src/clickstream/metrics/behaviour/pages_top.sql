-- Pages by their views in the range. Visitors and sessions are counted for the pages that are shown alone: distinct counts
-- cost most.
, ranked as materialized (
    select page, count(*) as page_views
    from counted_hits
    where is_page_view
    group by page
),
shown as materialized (
    select r.page, t.text as page_path, r.page_views
    from ranked as r
    inner join texts as t on r.page = t.id
    where true {only_values}
    order by r.page_views desc, t.text
    limit $limit offset $offset
),
figures as (
    select
        h.page,
        count(distinct p.visitor) as visitors,
        count(distinct h.session) as sessions,
        count(*) filter (h.is_entry) as entries,
        count(*) filter (h.is_exit) as exits,
        coalesce(sum(h.dwell), 0)::bigint as dwell_us,
        count(h.dwell) as timed_views
    from counted_hits as h
    left join pairs as p on h.pair = p.id
    where h.is_page_view and h.page in (select page from shown)
    group by h.page
),
totals as (
    select count(*) as total_rows, coalesce(sum(page_views), 0) as total_views
    from ranked
)
select t.*, s.page_path, s.page_views, f.* exclude (page)
from totals as t
left join shown as s on true
left join figures as f on s.page = f.page
order by s.page_views desc, s.page_path
