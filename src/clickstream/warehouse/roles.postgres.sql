-- The two roles of a Clickstream warehouse. Run it as the role that owns the tables, connected to the warehouse:
--
--     clickstream warehouse roles | psql "$CLICKSTREAM_WAREHOUSE_URL"
--
-- Then let users in:  create role etl login password '...' in role clickstream_loader;
--                     create role dashboards login password '...' in role clickstream_reader;
--
-- clickstream_loader  reads and changes rows, and creates temporary tables. It creates and drops other tables only in the
--                     schema clickstream_rebuild, where `clickstream etl run --rebuild` builds beside the live tables.
-- clickstream_reader  reads. Its transactions are read-only by default, and without that it has no right to write.
-- Only the owner creates and changes tables: clickstream warehouse migrate.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'clickstream_loader') then
        create role clickstream_loader nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'clickstream_reader') then
        create role clickstream_reader nologin;
    end if;
    -- By default every role may create temporary tables in a database. This is the database we are connected to.
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant connect, temporary on database %I to clickstream_loader', current_database());
    execute format('grant connect on database %I to clickstream_reader', current_database());
end
$$;

revoke create on schema public from public, clickstream_loader, clickstream_reader;
grant usage on schema public to clickstream_loader, clickstream_reader;

grant select, insert, update, delete on all tables in schema public to clickstream_loader;
revoke insert, update, delete on schema_files from clickstream_loader;
grant select on all tables in schema public to clickstream_reader;

-- A schema, rather than the right to create schemas: the loader can create nothing else, and no other role reads it. It
-- belongs to the owner, who may drop what a killed rebuild of any loader left.
create schema if not exists clickstream_rebuild;
grant usage, create on schema clickstream_rebuild to clickstream_loader;

-- Tables that the owner creates later.
alter default privileges in schema public grant select, insert, update, delete on tables to clickstream_loader;
alter default privileges in schema public grant select on tables to clickstream_reader;

-- From PostgreSQL 17 on ANALYZE needs the right MAINTAIN; before that autovacuum does it, some minutes later.
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on all tables in schema public to clickstream_loader';
        execute 'alter default privileges in schema public grant maintain on tables to clickstream_loader';
    end if;
end
$$;

alter role clickstream_reader set default_transaction_read_only = on;
