with arrived as (
    select
        @micros(e.received_at) - @micros(e.received_at) % {unit} as start_us,
        @micros(e.received_at) - @micros(e.event_timestamp) as sent_us,
        @micros(l.loaded_at) - @micros(e.received_at) as loaded_us
    from clickstream_events as e
    left join loads as l on e.load_id = l.load_id
    where e.received_at >= $start and e.received_at < $end
)
select
    start_us, count(*) as events,
    count(*) filter (where sent_us > $late_sent) as late_sent,
    count(*) filter (where loaded_us > $late_loaded) as late_loaded,
    percentile_disc(0.9) within group (order by sent_us) as p90_sent_us,
    percentile_disc(0.9) within group (order by loaded_us) as p90_loaded_us
from arrived
group by start_us
order by start_us desc
