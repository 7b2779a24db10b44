-- The refunds of an order that a load merges again.
create index refunds_order_id_idx on refunds (order_id);

alter table clickstream_events
    alter column order_coupon set statistics 0,
    alter column order_payment_method set statistics 0,
    alter column order_refund_id set statistics 0,
    alter column search_term set statistics 0;
