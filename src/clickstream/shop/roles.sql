-- The roles of the shop's database. Run it as the role that owns the tables, connected to that database:
--
--     clickstream shop roles | psql "$CLICKSTREAM_WEB_DB_URL"
--
-- after each `clickstream shop migrate` that applied a file, and as often as you like. The roles cannot log in. Create
-- users in them; one that only reads needs the last statement too, because users do not inherit settings of a role:
--
--     create role shop login password '...' in role clickstream_shop_server;
--     create role sender login password '...' in role clickstream_shop_sender;
--     create role truth login password '...' in role clickstream_shop_reader;
--     alter role truth set default_transaction_read_only = on;
--
-- clickstream_shop_server  is what the shop's server needs: it reads the catalogue, keeps carts, accounts and orders, and
--                          adds events to the outbox. It changes no price, deletes no order and reads no outbox.
-- clickstream_shop_sender  is what `clickstream shop send` needs: it reads the outbox and notes what was sent.
-- clickstream_shop_reader  reads what `clickstream orders check` compares: numbers, amounts and times of orders and
--                          refunds. It reads no customer, address or e-mail, and has no right to write anything.
-- Only the owner creates and changes tables: clickstream shop migrate.
begin;

do $$
declare
    name text;
begin
    foreach name in array array['clickstream_shop_server', 'clickstream_shop_sender', 'clickstream_shop_reader'] loop
        if not exists (select 1 from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
        execute format('grant connect on database %I to %I', current_database(), name);
    end loop;
    -- By default every role may create temporary tables in a database. This is the database we are connected to.
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

revoke create on schema public
    from public, clickstream_shop_server, clickstream_shop_sender, clickstream_shop_reader;
revoke all on all tables in schema public
    from clickstream_shop_server, clickstream_shop_sender, clickstream_shop_reader;
-- A function may be executed by every role unless that right is revoked. Its owner keeps it.
revoke execute on function refund_order (uuid, numeric, text) from public;
grant usage on schema public to clickstream_shop_server, clickstream_shop_sender, clickstream_shop_reader;

grant select on brands, categories, products to clickstream_shop_server;
grant select, insert, update, delete
    on web_sessions, carts, cart_items, wishlists, wishlist_items, addresses to clickstream_shop_server;
grant select, insert, update (email, name) on users to clickstream_shop_server;
grant select, update (quantity, updated_at) on inventory to clickstream_shop_server;
grant select, update (uses) on coupons to clickstream_shop_server;
grant select, insert, update (status, refunded) on orders to clickstream_shop_server;
grant select, insert on order_items, refunds to clickstream_shop_server;
grant insert (event_id, event) on outbox to clickstream_shop_server;
grant usage on sequence order_numbers to clickstream_shop_server;
-- Customers cancel their own orders. The function runs with the rights of its caller.
grant execute on function refund_order (uuid, numeric, text) to clickstream_shop_server;

grant select, update (sent_at, attempts, last_error) on outbox to clickstream_shop_sender;

grant select (id, number, status, currency, total, refunded, placed_at) on orders to clickstream_shop_reader;
grant select (id, order_id, amount, refunded_at) on refunds to clickstream_shop_reader;

commit;
