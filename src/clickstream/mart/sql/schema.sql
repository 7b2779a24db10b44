-- The tables of the mart. Instants are whole microseconds since 1970 (UTC), a quarter is the number of a quarter of an
-- hour since 1970. Texts that many rows repeat are numbers: of `texts`, or of `products`; 0 stands for no value. A row of
-- an event says itself whether it is of the sample or of a bot: a session's bot flag holds for all its events.

-- One row: what the mart was made from. hits_written counts the rows of `hits` ever written, also those replaced since;
-- built_hits and built_bytes are how many there were, and how large the file was, when it was built.
create table mart (
    version integer not null,
    epoch varchar not null,
    load_id bigint not null,
    loaded_at bigint,
    erasures bigint not null,
    hits_written bigint not null,
    built_hits bigint not null,
    built_bytes bigint not null
);

create table texts (id integer not null, text varchar not null);
insert into texts values (0, '(none)');

-- Every combination that an event or an item of an order showed.
create table products (id integer not null, product_id varchar, name varchar, category varchar, brand varchar);
insert into products values (0, null, null, null, null);

-- Pairs of client and user, with the first event of each, and the visitor that they belong to: the user, else the first
-- user that the client ever showed, else the client. Tables that count visitors repeat the visitor of a row's pair.
create table pairs (
    id integer not null,
    client_id varchar,
    user_id varchar,
    visitor integer not null,
    first_seen bigint not null,
    is_first_visit boolean,
    received_at bigint,
    object varchar,
    line integer,
    event_id varchar
);

create table clients (client_id varchar not null, first_user_id varchar not null);

-- is_new: the first event does not deny that it was the first visit.
create table visitors (id integer not null, visitor_id varchar not null, first_seen bigint, is_new boolean);

-- A dimension without a value is `(none)`.
create table sessions (
    id integer not null,
    session_key varchar not null,
    pair integer,
    visitor integer,
    start_at bigint not null,
    end_at bigint not null,
    events bigint not null,
    page_views bigint not null,
    landing_page varchar not null,
    source varchar not null,
    medium varchar not null,
    campaign varchar not null,
    channel varchar not null,
    referrer_domain varchar not null,
    device_type varchar not null,
    browser varchar not null,
    os varchar not null,
    country varchar not null,
    login_state varchar not null,
    has_cart boolean not null,
    has_checkout boolean not null,
    orders bigint not null,
    is_engaged boolean not null,
    is_sample boolean not null,
    is_bot boolean not null
);

-- Every event. place: its place in event order within its session, or within the quarter of events without a session.
-- order_hash: of the order id of an order event.
create table hits (
    moment bigint not null,
    session integer,
    place integer not null,
    pair integer,
    name integer not null,
    page integer not null,
    product integer not null,
    login_state integer not null,
    is_page_view boolean not null,
    is_sample boolean not null,
    is_bot boolean not null,
    order_hash ubigint
);

-- Events counted by session, pair, login state and quarter of an hour.
create table session_quarters (
    quarter integer not null,
    session integer,
    pair integer,
    visitor integer,
    events integer not null,
    page_views integer not null,
    product_views integer not null,
    login_state integer not null,
    is_sample boolean not null,
    is_bot boolean not null
);

-- What a session did with a product. The quarters are those of the session's start and end: most questions need no other
-- table to find the rows of a range. product_id, category, brand: what the session did with all products of this value, as
-- bits: 1 = view, 2 = add to the cart, 4 = start a checkout after that. The first of these rows has the bits, the others
-- have 0, so that sessions are counted without grouping rows by session.
create table session_products (
    first_quarter integer not null,
    last_quarter integer not null,
    session integer not null,
    product integer not null,
    events integer not null,
    views integer not null,
    cart_adds integer not null,
    product_id utinyint not null,
    category utinyint not null,
    brand utinyint not null,
    is_sample boolean not null,
    is_bot boolean not null
);

create table orders (
    id integer not null,
    order_id varchar not null,
    ordered_at bigint not null,
    session integer,
    pair integer,
    visitor integer,
    total decimal(18, 4),
    currency varchar not null,
    is_sample boolean not null,
    is_bot boolean not null
);

create table order_items (
    order_number integer not null,
    line_number integer not null,
    product integer not null,
    price decimal(18, 4),
    quantity decimal(18, 4)
);
