-- Rows of `lines` (JSON fields as text) -> typed columns of clickstream_events. DuckDB only: it parses for every engine.
-- A field of a wrong type becomes NULL and is named in field_errors. Macros: parse_macros.sql.
create or replace table parsed as
with placed as (
    select l.*, s.object, s.hour, s.object_received_us, cast(s.line + l.rowid - s.first_row as integer) as line
    from lines as l
    asof join segments as s on l.rowid >= s.first_row
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
clocked as (
    select
        *,
        coalesce(instant_us(i[1]), object_received_us) as received_us,
        coalesce(instant_us(i[2]), instant_us("sentAt")) as sent_us,
        instant_us("createdAt") as created_us
    from opened
),
judged as (
    select
        *,
        case
            when created_us is null then null
            when sent_us is null and created_us between received_us - 604800000000 and received_us + 300000000
                then created_us
            when abs(received_us - sent_us) <= 5000000 then created_us
            else created_us + (received_us - sent_us)
        end as happened_us,
        text_of("eventId") as sent_id,
        text_of("pageUrl") as url
    from clocked
),
dated as (
    select
        *,
        happened_us between 946684800000000 and received_us + 300000000 as is_believed
    from judged
)
select
    case when is_uuid(sent_id) then lower(sent_id) else uuid5(coalesce(sent_id, concat(object, ':', line))) end
        as event_id,
    make_timestamptz(case when is_believed then happened_us else received_us end) as event_timestamp,
    trim(text_of("eventName"), blanks()) as event_name,
    text_of("userId") as user_id,
    case when text_of("userLoginState") = 'guest' then 'anonymous' else text_of("userLoginState") end
        as user_login_state,
    text_of("identitySource") as identity_source,
    text_of("clientId") as client_id,
    text_of("sessionId") as session_id,
    boolean_of("isFirstVisit") as is_first_visit,
    text_of(p[1]) as context_product_id,
    text_of(p[2]) as context_product_name,
    text_of(p[3]) as context_product_category,
    text_of(p[4]) as context_product_brand,
    money_of(p[5]) as context_product_price,
    money_of(p[6]) as context_product_discount_price,
    text_of(p[7]) as context_product_url_path,
    text_of(p[8]) as product_currency,
    url as page_url,
    path_of(url) as page_path,
    text_of("pageTitle") as page_title,
    text_of(referrer) as referrer,
    text_of(country) as country,
    text_of(e[1]) as element_tag,
    text_of(e[2]) as element_id,
    text_of(e[3]) as element_role,
    text_of(e[4]) as element_text,
    object_of(e[5]) as element_dataset,
    text_of(o[1]) as order_id,
    money_of(o[2]) as order_total,
    text_of(o[3]) as order_currency,
    array_of(o[4]) as order_items,
    object_of(properties) as properties,
    coalesce(is_object(properties) and contains(properties, '"sample"')
        and json_extract(properties, '$.sample') is not null, false) as is_sample,
    make_timestamptz(created_us) as created_at,
    make_timestamptz(sent_us) as sent_at,
    make_timestamptz(received_us) as received_at,
    case
        when not coalesce(is_believed, false) then 'received'
        when happened_us = created_us then 'client'
        else 'corrected'
    end as event_timestamp_source,
    case when not is_uuid(sent_id) then sent_id end as source_event_id,
    nullif(concat_ws(',',
        wrong('eventId', "eventId", sent_id is null),
        wrong('createdAt', "createdAt", created_us is null),
        wrong('sentAt', "sentAt", instant_us("sentAt") is null),
        wrong('pageUrl', "pageUrl", url is null),
        wrong('pageTitle', "pageTitle", text_of("pageTitle") is null),
        wrong('referrer', referrer, text_of(referrer) is null),
        wrong('userId', "userId", text_of("userId") is null),
        wrong('userLoginState', "userLoginState", text_of("userLoginState") is null),
        wrong('identitySource', "identitySource", text_of("identitySource") is null),
        wrong('clientId', "clientId", text_of("clientId") is null),
        wrong('sessionId', "sessionId", text_of("sessionId") is null),
        wrong('isFirstVisit', "isFirstVisit", boolean_of("isFirstVisit") is null),
        wrong('country', country, text_of(country) is null),
        wrong('product', product, not is_object(product)),
        wrong('product.id', p[1], text_of(p[1]) is null),
        wrong('product.name', p[2], text_of(p[2]) is null),
        wrong('product.category', p[3], text_of(p[3]) is null),
        wrong('product.brand', p[4], text_of(p[4]) is null),
        wrong('product.price', p[5], money_of(p[5]) is null),
        wrong('product.discountPrice', p[6], money_of(p[6]) is null),
        wrong('product.urlPath', p[7], text_of(p[7]) is null),
        wrong('product.currency', p[8], text_of(p[8]) is null),
        wrong('element', element, not is_object(element)),
        wrong('element.tag', e[1], text_of(e[1]) is null),
        wrong('element.id', e[2], text_of(e[2]) is null),
        wrong('element.role', e[3], text_of(e[3]) is null),
        wrong('element.text', e[4], text_of(e[4]) is null),
        wrong('element.dataset', e[5], object_of(e[5]) is null),
        wrong('order', "order", not is_object("order")),
        wrong('order.id', o[1], text_of(o[1]) is null),
        wrong('order.total', o[2], money_of(o[2]) is null),
        wrong('order.currency', o[3], text_of(o[3]) is null),
        wrong('order.items', o[4], array_of(o[4]) is null),
        wrong('properties', properties, not is_object(properties)),
        wrong('_ingest.receivedAt', i[1], instant_us(i[1]) is null),
        wrong('_ingest.sentAt', i[2], instant_us(i[2]) is null)
    ), '') as field_errors,
    object as raw_object,
    line as raw_line,
    hour as raw_hour
from dated;
