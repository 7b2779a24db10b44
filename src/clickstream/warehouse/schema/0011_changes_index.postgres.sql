-- What the loads after a known one wrote.
create index sessions_load_id_idx on sessions (load_id);
create index orders_load_id_idx on orders (load_id);
create index refunds_load_id_idx on refunds (load_id);
create index clients_load_id_idx on clients (load_id);
create index seen_load_id_idx on seen (load_id);
create index gone_load_id_idx on gone (load_id);

-- Events without a session by their time, and events of other clients, which no load has a number for.
create index clickstream_events_no_session_idx on clickstream_events (event_timestamp) where session_key is null;
create index clickstream_events_no_load_idx on clickstream_events (event_id) where load_id is null;
