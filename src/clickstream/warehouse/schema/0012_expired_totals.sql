-- What is known of rows that expired: totals by quarter of an hour (UTC, counted from 1970). Events count at their own time,
-- sessions at their start, orders at ordered_at. `is_bot` is that of the session, or of an event or order without one.
create table expired_totals (
    quarter bigint not null,
    is_sample boolean not null,
    is_bot boolean not null,
    events bigint not null,
    page_views bigint not null,
    product_views bigint not null,
    sessions bigint not null,
    engaged_sessions bigint not null,
    cart_sessions bigint not null,
    checkout_sessions bigint not null,
    order_sessions bigint not null,
    orders bigint not null
);

-- Answers are not read from daily counts any more.
drop table daily_visitors;
drop table daily_sessions;
drop table rollup_zone;
