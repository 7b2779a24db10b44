-- What an order event contains besides its total and items, and what was searched for. Rows that an older version loaded
-- have NULL here until `clickstream etl run --rebuild`.
alter table clickstream_events add column order_discount @money;
alter table clickstream_events add column order_tax @money;
alter table clickstream_events add column order_shipping @money;
alter table clickstream_events add column order_coupon @text;
alter table clickstream_events add column order_payment_method @text;
alter table clickstream_events add column order_refund_id @text;
alter table clickstream_events add column search_term @text;
alter table clickstream_events add column search_results bigint;

alter table orders add column discount @money;
alter table orders add column tax @money;
alter table orders add column shipping @money;
alter table orders add column coupon @text;
alter table orders add column payment_method @text;

-- Money that was given back: one row per refund, from `order_refunded` events. Several refunds of one order add up.
-- event_id is that of the first event of the refund; currency is its own, else its order's, else CLICKSTREAM_CURRENCY.
create table refunds (
    order_id @text not null,
    refund_id @text,
    event_id uuid not null,
    refunded_at timestamptz not null,
    amount @money,
    currency @text not null,
    is_bot boolean not null,
    is_sample boolean not null
);
