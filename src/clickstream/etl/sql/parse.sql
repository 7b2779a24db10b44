-- Lines of a chunk -> typed values. DuckDB only: it parses for every engine. A field of a wrong type becomes NULL and
-- is named in field_errors. Macros: parse_macros.sql, and those of the reading: read_quick.sql and read_careful.sql,
-- which explain how they differ, give the same rows. Each value is unquoted once, in `texts`, since a macro's argument
-- is copied wherever the macro names it. events.sql adds what depends on the position of a line. Rows keep the order of
-- the lines, and `rowid` counts them. That is true with one thread and for projections only: joins and filters (`in`
-- with a list of six becomes a join) hold back small vectors, such as the last of a buffer, and let the next ones pass
-- (tests/etl/test_line_order.py).
-- A list_contains() over constants becomes such a join as well.
create or replace table parsed as
with opened as (
    select
        * exclude ({snake_case}),
        coalesce({snake_case}) is not null as has_snake_case,
        product_of(product) as p, element_of(element) as e, order_of("order") as o, search_of(search) as s,
        ingest_of(_ingest) as i
    from {lines}
),
texts as (
    select
        *,
        sent_text("eventName") as event_name,
        sent_text("eventId") as sent_event_id,
        sent_text("createdAt") as created_at,
        sent_text("sentAt") as sent_at,
        sent_text("pageUrl") as page_url,
        sent_text("pageTitle") as page_title,
        sent_text(referrer) as texts_referrer,
        sent_text("userId") as sent_user_id,
        sent_text("userLoginState") as user_login_state,
        sent_text("identitySource") as identity_source,
        sent_text("clientId") as sent_client_id,
        sent_text("sessionId") as sent_session_id,
        sent_text(country) as texts_country,
        sent_text(p.id) as sent_product_id,
        sent_text(p.name) as product_name,
        sent_text(p.category) as product_category,
        sent_text(p.brand) as product_brand,
        sent_text(p.price) as product_price,
        sent_text(p.discountPrice) as product_discount_price,
        sent_text(p.urlPath) as product_url_path,
        sent_text(p.currency) as product_currency,
        sent_text(e.tag) as element_tag,
        sent_text(e.id) as element_id,
        sent_text(e.role) as element_role,
        sent_text(e."text") as element_text,
        sent_text(o.id) as sent_order_id,
        sent_text(o.total) as order_total,
        sent_text(o.currency) as order_currency,
        sent_text(o.discount) as order_discount,
        sent_text(o.tax) as order_tax,
        sent_text(o.shipping) as order_shipping,
        sent_text(o.coupon) as order_coupon,
        sent_text(o.paymentMethod) as order_payment_method,
        sent_text(o.refundId) as sent_refund_id,
        sent_text(s.term) as block_term,
        sent_text(s.results) as block_results,
        sent_text(i.receivedAt) as ingest_received_at,
        sent_text(i.sentAt) as ingest_sent_at,
        sent_text("userAgent") as own_user_agent,  -- of an event that a server forwards or that was imported
        sent_text(i.userAgent) as sender_agent,
        left(coalesce(own_user_agent, sender_agent), 1024) as user_agent,  -- the length that the collector keeps
        sent_text(i.country) as header_country,
        sent_text(i.sourceIp) as source_ip
    from opened
),
-- Values of one kind are read as a list: to plan an expression costs as much as to read hundreds of values.
listed as (
    select
        *,
        list_transform([ingest_received_at, ingest_sent_at, sent_at, created_at], lambda t: instant_us(t)) as instants,
        list_transform(
            [product_price, product_discount_price, order_total, order_discount, order_tax, order_shipping],
            lambda t: money_of(t)
        ) as amounts,
        kept_ids([
            sent_event_id, sent_product_id, sent_order_id, sent_refund_id, sent_user_id, sent_client_id, sent_session_id
        ]) as ids,
        -- Other trackers send a search as properties.
        fields_of(
            case when event_name = 'search' then properties end,
            ['$.query', '$.search_term', '$.term', '$.results', '$.resultsCount']
        ) as q
    from texts
),
typed as (
    select
        *,
        within_century(instants[1]) as received_us,
        instants[2] as ingest_sent_us,
        instants[3] as own_sent_us,
        instants[4] as created_us,
        amounts[1] as price,
        amounts[2] as discount_price,
        amounts[3] as total,
        amounts[4] as discount,
        amounts[5] as tax,
        amounts[6] as shipping,
        currency_of(product_currency) as product_currency_code,
        currency_of(order_currency) as order_currency_code,
        count_of(block_results) as results,
        coalesce(block_term, text_of(q[1]), text_of(q[2]), text_of(q[3])) as any_term,
        coalesce(text_of(q[4]), text_of(q[5])) as results_property,
        coalesce(is_object(properties) and contains(properties, '"sample"')
            and json_extract(properties, '$.sample') is not null, false) as is_sample,
        boolean_of("isFirstVisit") as first_visit,
        ids[1] as event_id,
        is_uuid(ids[1]) as has_uuid,
        ids[2] as product_id,
        short(ids[3]) as order_id,
        short(ids[4]) as order_refund_id,
        ids[5] as user_id,
        ids[6] as client_id,
        ids[7] as session_id
    from listed
)
select
    coalesce(is_name(event_name) and is_string("eventName"), false)
        and not has_snake_case and p.discount_price is null and p.url_path is null
        and o.payment_method is null and o.refund_id is null as is_named,
    case when "eventName" is null and _erased is not null then coalesce(text_of(_erased), '') end as receipt,
    received_us,
    coalesce(ingest_sent_us, own_sent_us) as sent_us,
    created_us,
    case when has_uuid then lower(event_id) when event_id is not null then uuid5(event_id) end as event_id,
    event_name,
    user_id,
    case when user_login_state = 'guest' then 'anonymous' else user_login_state end as user_login_state,
    identity_source,
    client_id,
    session_id,
    first_visit as is_first_visit,
    product_id as context_product_id,
    product_name as context_product_name,
    product_category as context_product_category,
    product_brand as context_product_brand,
    price as context_product_price,
    discount_price as context_product_discount_price,
    product_url_path as context_product_url_path,
    case
        when is_unsent(p.currency) and (price is not null or discount_price is not null) then getvariable('currency')
        else product_currency_code
    end as product_currency,
    page_url,
    page_title,
    texts_referrer as referrer,
    texts_country as country,
    element_tag,
    element_id,
    element_role,
    element_text,
    object_of(e.dataset) as element_dataset,
    order_id,
    total as order_total,
    -- A refund without a currency takes that of its order (refunds.sql).
    case
        when is_unsent(o.currency) and total is not null and not @is_refund(event_name) then getvariable('currency')
        else order_currency_code
    end as order_currency,
    array_of(o.items) as order_items,
    discount as order_discount,
    tax as order_tax,
    shipping as order_shipping,
    order_coupon,
    order_payment_method,
    order_refund_id,
    term_of(any_term) as search_term,
    coalesce(results, count_of(results_property)) as search_results,
    object_of(properties) as properties,
    case when is_object(properties) and contains(properties, '"utm_') then campaign_of(properties) end as sent_campaign,
    is_sample,
    user_agent,
    -- The user agent that the bot score judges. NULL, not judged: none was recorded, or it is a server's or an
    -- importer's.
    case
        when not (is_unsent(i.userAgent) and is_unsent(i.requestId)) and not is_sample and event_name <> 'order_confirmed'
            and coalesce(identity_source, '') not in ('server', 'import')
            and not starts_with(coalesce(sender_agent, ''), 'clickstream-')
            then coalesce(user_agent, '')
    end as judged_agent,
    header_country,
    case when getvariable('has_geo_file') then source_ip end as source_ip,
    case when not has_uuid then event_id end as source_event_id,
    nullif(concat_ws(',',
        misread_text('eventId', "eventId", event_id),
        refused('eventId', sent_event_id, event_id),
        misread('createdAt', "createdAt", created_us is null),
        misread('sentAt', "sentAt", own_sent_us is null),
        misread_text('pageUrl', "pageUrl", page_url),
        misread_text('pageTitle', "pageTitle", page_title),
        misread_text('referrer', "referrer", texts_referrer),
        misread_text('userId', "userId", user_id),
        refused('userId', sent_user_id, user_id),
        misread_text('userLoginState', "userLoginState", user_login_state),
        misread_text('identitySource', "identitySource", identity_source),
        misread_text('clientId', "clientId", client_id),
        refused('clientId', sent_client_id, client_id),
        misread_text('sessionId', "sessionId", session_id),
        refused('sessionId', sent_session_id, session_id),
        misread_text('country', "country", texts_country),
        misread_text('userAgent', "userAgent", own_user_agent),
        wrong('isFirstVisit', "isFirstVisit", first_visit is null),
        misread_block('product', product),
        misread_text('product.id', p.id, product_id),
        refused('product.id', sent_product_id, product_id),
        misread_text('product.name', p.name, product_name),
        misread_text('product.category', p.category, product_category),
        misread_text('product.brand', p.brand, product_brand),
        misread('product.price', p.price, price is null),
        misread('product.discountPrice', p.discountPrice, discount_price is null),
        misread_text('product.urlPath', p.urlPath, product_url_path),
        misread('product.currency', p.currency, product_currency_code is null),
        misread_block('element', element),
        misread_text('element.tag', e.tag, element_tag),
        misread_text('element.id', e.id, element_id),
        misread_text('element.role', e.role, element_role),
        misread_text('element.text', e."text", element_text),
        wrong('element.dataset', e.dataset, object_of(e.dataset) is null),
        misread_block('order', "order"),
        misread_text('order.id', o.id, order_id),
        refused('order.id', sent_order_id, order_id),
        misread('order.total', o.total, total is null),
        misread('order.currency', o.currency, order_currency_code is null),
        wrong('order.items', o.items, array_of(o.items) is null),
        misread('order.discount', o.discount, discount is null),
        misread('order.tax', o.tax, tax is null),
        misread('order.shipping', o.shipping, shipping is null),
        misread_text('order.coupon', o.coupon, order_coupon),
        misread_text('order.paymentMethod', o.paymentMethod, order_payment_method),
        misread_text('order.refundId', o.refundId, order_refund_id),
        refused('order.refundId', sent_refund_id, order_refund_id),
        misread_block('search', search),
        misread_text('search.term', s.term, block_term),
        misread('search.results', s.results, results is null),
        wrong('properties', properties, object_of(properties) is null),
        misread('_ingest.receivedAt', i.receivedAt, received_us is null),
        misread('_ingest.sentAt', i.sentAt, ingest_sent_us is null)
    ), '') as field_errors,
    -- Times, money and currencies are never doubtful: both readings report what is not one of them above.
    coalesce(
        doubt_name("eventName")
        or list_bool_or(list_transform([
            "eventId", "pageUrl", "pageTitle", referrer, "userId", "userLoginState", "identitySource", "clientId",
            "sessionId", country, "userAgent", p.id, p.name, p.category, p.brand, p.urlPath, e.tag, e.id, e.role,
            e."text", o.id, o.coupon, o.paymentMethod, o.refundId, s.term, i.userAgent, i.country, i.sourceIp
        ], lambda t: doubt(t))),
        false
    ) as is_doubtful
from typed;
