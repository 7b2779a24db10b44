-- Sessions that as_of cuts in two, told again from their events before it: no row at or after as_of exists. Only asked
-- for when there is one.
union all
select
    session_key, min(client_id), max(case when user_place = 1 then user_id end),
    min(event_timestamp), max(event_timestamp), count(*),
    count(case when is_page_view then 1 end),
    count(case when event_name in (
        'add_to_cart_click', 'wishlist_toggle', 'share_click', 'login_success', 'checkout_start', 'checkout_complete'
    ) then 1 end),
    max(case when page_place = 1 and is_page_view then page_path end), min(country)
from (
    select
        e.session_key, c.client_id, c.country, e.user_id, e.event_timestamp, e.event_name, e.is_page_view, e.page_path,
        row_number() over (
            partition by e.session_key
            order by
                case when e.user_id is null then 1 else 0 end,
                e.event_timestamp, e.received_at nulls last, e.raw_object collate "C" nulls last,
                e.raw_line nulls last, e.event_id
        ) as user_place,
        row_number() over (
            partition by e.session_key
            order by
                case when e.is_page_view then 0 else 1 end,
                e.event_timestamp, e.received_at nulls last, e.raw_object collate "C" nulls last,
                e.raw_line nulls last, e.event_id
        ) as page_place
    from (
        select session_key, client_id, country
        from sessions
        where session_start < $as_of and session_end >= $as_of {population}
    ) as c
    inner join population_events as e on c.session_key = e.session_key
) as cut_events
group by session_key
