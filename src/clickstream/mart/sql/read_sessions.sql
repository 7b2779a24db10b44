-- Sessions as `new_sessions`.
select
    s.session_key, nullif(s.client_id, '') as client_id, nullif(s.user_id, '') as user_id,
    @micros(s.session_start) as start_at, @micros(s.session_end) as end_at, s.events, s.page_views,
    s.entry_page as landing_page, s.exit_page, s.source, s.medium, s.campaign, s.channel, s.referrer_domain, s.device_type,
    s.browser, s.os, s.country, s.login_state, s.has_cart, s.has_checkout, s.orders, s.is_engaged, s.is_sample, s.is_bot
from sessions as s
where {sessions}
