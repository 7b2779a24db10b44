-- The careful reading: every field as JSON, which has a type. For chunks that the quick reading fails on or doubts.
create or replace macro sent_text(j) as text_of(j);
create or replace macro is_unsent(j) as is_nothing(j);
create or replace macro is_string(j) as ascii(j) = 34;
create or replace macro misread(name, j, is_unread) as wrong(name, j, is_unread);
create or replace macro misread_text(name, j, t) as wrong(name, j, t is null);
create or replace macro refused(name, sent, kept) as null;  -- misread_text reports it
create or replace macro misread_block(name, j) as wrong(name, j, not is_object(j));
create or replace macro doubt(j) as false;
create or replace macro doubt_name(j) as false;

create or replace macro product_fields(f) as {
    'id': f[1], 'name': f[2], 'category': f[3], 'brand': f[4], 'price': f[5], 'discountPrice': f[6], 'urlPath': f[7],
    'currency': f[8], 'discount_price': f[9], 'url_path': f[10]
};
create or replace macro product_of(j) as product_fields(fields_of(j, [
    '$.id', '$.name', '$.category', '$.brand', '$.price', '$.discountPrice', '$.urlPath', '$.currency',
    '$.discount_price', '$.url_path'
]));
create or replace macro element_fields(f) as {'tag': f[1], 'id': f[2], 'role': f[3], 'text': f[4], 'dataset': f[5]};
create or replace macro element_of(j) as
    element_fields(fields_of(j, ['$.tag', '$.id', '$.role', '$.text', '$.dataset']));
create or replace macro order_fields(f) as {
    'id': f[1], 'total': f[2], 'currency': f[3], 'items': f[4], 'discount': f[5], 'tax': f[6], 'shipping': f[7],
    'coupon': f[8], 'paymentMethod': f[9], 'refundId': f[10], 'payment_method': f[11], 'refund_id': f[12]
};
create or replace macro order_of(j) as order_fields(fields_of(j, [
    '$.id', '$.total', '$.currency', '$.items', '$.discount', '$.tax', '$.shipping', '$.coupon', '$.paymentMethod',
    '$.refundId', '$.payment_method', '$.refund_id'
]));
create or replace macro search_fields(f) as {'term': f[1], 'results': f[2]};
create or replace macro search_of(j) as search_fields(fields_of(j, ['$.term', '$.results']));
create or replace macro ingest_fields(f) as {
    'receivedAt': f[1], 'sentAt': f[2], 'userAgent': f[3], 'country': f[4], 'sourceIp': f[5], 'requestId': f[6]
};
create or replace macro ingest_of(j) as ingest_fields(fields_of(j, [
    '$.receivedAt', '$.sentAt', '$.userAgent', '$.country', '$.sourceIp', '$.requestId'
]));
