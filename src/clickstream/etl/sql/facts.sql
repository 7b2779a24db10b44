-- Writes the events. In: `new_events` (all columns), `losers` (rows that are duplicates), `keyed`. Out:
-- clickstream_events with the new rows, and updated stored rows whose session or page view changed.
update clickstream_events
set session_key = k.session_key, is_page_view = k.is_page_view
from keyed as k
where clickstream_events.event_id = k.event_id
    and k.old_session_key is not null
    and (k.old_session_key <> k.session_key or k.old_is_page_view <> k.is_page_view);

insert into clickstream_events ({event_columns}, session_key, is_page_view, load_id)
select
    {new_event_columns},
    k.session_key,
    -- An event without client and session id, or of a refund, has no session: its name alone makes it a page view.
    coalesce(k.is_page_view, @is_view(n.event_name)),
    $load_id
from new_events as n
left join keyed as k on k.row_number = n.row_number
where n.row_number not in (select row_number from losers);

insert into order_lines (
    event_id, line_number, product_id, product_name, product_category, product_brand, price, quantity
)
select
    i.event_id, n.line_number, n.product_id, n.product_name, n.product_category, n.product_brand, n.price, n.quantity
from new_order_lines as n
join incoming as i on i.row_number = n.row_number;
