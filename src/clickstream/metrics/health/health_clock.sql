with clocks as (
    select
        coalesce(event_timestamp_source, $none) as source,
        sent_at - received_at as gap
    from clickstream_events
    where received_at >= $start and received_at < $end
)
select
    source,
    case
        when gap is null then 'none'
        else concat(
            case when gap > interval '0 seconds' then 'ahead' else 'behind' end,
            case
                when gap between interval '-5 seconds' and interval '5 seconds' then '_5s'
                when gap between interval '-1 minute' and interval '1 minute' then '_1min'
                when gap between interval '-5 minutes' and interval '5 minutes' then '_5min'
                when gap between interval '-1 hour' and interval '1 hour' then '_1h'
                else '_more'
            end
        )
    end as skew,
    count(*) as events
from clocks
group by source, skew
