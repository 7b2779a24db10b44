-- Rows of `lines` (JSON fields as text) -> typed columns of clickstream_events. DuckDB only: it parses for every engine.
-- A field of a wrong type becomes NULL and is named in field_errors. Macros: parse_macros.sql. Each value is unquoted
-- once, in `texts`, and only read after that: a macro's argument is copied wherever the macro names it.
create or replace table parsed as
with placed as (
    select l.*, s.*
    from lines as l
    positional join places as s
    where l._erased is null or l."eventName" is not null
),
opened as (
    select
        *,
        fields_of(product, ['$.id', '$.name', '$.category', '$.brand', '$.price', '$.discountPrice', '$.urlPath',
            '$.currency']) as p,
        fields_of(element, ['$.tag', '$.id', '$.role', '$.text', '$.dataset']) as e,
        fields_of("order", ['$.id', '$.total', '$.currency', '$.items']) as o,
        fields_of(_ingest, ['$.receivedAt', '$.sentAt']) as i
    from placed
),
texts as (
    select
        *,
        text_of("eventName") as event_name,
        text_of("eventId") as event_id,
        text_of("createdAt") as created_at,
        text_of("sentAt") as sent_at,
        text_of("pageUrl") as page_url,
        text_of("pageTitle") as page_title,
        text_of(referrer) as texts_referrer,
        text_of("userId") as user_id,
        text_of("userLoginState") as user_login_state,
        text_of("identitySource") as identity_source,
        text_of("clientId") as client_id,
        text_of("sessionId") as session_id,
        text_of(country) as texts_country,
        text_of(p[1]) as product_id,
        text_of(p[2]) as product_name,
        text_of(p[3]) as product_category,
        text_of(p[4]) as product_brand,
        text_of(p[5]) as product_price,
        text_of(p[6]) as product_discount_price,
        text_of(p[7]) as product_url_path,
        text_of(p[8]) as product_currency,
        text_of(e[1]) as element_tag,
        text_of(e[2]) as element_id,
        text_of(e[3]) as element_role,
        text_of(e[4]) as element_text,
        text_of(o[1]) as order_id,
        text_of(o[2]) as order_total,
        text_of(o[3]) as order_currency,
        text_of(i[1]) as ingest_received_at,
        text_of(i[2]) as ingest_sent_at
    from opened
),
clocks as (
    select
        *,
        coalesce(instant_us(ingest_received_at), object_received_us) as received_us,
        instant_us(ingest_sent_at) as ingest_sent_us,
        instant_us(sent_at) as own_sent_us,
        instant_us(created_at) as created_us,
        money_of(product_price) as price,
        money_of(product_discount_price) as discount_price,
        money_of(order_total) as total,
        boolean_of("isFirstVisit") as first_visit,
        is_uuid(event_id) as has_uuid
    from texts
),
sent as (
    select *, coalesce(ingest_sent_us, own_sent_us) as sent_us
    from clocks
),
happened as (
    select
        *,
        case
            when sent_us is null and created_us between received_us - 604800000000 and received_us + 300000000
                then created_us
            when abs(received_us - sent_us) <= 5000000 then created_us
            else created_us + (received_us - sent_us)
        end as happened_us
    from sent
),
dated as (
    select
        *,
        coalesce(happened_us between 946684800000000 and received_us + 300000000, false) as is_believed
    from happened
)
select
    case when has_uuid then lower(event_id) else uuid5(coalesce(event_id, concat(object, ':', line))) end as event_id,
    make_timestamptz(case when is_believed then happened_us else received_us end) as event_timestamp,
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
        when price is not null or discount_price is not null then coalesce(product_currency, getvariable('currency'))
        else product_currency
    end as product_currency,
    page_url,
    path_of(page_url) as page_path,
    page_title,
    texts_referrer as referrer,
    texts_country as country,
    element_tag,
    element_id,
    element_role,
    element_text,
    object_of(e[5]) as element_dataset,
    order_id,
    total as order_total,
    case when total is not null then coalesce(order_currency, getvariable('currency')) else order_currency end
        as order_currency,
    array_of(o[4]) as order_items,
    object_of(properties) as properties,
    coalesce(is_object(properties) and contains(properties, '"sample"')
        and json_extract(properties, '$.sample') is not null, false) as is_sample,
    make_timestamptz(created_us) as created_at,
    make_timestamptz(sent_us) as sent_at,
    make_timestamptz(received_us) as received_at,
    case when not is_believed then 'received' when happened_us = created_us then 'client' else 'corrected' end
        as event_timestamp_source,
    case when not has_uuid then event_id end as source_event_id,
    nullif(concat_ws(',',
        wrong('eventId', "eventId", event_id is null),
        wrong('createdAt', "createdAt", created_us is null),
        wrong('sentAt', "sentAt", own_sent_us is null),
        wrong('pageUrl', "pageUrl", page_url is null),
        wrong('pageTitle', "pageTitle", page_title is null),
        wrong('referrer', "referrer", texts_referrer is null),
        wrong('userId', "userId", user_id is null),
        wrong('userLoginState', "userLoginState", user_login_state is null),
        wrong('identitySource', "identitySource", identity_source is null),
        wrong('clientId', "clientId", client_id is null),
        wrong('sessionId', "sessionId", session_id is null),
        wrong('country', "country", texts_country is null),
        wrong('isFirstVisit', "isFirstVisit", first_visit is null),
        wrong('product', product, not is_object(product)),
        wrong('product.id', p[1], product_id is null),
        wrong('product.name', p[2], product_name is null),
        wrong('product.category', p[3], product_category is null),
        wrong('product.brand', p[4], product_brand is null),
        wrong('product.price', p[5], price is null),
        wrong('product.discountPrice', p[6], discount_price is null),
        wrong('product.urlPath', p[7], product_url_path is null),
        wrong('product.currency', p[8], product_currency is null),
        wrong('element', element, not is_object(element)),
        wrong('element.tag', e[1], element_tag is null),
        wrong('element.id', e[2], element_id is null),
        wrong('element.role', e[3], element_role is null),
        wrong('element.text', e[4], element_text is null),
        wrong('element.dataset', e[5], object_of(e[5]) is null),
        wrong('order', "order", not is_object("order")),
        wrong('order.id', o[1], order_id is null),
        wrong('order.total', o[2], total is null),
        wrong('order.currency', o[3], order_currency is null),
        wrong('order.items', o[4], array_of(o[4]) is null),
        wrong('properties', properties, not is_object(properties)),
        wrong('_ingest.receivedAt', i[1], instant_us(ingest_received_at) is null),
        wrong('_ingest.sentAt', i[2], ingest_sent_us is null)
    ), '') as field_errors,
    object as raw_object,
    line as raw_line,
    hour as raw_hour
from dated;
