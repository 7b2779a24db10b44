-- The touched sessions, written anew from their events (`keyed`).
delete from sessions where session_key in (select session_key from touched);

insert into sessions (
    session_key, client_id, session_id, user_id, session_start, session_end, events, page_views, key_events,
    entry_page, exit_page, country, is_sample
)
with places as (
    select
        session_key,
        min(seq) as first_event,
        min(case when user_id is not null then seq end) as first_user,
        min(case when is_page_view then seq end) as entry,
        max(case when is_page_view then seq end) as exit
    from keyed
    group by session_key
)
select
    k.session_key,
    max(k.client_id),
    max(k.session_id),
    max(case when k.seq = p.first_user then k.user_id end),
    min(k.event_timestamp),
    max(k.event_timestamp),
    count(*),
    sum(case when k.is_page_view then 1 else 0 end),
    sum(case when k.event_name in (
        'add_to_cart_click', 'wishlist_toggle', 'share_click', 'login_success', 'checkout_start', 'checkout_complete'
    ) then 1 else 0 end),
    max(case when k.seq = p.entry then k.page_path end),
    max(case when k.seq = p.exit then k.page_path end),
    max(case when k.seq = p.first_event then k.country end),
    max(case when k.is_sample then 1 else 0 end) = 1
from keyed as k
join places as p on p.session_key = k.session_key
group by k.session_key;
