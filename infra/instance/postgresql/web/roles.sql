-- Users of the shop's database, in the roles that `clickstream shop roles` gives rights to.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'clickstream_shop_server') then
        create role clickstream_shop_server nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'clickstream_shop_sender') then
        create role clickstream_shop_sender nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'clickstream_shop_reader') then
        create role clickstream_shop_reader nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'shop') then
        create role shop login in role clickstream_shop_server;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'sender') then
        create role sender login in role clickstream_shop_sender;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'truth') then
        create role truth login in role clickstream_shop_reader;
    end if;
end
$$;

-- Each process of the shop's server keeps at most eight connections.
alter role shop connection limit 80;
alter role shop set statement_timeout = '15s';
alter role shop set idle_in_transaction_session_timeout = '30s';
alter role shop set idle_session_timeout = '15min';

-- It keeps its transaction open while it waits for the collector.
alter role sender connection limit 3;
alter role sender set statement_timeout = '1min';
alter role sender set idle_in_transaction_session_timeout = '5min';

alter role truth connection limit 5;
alter role truth set default_transaction_read_only = on;
alter role truth set statement_timeout = '1min';
alter role truth set idle_in_transaction_session_timeout = '1min';
