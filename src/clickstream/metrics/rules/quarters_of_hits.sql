select
        h.moment, h.session, v.visitor, 1 as events, cast(h.is_page_view as integer) as page_views,
        cast(coalesce(h.name = (select id from texts where text = 'product_view'), false) as integer) as product_views,
        h.login_state, h.split
    from counted_hits as h
    left join pairs as v on h.pair = v.id
    where {cut_quarters}
