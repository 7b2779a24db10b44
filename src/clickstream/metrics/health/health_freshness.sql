-- The newest rows. Those since the hour of the last object contain the maximum, if there are any: PostgreSQL finds them by
-- an index, and reads all rows only where there are none.
with newest as (
    select coalesce(max(hour), timestamptz '1970-01-01 00:00:00+00') as hour
    from raw_objects
    where hour < cast($as_of as timestamptz)
)
select
    coalesce(
        (
            select max(received_at)
            from clickstream_events
            where received_at >= (select hour from newest) and received_at < cast($as_of as timestamptz)
        ),
        (select max(received_at) from clickstream_events where received_at < cast($as_of as timestamptz))
    ) as last_received_at,
    (select max(loaded_at) from loads) as last_loaded_at,
    coalesce(
        (
            select max(event_timestamp)
            from clickstream_events
            where event_timestamp >= (select hour from newest) and event_timestamp < cast($as_of as timestamptz)
        ),
        (select max(event_timestamp) from clickstream_events where event_timestamp < cast($as_of as timestamptz))
    ) as last_event_at
