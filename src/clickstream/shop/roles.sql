-- The read-only role of the shop's database. Run it as the role that owns the tables, connected to that database:
--
--     clickstream shop roles | psql "$CLICKSTREAM_WEB_DB_URL"
--
-- after each `clickstream shop migrate` that applied a file, and as often as you like. The role cannot log in. Create
-- users in it; each needs the last statement too, because users do not inherit settings of a role:
--
--     create role truth login password '...' in role clickstream_shop_reader;
--     alter role truth set default_transaction_read_only = on;
--
-- clickstream_shop_reader  reads what `clickstream orders check` compares: numbers, amounts and times of orders and
--                          refunds. It reads no customer, address or e-mail, and has no right to write anything.
begin;

do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'clickstream_shop_reader') then
        create role clickstream_shop_reader nologin;
    end if;
    -- By default every role may create temporary tables in a database. This is the database we are connected to.
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant connect on database %I to clickstream_shop_reader', current_database());
end
$$;

revoke create on schema public from public, clickstream_shop_reader;
revoke all on all tables in schema public from clickstream_shop_reader;
-- A function may be executed by every role unless that right is revoked. Its owner keeps it.
revoke execute on function refund_order (uuid, numeric, text) from public;
grant usage on schema public to clickstream_shop_reader;
grant select (id, number, status, currency, total, refunded, placed_at) on orders to clickstream_shop_reader;
grant select (id, order_id, amount, refunded_at) on refunds to clickstream_shop_reader;

commit;
