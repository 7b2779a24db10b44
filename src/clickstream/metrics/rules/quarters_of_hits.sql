select
        h.moment, h.session, h.pair, 1 as events, cast(h.is_page_view as integer) as page_views,
        cast(coalesce(h.name = (select id from texts where text = 'product_view'), false) as integer) as product_views,
        h.login_state, h.split
    from counted_hits as h
    where {cut_quarters}
