-- Events of sessions and of quarters without a session, as `new_events`. Numbered here, where the rows are, since the
-- names of raw objects are long. $first and $last let the engine skip the blocks of other days.
select
    @micros(e.event_timestamp) as moment,
    e.session_key,
    cast(row_number() over (
        partition by
            e.session_key,
            case when e.session_key is null then @micros(e.event_timestamp) - @micros(e.event_timestamp) % 900000000 end
        order by @event_order(e)
    ) as integer) as place,
    nullif(e.client_id, '') as client_id,
    nullif(e.user_id, '') as user_id,
    e.event_name,
    nullif(e.page_path, '') as page_path,
    nullif(e.user_login_state, '') as user_login_state,
    nullif(e.context_product_id, '') as product_id,
    nullif(e.context_product_name, '') as name,
    nullif(e.context_product_category, '') as category,
    nullif(e.context_product_brand, '') as brand,
    coalesce(e.is_page_view, false) as is_page_view,
    coalesce(e.is_sample, false) as is_sample,
    coalesce(e.is_bot, false) as is_bot
from clickstream_events as e
where e.event_timestamp >= cast($first as timestamptz)
    and e.event_timestamp <= cast($last as timestamptz)
    and (
        e.session_key in (select s.session_key from sessions as s where {sessions})
        or (e.session_key is null and {quarters})
    )
