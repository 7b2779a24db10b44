-- Questions about the hour of receipt: rows come nearly in that order, so blocks are found by an index of some kilobytes.
create index clickstream_events_received_at_brin on clickstream_events using brin (received_at) with (pages_per_range = 32);
