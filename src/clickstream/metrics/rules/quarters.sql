select
        cast(q.quarter as bigint) * 900000000 as moment, q.session, q.visitor, q.events, q.page_views, q.product_views,
        q.login_state, {event_split} as split
    from session_quarters as q
    {quarter_split_join}
    where {whole_quarters} {of_quarters} {session_of_quarter}
