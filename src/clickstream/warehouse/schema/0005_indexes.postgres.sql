-- Each index costs the load: these are the ones that a load itself, or a question about few rows, needs.
-- An upsert by another client of the table (`on conflict (event_id)`) needs the unique one.
alter table clickstream_events add constraint clickstream_events_event_id_key unique (event_id);

-- Rows come nearly in order of time: blocks of a range are found by an index of some kilobytes. The loader summarises new
-- blocks itself (warehouse/postgres.py): autosummarize writes a line into the server's log for each that it has no room for.
create index clickstream_events_event_timestamp_brin on clickstream_events using brin (event_timestamp)
with (pages_per_range = 32);

-- The events of a session that a late event touches.
create index clickstream_events_session_key_idx on clickstream_events (session_key);

create index clickstream_events_order_id_idx on clickstream_events (order_id) where order_id is not null;

create unique index raw_objects_name_key on raw_objects (name);
create unique index sessions_session_key_key on sessions (session_key);
-- As the load asks for them (etl/sql/sessionize.sql): a client may be missing.
create index sessions_client_idx on sessions (coalesce(client_id, ''), coalesce(session_id, ''));
create index sessions_session_start_idx on sessions (session_start);
create unique index clients_client_id_key on clients (client_id);
create unique index seen_pair_key on seen (coalesce(client_id, ''), coalesce(user_id, ''));
create unique index orders_order_id_key on orders (order_id);
create index orders_session_key_idx on orders (session_key);
create index order_lines_event_id_idx on order_lines (event_id);
create index daily_visitors_idx on daily_visitors (day, client_id);
create index daily_sessions_idx on daily_sessions (day);

-- ANALYZE looks at every column it may, and nothing is ever chosen by these.
alter table clickstream_events
    alter column page_url set statistics 0,
    alter column page_title set statistics 0,
    alter column referrer set statistics 0,
    alter column context_product_url_path set statistics 0,
    alter column element_tag set statistics 0,
    alter column element_id set statistics 0,
    alter column element_role set statistics 0,
    alter column element_text set statistics 0,
    alter column element_dataset set statistics 0,
    alter column order_items set statistics 0,
    alter column properties set statistics 0,
    alter column created_at set statistics 0,
    alter column sent_at set statistics 0,
    alter column source_event_id set statistics 0,
    alter column field_errors set statistics 0,
    alter column bot_reasons set statistics 0;
