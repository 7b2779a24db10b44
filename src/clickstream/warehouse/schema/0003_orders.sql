-- One row per order id, merged from what the browser (checkout_complete) and the shop's server (order_confirmed) said.
-- ordered_at is browser_at, else server_at; event_id is the carrier, the event that gave it; client, user and session are
-- the carrier's. total and currency are the server's, else the browser's; items_event_id names the event whose items count.
create table orders (
    order_id @text not null,
    event_id uuid not null,
    ordered_at timestamptz not null,
    browser_at timestamptz,
    server_at timestamptz,
    client_id @text,
    user_id @text,
    session_key @text,
    total @money,
    currency @text,
    total_differs boolean not null,
    items_event_id uuid,
    is_bot boolean not null,
    is_sample boolean not null
);

-- The items of every order event, as they were sent; `order_items` are those that count.
create table order_lines (
    event_id uuid not null,
    line_number integer not null,
    product_id @text,
    product_name @text,
    product_category @text,
    product_brand @text,
    price @money,
    quantity @money
);

create view order_items as
select
    o.order_id, l.line_number, l.product_id, l.product_name, l.product_category, l.product_brand, l.price, l.quantity,
    o.currency
from orders as o
inner join order_lines as l on o.items_event_id = l.event_id;
