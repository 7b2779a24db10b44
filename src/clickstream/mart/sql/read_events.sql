-- Events of sessions and of quarters without a session, as `new_events`. $first and $last let the engine skip the blocks of
-- other days. An event id decides the order of rows that no raw object has; to hand over the others would cost much.
select
    @micros(e.event_timestamp) as moment,
    e.session_key,
    @micros(e.received_at) as received_at,
    e.raw_object as object,
    e.raw_line as line,
    case when e.raw_line is null then cast(e.event_id as text) end as event_id,
    nullif(e.client_id, '') as client_id,
    nullif(e.user_id, '') as user_id,
    e.event_name,
    nullif(e.page_path, '') as page_path,
    nullif(e.user_login_state, '') as user_login_state,
    nullif(e.context_product_id, '') as product_id,
    nullif(e.context_product_name, '') as name,
    nullif(e.context_product_category, '') as category,
    nullif(e.context_product_brand, '') as brand,
    case when @is_order(e.event_name) then nullif(e.order_id, '') end as order_id,
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
