-- The rows themselves. In: `incoming`, `keyed`. Out: clickstream_events with the new rows, and the right session
-- on those stored rows whose session or page view changed.
update clickstream_events
set session_key = k.session_key, is_page_view = k.is_page_view
from keyed as k
where clickstream_events.event_id = k.event_id
    and k.old_session_key is not null
    and (k.old_session_key <> k.session_key or k.old_is_page_view <> k.is_page_view);

insert into clickstream_events (
    event_id, event_timestamp, event_name, user_id, user_login_state, identity_source, client_id, session_id,
    is_first_visit, context_product_id, context_product_name, context_product_category, context_product_brand,
    context_product_price, context_product_discount_price, context_product_url_path, product_currency, page_url,
    page_path, page_title, referrer, country, element_tag, element_id, element_role, element_text, element_dataset,
    order_id, order_total, order_currency, order_items, properties, is_sample, created_at, sent_at, received_at,
    event_timestamp_source, source_event_id, field_errors, raw_object, raw_line, raw_hour,
    session_key, is_page_view, load_id
)
select
    i.event_id, i.event_timestamp, i.event_name, i.user_id, i.user_login_state, i.identity_source, i.client_id,
    i.session_id, i.is_first_visit, i.context_product_id, i.context_product_name, i.context_product_category,
    i.context_product_brand, i.context_product_price, i.context_product_discount_price, i.context_product_url_path,
    i.product_currency, i.page_url, i.page_path, i.page_title, i.referrer, i.country, i.element_tag, i.element_id,
    i.element_role, i.element_text, i.element_dataset, i.order_id, i.order_total, i.order_currency, i.order_items,
    i.properties, i.is_sample, i.created_at, i.sent_at, i.received_at, i.event_timestamp_source, i.source_event_id,
    i.field_errors, i.raw_object, i.raw_line, i.raw_hour,
    k.session_key,
    -- An event without client and session id has no session; a view is then a page view by its name alone.
    coalesce(k.is_page_view, i.event_name in ('page_view', 'home_view', 'category_view', 'product_view')),
    $load_id
from incoming as i
left join keyed as k on k.event_id = i.event_id;
