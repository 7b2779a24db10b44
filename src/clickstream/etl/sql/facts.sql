-- The rows themselves. In: `new_events` (all columns), `losers` (rows that are duplicates), `keyed`. Out:
-- clickstream_events with the new rows, and the right session on those stored rows whose session or page view changed.
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
    event_timestamp_source, source_event_id, field_errors, raw_object, raw_line, raw_hour, device_type, browser, os,
    bot_score, bot_reasons, is_bot, source, medium, campaign, channel, referrer_domain,
    session_key, is_page_view, load_id
)
select
    cast(n.event_id as uuid), n.event_timestamp, n.event_name, n.user_id, n.user_login_state, n.identity_source, n.client_id,
    n.session_id, n.is_first_visit, n.context_product_id, n.context_product_name, n.context_product_category,
    n.context_product_brand, n.context_product_price, n.context_product_discount_price, n.context_product_url_path,
    n.product_currency, n.page_url, n.page_path, n.page_title, n.referrer, n.country, n.element_tag, n.element_id,
    n.element_role, n.element_text, n.element_dataset, n.order_id, n.order_total, n.order_currency, n.order_items,
    n.properties, n.is_sample, n.created_at, n.sent_at, n.received_at, n.event_timestamp_source, n.source_event_id,
    n.field_errors, n.raw_object, n.raw_line, n.raw_hour, n.device_type, n.browser, n.os, n.bot_score, n.bot_reasons,
    n.is_bot, n.source, n.medium, n.campaign, n.channel, n.referrer_domain,
    k.session_key,
    -- An event without client and session id has no session; a view is then a page view by its name alone.
    coalesce(k.is_page_view, n.event_name in ('page_view', 'home_view', 'category_view', 'product_view')),
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
