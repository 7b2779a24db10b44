-- The touched sessions, written anew from their events (`keyed`).
delete from sessions where session_key in (select session_key from touched);

insert into sessions (
    session_key, client_id, session_id, user_id, session_start, session_end, events, page_views, key_events,
    entry_page, exit_page, country, is_sample
)
with ordered as (
    select
        *,
        row_number() over (
            partition by session_key order by event_timestamp, received_at, raw_object, raw_line, event_id
        ) as place
    from keyed
),
places as (
    select
        session_key,
        min(case when user_id is not null then place end) as first_user,
        min(case when is_page_view then place end) as entry,
        max(case when is_page_view then place end) as exit
    from ordered
    group by session_key
)
select
    o.session_key,
    max(o.client_id),
    max(o.session_id),
    max(case when o.place = p.first_user then o.user_id end),
    min(o.event_timestamp),
    max(o.event_timestamp),
    count(*),
    sum(case when o.is_page_view then 1 else 0 end),
    sum(case when o.event_name in (
        'add_to_cart_click', 'wishlist_toggle', 'share_click', 'login_success', 'checkout_start', 'checkout_complete'
    ) then 1 else 0 end),
    max(case when o.place = p.entry then o.page_path end),
    max(case when o.place = p.exit then o.page_path end),
    max(case when o.place = 1 then o.country end),
    max(case when o.is_sample then 1 else 0 end) = 1
from ordered as o
join places as p on p.session_key = o.session_key
group by o.session_key;
