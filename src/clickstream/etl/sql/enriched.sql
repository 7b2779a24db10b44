-- The results of enrichment for each row of `parsed`, in its order. Only these columns: joins over all columns of an
-- event cost four times as much. The `known_` tables contain every value of `parsed` (enrich/enrichment.py); NULL has no
-- result.
create or replace table enriched as
select
    e.rowid as row_number,
    page.page_url, page.page_path, referrer.referrer, country.country,
    device.device_type, device.browser, device.os,
    bot.bot_score, bot.bot_reasons, coalesce(bot.is_bot, false) as is_bot,
    channel.source, channel.medium, channel.campaign, channel.channel, channel.referrer_domain,
    w.row_number is not null as has_wrong_items
from parsed as e
left join known_page as page on page.sent = e.page_url
left join known_referrer as referrer on referrer.sent = e.referrer
left join known_channel as channel
    on channel.page_host = page.host and channel.page_campaign = page.campaign
    and channel.referrer_host = coalesce(referrer.host, '')
    and channel.sent_campaign = case when page.campaign = '' then coalesce(e.sent_campaign, '') else '' end
left join known_device as device on device.sent = e.user_agent
left join known_bot as bot on bot.sent = e.judged_agent
left join known_country as country
    on country.sent = coalesce(e.country, '') and country.header = coalesce(e.header_country, '')
    and country.address = coalesce(e.source_ip, '')
left join (select distinct row_number from items where is_wrong) as w on w.row_number = e.rowid;
