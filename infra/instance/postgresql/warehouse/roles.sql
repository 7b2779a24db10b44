-- Users of the warehouse, in the roles that `clickstream warehouse roles` gives rights to.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'clickstream_loader') then
        create role clickstream_loader nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'clickstream_reader') then
        create role clickstream_reader nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'etl') then
        create role etl login in role clickstream_loader;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'dashboard') then
        create role dashboard login in role clickstream_reader;
    end if;
end
$$;

-- A pass ends within the 15 minutes of its function.
alter role etl connection limit 10;
alter role etl set statement_timeout = '15min';
alter role etl set idle_in_transaction_session_timeout = '5min';

-- The first build of the mart reads large slices.
alter role dashboard connection limit 20;
alter role dashboard set default_transaction_read_only = on;
alter role dashboard set statement_timeout = '10min';
alter role dashboard set idle_in_transaction_session_timeout = '10min';
