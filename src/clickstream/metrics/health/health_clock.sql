with clocks as (
    select
        coalesce(event_timestamp_source, $none) as source,
        @micros(sent_at) - @micros(received_at) as skew_us
    from clickstream_events
    where received_at >= $start and received_at < $end
)
select
    source,
    case
        when skew_us is null then 'none'
        else concat(
            case when skew_us > 0 then 'ahead' else 'behind' end,
            case
                when abs(skew_us) <= 5000000 then '_5s'
                when abs(skew_us) <= 60000000 then '_1min'
                when abs(skew_us) <= 300000000 then '_5min'
                when abs(skew_us) <= 3600000000 then '_1h'
                else '_more'
            end
        )
    end as skew,
    count(*) as events
from clocks
group by source, skew
