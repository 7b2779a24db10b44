-- Counts per day of CLICKSTREAM_TIMEZONE, kept with every load. '' stands for a missing value; `is_bot` is that of the
-- session, or of an event without one.
create table daily_visitors (
    day date not null,
    client_id @text not null,
    user_id @text not null,
    is_sample boolean not null,
    is_bot boolean not null,
    events bigint not null,
    page_views bigint not null,
    product_views bigint not null
);

-- Sessions by the day of their start.
create table daily_sessions (
    day date not null,
    channel @text not null,
    device_type @text not null,
    country @text not null,
    is_sample boolean not null,
    is_bot boolean not null,
    sessions bigint not null,
    engaged_sessions bigint not null,
    cart_sessions bigint not null,
    checkout_sessions bigint not null,
    order_sessions bigint not null,
    events bigint not null,
    page_views bigint not null,
    duration_us bigint not null
);

-- One row: the zone that the rollups' days are counted in. They are counted again for another zone.
create table rollup_zone (
    zone @text not null
);
