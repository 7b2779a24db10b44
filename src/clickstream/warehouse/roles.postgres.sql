-- The two roles of a Clickstream warehouse. Run it as the role that owns the tables, connected to the warehouse:
--
--     clickstream warehouse roles | psql "$CLICKSTREAM_WAREHOUSE_URL"
--
-- before or after the first `clickstream warehouse migrate`, and as often as you like. The two roles cannot log in. Create
-- users in them; each user that only reads needs the last statement too, because users do not inherit settings of a role:
--
--     create role etl login password '...' in role clickstream_loader;
--     create role dashboards login password '...' in role clickstream_reader;
--     alter role dashboards set default_transaction_read_only = on;
--
-- clickstream_loader  reads and changes rows, and creates temporary tables. It creates and drops other tables only in the
--                     schema clickstream_rebuild, where `clickstream etl run --rebuild` builds beside the live tables.
-- clickstream_reader  reads. It has no right to write anything, even in a transaction that is not read-only.
-- Only the owner creates and changes tables: clickstream warehouse migrate.
begin;

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

-- Created here as well, so that a first migration that comes later cannot give the loader more rights to it.
create table if not exists schema_files (name text not null);
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

-- By default every role may create large objects, which only a superuser can change. Without one, read-only transactions
-- prevent it from PostgreSQL 16 on.
do $$
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
    elsif has_function_privilege('clickstream_reader', 'lo_create(oid)', 'execute') then
        raise warning 'clickstream_reader can create large objects'
            using hint = 'let a superuser run in this database: revoke execute on function lo_creat(integer),'
                ' lo_create(oid), lo_from_bytea(oid, bytea) from public';
    end if;
end
$$;

-- Users that only read and were created without the setting.
do $$
declare
    reader name;
begin
    for reader in
        select u.rolname
        from pg_auth_members as m
        join pg_roles as u on u.oid = m.member
        where m.roleid = 'clickstream_reader'::regrole and not u.rolsuper
            and not pg_has_role(u.oid, 'clickstream_loader', 'member')
            and not pg_has_role(u.oid, (select relowner from pg_class where oid = 'schema_files'::regclass), 'member')
    loop
        execute format(
            'alter role %I in database %I set default_transaction_read_only = on', reader, current_database()
        );
    end loop;
exception when insufficient_privilege then
    raise warning 'some users of clickstream_reader may have transactions that are not read-only'
        using hint = 'run for each of them: alter role NAME set default_transaction_read_only = on';
end
$$;

commit;
