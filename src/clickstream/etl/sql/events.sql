-- Typed values, the place of their line and what the enrichment answered -> rows of clickstream_events. The three tables
-- join by position: each holds one row for each line of the chunk, in the same order. Rules of time:
-- docs/decisions/0004-clocks.md (microseconds).
create or replace table events as
with placed as (
    select
        p.* exclude (page_url, referrer, country) replace (coalesce(p.received_us, l.object_received_us) as received_us),
        l.*, a.*
    from parsed as p
    positional join places as l
    positional join enriched as a
    where p.receipt is null
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
    from placed
),
dated as (
    select
        *,
        coalesce(happened_us between 946684800000000 and received_us + 300000000, false) as is_believed
    from happened
)
select
    row_number,
    coalesce(event_id, uuid5(concat(object, ':', line))) as event_id,
    make_timestamptz(case when is_believed then happened_us else received_us end) as event_timestamp,
    event_name,
    user_id, user_login_state, identity_source, client_id, session_id, is_first_visit, context_product_id,
    context_product_name, context_product_category, context_product_brand, context_product_price,
    context_product_discount_price, context_product_url_path, product_currency, page_url, page_path, page_title,
    referrer, country, element_tag, element_id, element_role, element_text, element_dataset, order_id, order_total,
    order_currency, order_items, properties, is_sample,
    make_timestamptz(created_us) as created_at,
    make_timestamptz(sent_us) as sent_at,
    make_timestamptz(received_us) as received_at,
    case when not is_believed then 'received' when happened_us = created_us then 'client' else 'corrected' end
        as event_timestamp_source,
    source_event_id,
    case when has_wrong_items then concat_ws(',', field_errors, 'order.items') else field_errors end as field_errors,
    object as raw_object,
    line as raw_line,
    hour as raw_hour,
    device_type, browser, os, bot_score, bot_reasons, is_bot, source, medium, campaign, channel, referrer_domain
from dated;

create or replace table erased_lines as
select l.object, l.line, l.hour, p.receipt
from parsed as p
positional join places as l
where p.receipt is not null;

-- As large as the events, and the next chunk is parsed while these wait to be loaded.
drop table parsed;
