-- Writes sessions and their events, and events without a session. In: `new_sessions`, `new_events`, `old_sessions` (whose
-- numbers are used again), `pairs` and `products` as they are now. Out: also `numbered`, these events with their numbers.
insert into texts
select (select max(id) from texts) + row_number() over (), text
from (
    select event_name as text from new_events
    union
    select page_path from new_events
    union
    select user_login_state from new_events
)
anti join texts using (text)
where text <> '';

create or replace temp table numbered_sessions as
with known as (
    select id from sessions
    union all
    select id from old_sessions
)
select
    coalesce(o.id, (select coalesce(max(id), 0) from known) + row_number() over (order by n.start_at)) as id,
    p.id as pair, p.visitor, n.*
from new_sessions as n
left join old_sessions as o on n.session_key = o.session_key
left join pairs as p on n.client_id is not distinct from p.client_id and n.user_id is not distinct from p.user_id;

insert into sessions
select
    id, session_key, pair, visitor, start_at, end_at, events, page_views, coalesce(nullif(landing_page, ''), '(none)'),
    coalesce(nullif(exit_page, ''), '(none)'),
    coalesce(nullif(source, ''), '(none)'), coalesce(nullif(medium, ''), '(none)'),
    coalesce(nullif(campaign, ''), '(none)'), coalesce(nullif(channel, ''), '(none)'),
    coalesce(nullif(referrer_domain, ''), '(none)'), coalesce(nullif(device_type, ''), '(none)'),
    coalesce(nullif(browser, ''), '(none)'), coalesce(nullif(os, ''), '(none)'), coalesce(nullif(country, ''), '(none)'),
    coalesce(login_state, '(none)'), coalesce(has_cart, false), coalesce(has_checkout, false), coalesce(orders, 0),
    coalesce(is_engaged, false), is_sample, coalesce(is_bot, false)
from numbered_sessions
order by start_at;

create or replace temp table numbered as
select
    e.moment, s.id as session,
    row_number() over event_order as place,
    lead(e.moment) over event_order is not null as has_next, s.end_at,
    p.id as pair, p.visitor,
    coalesce(n.id, 0) as name, coalesce(g.id, 0) as page, i.id as product, coalesce(l.id, 0) as login_state,
    md5_number_lower(e.order_id) as order_hash,
    e.is_page_view, e.is_sample, coalesce(s.is_bot, e.is_bot) as is_bot,
    e.event_name = 'product_view' as is_view, e.event_name = 'add_to_cart_click' as is_add,
    e.event_name = 'checkout_start' as is_checkout,
    e.event_name in ('page_view', 'home_view', 'category_view') as is_page, e.term, e.results
from new_events as e
left join numbered_sessions as s on e.session_key = s.session_key
left join pairs as p
    on e.client_id is not distinct from p.client_id and e.user_id is not distinct from p.user_id
    and e.event_name <> 'order_refunded'  -- which makes no visitor
left join texts as n on e.event_name = n.text
left join texts as g on e.page_path = g.text
left join texts as l on e.user_login_state = l.text
join products as i
    on e.product_id is not distinct from i.product_id and e.name is not distinct from i.name
    and e.category is not distinct from i.category and e.brand is not distinct from i.brand
window event_order as (
    partition by s.id, case when s.id is null then e.moment // 900000000 end
    order by e.moment, e.received_at nulls last, e.object nulls last, e.line nulls last, e.event_id
);

insert into hits
select
    moment, session, place, pair, name, page, product, login_state, is_page_view, is_sample, is_bot,
    is_page_view and session is not null and lag(place) over views is null,
    is_page_view and session is not null and lead(place) over views is null,
    case
        when is_page_view and session is not null
            then coalesce(lead(moment) over views, case when has_next then end_at end) - moment
    end,
    order_hash
from numbered
window views as (partition by session, is_page_view order by place)
order by moment, session, place;

insert into session_quarters
select
    moment // 900000000, session, pair, visitor, count(*), count(*) filter (is_page_view), count(*) filter (is_view),
    login_state, is_sample, is_bot
from numbered
group by moment // 900000000, session, pair, visitor, login_state, is_sample, is_bot
order by 1, 2;

insert into session_products
with counts as (
    select
        session, product, count(*) as events, count(*) filter (is_view) as views, count(*) filter (is_add) as cart_adds,
        min(place) filter (is_add) as first_add
    from numbered
    where session is not null and product <> 0
    group by session, product
),
checkouts as (
    select session, max(place) as last_place
    from numbered
    where is_checkout
    group by session
),
did as materialized (
    select
        c.session, c.product, c.events, c.views, c.cart_adds, p.product_id, p.category, p.brand,
        (c.views > 0)::utinyint + 2 * (c.cart_adds > 0)::utinyint
            + 4 * coalesce(c.first_add < k.last_place, false)::utinyint as bits
    from counts as c
    join products as p on c.product = p.id
    left join checkouts as k on c.session = k.session
),
by_value as (
    select session, min(product) as product, 'product_id' as kind, bit_or(bits) as bits
    from did
    group by session, product_id
    union all
    select session, min(product), 'category', bit_or(bits)
    from did
    group by session, category
    union all
    select session, min(product), 'brand', bit_or(bits)
    from did
    group by session, brand
),
first_rows as (
    select
        session, product, max(bits) filter (kind = 'product_id') as product_id,
        max(bits) filter (kind = 'category') as category, max(bits) filter (kind = 'brand') as brand
    from by_value
    group by session, product
)
select
    s.start_at // 900000000, s.end_at // 900000000, d.session, d.product, d.events, d.views, d.cart_adds,
    coalesce(f.product_id, 0), coalesce(f.category, 0), coalesce(f.brand, 0), s.is_sample, coalesce(s.is_bot, false)
from did as d
join numbered_sessions as s on d.session = s.id
left join first_rows as f on d.session = f.session and d.product = f.product
order by d.session, d.product;

update mart set hits_written = hits_written + (select count(*) from numbered);

drop table numbered_sessions;
