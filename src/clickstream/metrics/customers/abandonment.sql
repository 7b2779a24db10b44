-- Carts opened in the range, by what became of them.
, ripe as (
    select *
    from carts
    where not is_unripe
)
select
    count(*) as carts,
    count(*) filter (state = 'ordered') as ordered,
    count(*) filter (state = 'abandoned') as abandoned,
    count(*) filter (state = 'emptied') as emptied,
    count(*) filter (state = 'open') as still_open,
    (select count(*) from carts where is_unripe) as unripe,
    count(*) filter (has_checkout and state in ('ordered', 'abandoned')) as checkout_carts,
    count(*) filter (has_checkout and state = 'abandoned') as checkout_abandoned,
    quantile_disc(ordered_at - opened_at, 0.5) as median_to_order_us,
    cast(coalesce(sum(events), 0) as bigint) as events
from ripe
