-- The shop's database, clickstream_web. These files are the truth: the shop's Drizzle schema is checked against them.
-- PostgreSQL 15 to 18. Money is numeric(12, 2) in the currency of its row; times are timestamptz.

create table users (
    id uuid primary key default gen_random_uuid(),
    issuer text not null,
    subject text not null,
    email text not null default '',
    name text not null default '',
    created_at timestamptz not null default now(),
    unique (issuer, subject)
);

-- A signed-in browser. The cookie holds a random token, this table only its SHA-256.
create table web_sessions (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    user_id uuid not null references users on delete cascade,
    refresh_token text, -- sealed by the shop's secret
    id_token text, -- sealed; the provider wants it back at sign-out
    access_expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null check (expires_at > created_at)
);
create index web_sessions_of_user on web_sessions (user_id);
create index web_sessions_by_end on web_sessions (expires_at);

create table brands (
    id text primary key check (id ~ '^[a-z0-9-]{1,60}$'),
    name text not null unique
);

create table categories (
    id text primary key check (id ~ '^[a-z0-9-]{1,60}$'),
    name text not null unique,
    position integer not null
);

create table products (
    id text primary key check (id ~ '^[a-z0-9-]{1,60}$'), -- also the last part of the product's URL
    name text not null check (name <> ''),
    brand_id text not null references brands,
    category_id text not null references categories,
    description text not null,
    specs jsonb not null default '[]' check (jsonb_typeof(specs) = 'array'), -- [["Memory", "16 GB"], ...]
    pictures integer not null default 3 check (pictures between 1 and 9), -- pictures/<id>-1.svg, ...
    price numeric(12, 2) not null check (price > 0),
    discount_price numeric(12, 2) check (discount_price > 0 and discount_price < price),
    currency char(3) not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
    is_active boolean not null default true,
    created_at timestamptz not null default now()
);
create index products_of_category on products (category_id) where is_active;
create index products_of_brand on products (brand_id) where is_active;

create table inventory (
    product_id text primary key references products on delete cascade,
    quantity integer not null check (quantity >= 0),
    updated_at timestamptz not null default now()
);

-- A cart or wishlist belongs to a browser (its id stands in a cookie) until its user signs in.
create table carts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid unique references users on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index carts_by_age on carts (updated_at) where user_id is null;

create table cart_items (
    cart_id uuid not null references carts on delete cascade,
    product_id text not null references products on delete cascade,
    quantity integer not null check (quantity between 1 and 20),
    added_at timestamptz not null default now(),
    primary key (cart_id, product_id)
);

create table wishlists (
    id uuid primary key default gen_random_uuid(),
    user_id uuid unique references users on delete cascade,
    created_at timestamptz not null default now()
);

create table wishlist_items (
    wishlist_id uuid not null references wishlists on delete cascade,
    product_id text not null references products on delete cascade,
    added_at timestamptz not null default now(),
    primary key (wishlist_id, product_id)
);

create table addresses (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users on delete cascade,
    full_name text not null check (length(full_name) between 1 and 200),
    line1 text not null check (length(line1) between 1 and 200),
    line2 text not null default '' check (length(line2) <= 200),
    city text not null check (length(city) between 1 and 100),
    postal_code text not null check (length(postal_code) between 1 and 20),
    country char(2) not null check (country ~ '^[A-Z]{2}$'),
    phone text not null default '' check (length(phone) <= 40),
    created_at timestamptz not null default now()
);
create index addresses_of_user on addresses (user_id);

create table coupons (
    code text primary key check (code = upper(code) and length(code) between 3 and 40),
    percent integer check (percent between 1 and 90),
    amount numeric(12, 2) check (amount > 0),
    min_subtotal numeric(12, 2) not null default 0 check (min_subtotal >= 0),
    ends_at timestamptz,
    max_uses integer check (max_uses > 0),
    uses integer not null default 0 check (uses >= 0 and (max_uses is null or uses <= max_uses)),
    check ((percent is null) <> (amount is null))
);

create sequence order_numbers start 10001;

-- total is what the customer pays. client_id and session_id are the tracker's at checkout, NULL without consent.
create table orders (
    id uuid primary key default gen_random_uuid(),
    number text not null unique default 'CS-' || nextval('order_numbers'),
    idempotency_key uuid not null unique,
    user_id uuid references users on delete set null,
    email text not null check (email like '%_@_%'),
    status text not null default 'placed' check (status in ('placed', 'paid', 'shipped', 'delivered', 'cancelled')),
    currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
    subtotal numeric(12, 2) not null check (subtotal > 0),
    discount numeric(12, 2) not null default 0 check (discount between 0 and subtotal),
    shipping numeric(12, 2) not null default 0 check (shipping >= 0),
    tax numeric(12, 2) not null default 0 check (tax >= 0), -- contained in the prices and in the total
    total numeric(12, 2) not null check (total = subtotal - discount + shipping and tax <= total),
    refunded numeric(12, 2) not null default 0 check (refunded between 0 and total),
    coupon text references coupons,
    payment_method text not null check (payment_method in ('test_card', 'pay_on_delivery')),
    ship_to jsonb not null check (jsonb_typeof(ship_to) = 'object'), -- the address as it was at checkout
    client_id text,
    session_id text,
    placed_at timestamptz not null default now()
);
create index orders_of_user on orders (user_id, placed_at);
create index orders_by_time on orders (placed_at);

create table order_items (
    order_id uuid not null references orders on delete cascade,
    line integer not null check (line >= 1),
    product_id text not null,
    name text not null,
    category text not null,
    brand text not null,
    price numeric(12, 2) not null check (price > 0), -- of one, as paid before the coupon
    quantity integer not null check (quantity >= 1),
    primary key (order_id, line)
);

create table refunds (
    id uuid primary key default gen_random_uuid(),
    order_id uuid not null references orders on delete cascade,
    amount numeric(12, 2) not null check (amount > 0),
    reason text not null default '',
    refunded_at timestamptz not null default now()
);
create index refunds_of_order on refunds (order_id);

-- Events that the shop's server records in the transaction that they report; sent until the collector has them.
create table outbox (
    id bigint generated always as identity primary key,
    event_id uuid not null unique, -- UUIDv5 of the order or refund: sending twice counts once
    event jsonb not null check (jsonb_typeof(event) = 'object'), -- as POST /clickstream takes it
    created_at timestamptz not null default now(),
    attempts integer not null default 0,
    last_error text,
    sent_at timestamptz
);
create index outbox_unsent on outbox (id) where sent_at is null;
