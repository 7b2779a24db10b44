-- Events at these instants, as they are in the warehouse. earlier: as in newest_events.sql.
select
    @micros(e.event_timestamp) as moment, e.session_key as key,
    row_number() over (partition by e.session_key, e.event_timestamp order by @event_order(e)) - 1 as earlier,
    e.event_timestamp, e.event_name, coalesce(e.user_id, e.client_id) as visitor, e.page_path, e.context_product_id,
    e.order_id, e.is_bot, e.raw_object, e.raw_line
from clickstream_events as e
where e.event_timestamp >= cast($first as timestamptz)
    and e.event_timestamp <= cast($last as timestamptz)
    and {events}
