"""The roles of the shop's database: each does its work, and is refused everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from clickstream.delivery import Delivery
from clickstream.shop.migrate import roles_sql
from clickstream.shop.outbox import Sent, send_once
from tests.collect.conftest import Client, collector  # noqa: F401 - a fixture
from tests.shop.orders import Shop

ROLES = ("clickstream_shop_server", "clickstream_shop_sender", "clickstream_shop_reader")


@pytest.fixture
def users(shop: Shop) -> Iterator[dict[str, str]]:
    """The URL of a user in each role, created as the head of the script says."""
    shop.rows(roles_sql())
    shop.rows(roles_sql())
    found = re.findall(r"^--\s+(create role (\w+) login password '...' in role (\w+);)", roles_sql(), re.MULTILINE)
    settings = re.findall(r"^--\s+(alter role .*;)", roles_sql(), re.MULTILINE)
    assert tuple(role for _, _, role in found) == ROLES
    for statement in [*(create for create, _, _ in found), *settings]:
        shop.rows(statement)
    yield {name: shop.url.replace("owner@", f"{name}@") for _, name, _ in found}
    for _, name, _ in found:
        shop.rows(f"drop role {name}")
    for role in ROLES:
        shop.rows(f"drop owned by {role}; drop role {role}")


def refused(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_server_takes_an_order_and_cancels_it(shop: Shop, users: dict[str, str]) -> None:
    with Shop(users["shop"]) as server:
        server.rows("insert into users (issuer, subject) values ('i', 's') on conflict (issuer, subject) do nothing")
        cart = server.value("insert into carts default values returning id")
        server.rows("insert into cart_items (cart_id, product_id, quantity) values (%s, 'alpha', 1)", cart)
        order = server.order()
        server.rows("select * from orders where id = %s for update", order)
        server.rows("select refund_order(%s, null, 'cancelled by the customer')", order)
        server.rows("update coupons set uses = uses + 1 where code = 'WELCOME10'")
        server.rows("delete from cart_items; delete from carts")
        assert server.value("select status from orders") == "cancelled"
    assert [name for name, *_ in shop.outbox()] == ["order_confirmed", "order_refunded"]


def test_the_server_changes_no_price_no_outbox_and_no_table(shop: Shop, users: dict[str, str]) -> None:
    shop.order()
    refused(
        users["shop"],
        "update products set price = 1",
        "update orders set total = 1, subtotal = 1",
        "update coupons set percent = 90",
        "delete from orders",
        "delete from users",
        "select * from outbox",
        "update outbox set sent_at = now()",
        "insert into outbox (event_id, event, sent_at) values (gen_random_uuid(), '{}', now())",
        "select * from schema_migrations",
        "insert into schema_migrations values (9, 'x', 'x')",
        "create table mine (a int)",
        "create temp table mine (a int)",
        "alter table orders add mine int",
        "truncate carts",
    )


def test_the_sender_sends_the_outbox_and_reads_nothing_else(
    shop: Shop,
    users: dict[str, str],
    collector: Client,  # noqa: F811 - the fixture
) -> None:
    shop.order()
    shop.record({"eventId": str(uuid4()), "eventName": ""})
    with Delivery(f"http://127.0.0.1:{collector.port}") as delivery:
        assert send_once(users["sender"], delivery) == Sent(1, 1)
    assert [(sent, attempts) for _, sent, attempts, _ in shop.outbox()] == [(True, 1), (False, 1)]
    refused(
        users["sender"],
        "select * from orders",
        "select * from users",
        "delete from outbox",
        "update outbox set event = '{}'",
        "insert into outbox (event_id, event) values (gen_random_uuid(), '{}')",
        "create temp table mine (a int)",
    )


def test_the_reader_reads_amounts_of_orders_and_no_customer(shop: Shop, users: dict[str, str]) -> None:
    shop.order()
    with Shop(users["truth"]) as reader:
        assert len(reader.rows("select total, currency from orders")) == 1
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.rows("update orders set status = 'paid'")
    refused(
        users["truth"],
        "select email from orders",
        "select * from users",
        "select * from addresses",
        "begin read write; update orders set status = 'paid'",
        "rollback; begin read write; select refund_order(id, 1, '') from orders",
        "rollback; begin read write; create table mine (a int)",
        "rollback; begin read write; create temp table mine (a int)",
    )
