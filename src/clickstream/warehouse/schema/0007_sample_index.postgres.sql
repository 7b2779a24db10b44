-- Every question asks whether there are sample rows: without this one it reads all events where there are none.
create index clickstream_events_sample_idx on clickstream_events (event_timestamp) where is_sample is true;
