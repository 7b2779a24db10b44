"""The databases of the instances, attacked: whatever does not belong there is refused, for the reason that is meant.

The servers run with the settings, certificates and roles that the bootstrap made. Each attack changes one thing of a
client that is let in.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.instance.attacks import PUBLIC, Client
from tests.instance.machine import Machine

pytestmark = pytest.mark.slow

Change = Callable[[Client, Path], Client]
NO_ENTRY = "pg_hba.conf rejects connection"
WRONG_PASSWORD = "password authentication failed"


def etl(machine: Machine) -> Client:
    password = machine.parameter("/clickstream/warehouse/etl/password")["Value"]
    return Client("etl", "clickstream_dw", password, machine.pki / "ca.crt")


def shop(machine: Machine) -> Client:
    password = machine.parameter("/clickstream/web/shop/password")["Value"]
    client = Client("shop", "clickstream_web", password, machine.pki / "ca.crt", source=PUBLIC)
    return client.with_certificate(machine.pki, "shop")


def truth(machine: Machine) -> Client:
    password = machine.parameter("/clickstream/web/truth/password")["Value"]
    client = Client("truth", "clickstream_web", password, machine.pki / "ca.crt")
    return client.with_certificate(machine.pki, "truth")


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates with the right names, of an authority that is not the instance's."""
    folder = tmp_path_factory.mktemp("forged")
    for name in ("ca", "shop", "truth"):
        signed = [] if name == "ca" else ["-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key")]
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"), "-subj", f"/CN={name}"]
        subprocess.run([*command, *files, *signed], check=True, capture_output=True)
        (folder / f"{name}.key").chmod(0o600)
    return folder


def refusal(client: Client, machine: Machine) -> str:
    """Return why the server, or the client itself, refuses the connection; "" if it is let in.

    With TLS 1.3 the connection may end before the client has read the alert with the reason: then it tries again.
    """
    why = ""
    for _ in range(20):
        try:
            with client.session(machine) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError as error:
            why = str(error)
            if not any(lost in why for lost in ("unexpected eof", "Connection reset", "closed the connection")):
                break
        else:
            return ""
    return why


@pytest.mark.parametrize("client", [etl, shop, truth])
def test_the_right_client_is_let_in_with_tls_13(
    client: Callable[[Machine], Client], request: pytest.FixtureRequest
) -> None:
    role = "warehouse" if client is etl else "web"
    machine: Machine = request.getfixturevalue(f"{role}_instance")
    found = client(machine)
    with found.session(machine) as connection:
        sql = "select current_user::text, version, client_dn from pg_stat_ssl where pid = pg_backend_pid()"
        name = None if client is etl else f"/CN={found.user}"
        assert connection.execute(sql).fetchone() == (found.user, "TLSv1.3", name)


def options(**changed: str) -> Change:
    return lambda client, _forged: replace(client, options=client.options | changed)


ATTACKS_ON_BOTH: list[tuple[str, Change, str]] = [
    ("no TLS", options(sslmode="disable"), NO_ENTRY),
    ("TLS 1.2", options(ssl_max_protocol_version="TLSv1.2"), "protocol version"),
    ("a wrong password", lambda c, _: replace(c, password="wrong"), WRONG_PASSWORD),
    ("an empty password", lambda c, _: replace(c, password=""), "no password supplied"),
    ("the database postgres", lambda c, _: replace(c, database="postgres"), NO_ENTRY),
    ("the database template1", lambda c, _: replace(c, database="template1"), NO_ENTRY),
    ("the superuser", lambda c, _: replace(c, user="postgres"), NO_ENTRY),
    ("the owner of the tables", lambda c, _: replace(c, user="clickstream"), NO_ENTRY),
    ("the role of the tables' group", lambda c, _: replace(c, user="clickstream_loader"), NO_ENTRY),
    ("an unknown role", lambda c, _: replace(c, user="visitor"), NO_ENTRY),
    ("replication", options(replication="true"), "max_wal_senders (currently 0)"),
]
ATTACKS_ON_WAREHOUSE: list[tuple[str, Change, str]] = [
    ("outside the private network", lambda c, _: replace(c, source=PUBLIC), NO_ENTRY),
    ("the dashboard's role", lambda c, _: replace(c, user="dashboard"), NO_ENTRY),
    (
        "an authority that did not sign the server",
        lambda c, f: replace(c, ca=f / "ca.crt"),
        "certificate verify failed",
    ),
]
ATTACKS_ON_WEB: list[tuple[str, Change, str]] = [
    ("no certificate", lambda c, _: replace(c, certificate=None), "client certificate"),
    ("a forged certificate", lambda c, f: c.with_certificate(f, "shop"), "unknown ca"),
    (
        "the certificate of another role",
        lambda c, _: c.with_certificate(c.ca.parent, "truth"),
        'failed for user "shop"',
    ),
    ("the server's certificate", lambda c, _: c.with_certificate(c.ca.parent, "server"), "alert"),
    ("the authority's certificate", lambda c, _: c.with_certificate(c.ca.parent, "ca"), "unsupported certificate"),
    ("the ETL's role", lambda c, _: replace(c, user="etl"), NO_ENTRY),
    ("the sender's role", lambda c, _: replace(c, user="sender"), NO_ENTRY),
    ("the dashboard's role", lambda c, _: replace(c, user="dashboard"), NO_ENTRY),
]


def cases(attacks: list[tuple[str, Change, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("change", "reason"), [pytest.param(*each[1:], id=each[0]) for each in attacks])


@cases(ATTACKS_ON_BOTH + ATTACKS_ON_WAREHOUSE)
def test_the_warehouse_refuses(warehouse_instance: Machine, forged: Path, change: Change, reason: str) -> None:
    assert reason in refusal(change(etl(warehouse_instance), forged), warehouse_instance)


@cases(ATTACKS_ON_BOTH + ATTACKS_ON_WEB)
def test_the_shops_database_refuses(web_instance: Machine, forged: Path, change: Change, reason: str) -> None:
    assert reason in refusal(change(shop(web_instance), forged), web_instance)


def test_the_truth_check_is_refused_outside_the_private_network(web_instance: Machine) -> None:
    assert NO_ENTRY in refusal(replace(truth(web_instance), source=PUBLIC), web_instance)


def test_a_client_refuses_a_server_that_has_another_address(web_instance: Machine, warehouse_instance: Machine) -> None:
    assert "certificate verify failed" in refusal(shop(web_instance), warehouse_instance)


SYSTEM_USERS = [
    ("warehouse", "root", "postgres", "postgres", True),
    ("warehouse", "postgres", "postgres", "clickstream_dw", True),
    ("warehouse", "clickstream", "clickstream", "clickstream_dw", True),
    ("warehouse", "clickstream-dashboard", "dashboard", "clickstream_dw", True),
    ("warehouse", "clickstream-dashboard", "clickstream", "clickstream_dw", False),
    ("warehouse", "clickstream-dashboard", "postgres", "clickstream_dw", False),
    ("warehouse", "clickstream-dashboard", "etl", "clickstream_dw", False),
    ("warehouse", "clickstream", "postgres", "clickstream_dw", False),
    ("warehouse", "clickstream", "clickstream", "postgres", False),
    ("web", "root", "postgres", "clickstream_web", True),
    ("web", "clickstream", "clickstream", "clickstream_web", True),
    ("web", "clickstream-sender", "sender", "clickstream_web", True),
    ("web", "clickstream-sender", "clickstream", "clickstream_web", False),
    ("web", "clickstream-sender", "shop", "clickstream_web", False),
    ("web", "clickstream", "truth", "clickstream_web", False),
]


@pytest.mark.parametrize("case", SYSTEM_USERS, ids=lambda case: f"{case[1]} as {case[2]} in {case[3]}")
def test_a_system_user_has_the_role_that_belongs_to_it(
    request: pytest.FixtureRequest, case: tuple[str, str, str, str, bool]
) -> None:
    role, user, name, database, is_let_in = case
    machine: Machine = request.getfixturevalue(f"{role}_instance")
    done = machine.psql(user, name, database, "select current_user")
    if is_let_in:
        assert done.stdout == f"{name}\n", done.stderr
    else:
        assert "Peer authentication failed" in done.stderr or NO_ENTRY in done.stderr


DENIED_TO_ETL = [
    "create table mine (a int)",
    "create schema mine",
    "drop table clickstream_events",
    "alter table clickstream_events add column mine int",
    "truncate clickstream_events",
    "create role mine",
    "alter role etl superuser",
    "grant clickstream to etl",
    "set role clickstream",
    "set session authorization postgres",
    "update schema_files set name = ''",
    "copy clickstream_events to program 'id'",
    "copy clickstream_events to '/tmp/events'",
    "select pg_read_file('/etc/passwd')",
    "select lo_create(0)",
    "alter system set ssl = off",
    "select rolpassword from pg_authid",
    "create extension dblink",
]


@pytest.mark.parametrize("sql", DENIED_TO_ETL)
def test_the_etl_changes_rows_and_nothing_else(warehouse_instance: Machine, sql: str) -> None:
    with etl(warehouse_instance).session(warehouse_instance) as connection:
        connection.execute("delete from passes where false")
        connection.execute("create temp table staged (a int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.encode())


@pytest.mark.parametrize(
    "sql",
    [
        "delete from passes",
        "insert into passes values (now())",
        "set default_transaction_read_only = off; delete from passes",
        "begin read write; delete from passes",
        "create temp table mine (a int)",
        "create table mine (a int)",
        "set role clickstream_loader",
        "select lo_create(0)",
        "copy (select 1) to program 'id'",
    ],
)
def test_the_dashboard_reads_and_writes_nothing(warehouse_instance: Machine, sql: str) -> None:
    read = warehouse_instance.psql(
        "clickstream-dashboard", "dashboard", "clickstream_dw", "select count(*) from passes"
    )
    assert read.stdout == "0\n"
    done = warehouse_instance.psql("clickstream-dashboard", "dashboard", "clickstream_dw", sql)
    assert re.search(r"ERROR:  (42501|25006):", done.stderr), done.stderr  # no privilege, or a read-only transaction


DENIED_TO_SHOP = [
    "create table mine (a int)",
    "create temp table mine (a int)",
    "alter table orders add column mine int",
    "drop table orders",
    "truncate carts",
    "delete from orders",
    "delete from users",
    "update products set price = 1",
    "update orders set total = 1",
    "update coupons set max_uses = 1000",
    "select * from outbox",
    "delete from outbox",
    "select * from schema_migrations",
    "set role clickstream",
    "grant select on outbox to shop",
    "copy orders to program 'id'",
    "select pg_read_file('/etc/passwd')",
    "select lo_create(0)",
]


@pytest.mark.parametrize("sql", DENIED_TO_SHOP)
def test_the_shops_server_does_what_the_shop_needs_and_nothing_else(web_instance: Machine, sql: str) -> None:
    with shop(web_instance).session(web_instance) as connection:
        assert connection.execute("select count(*) > 60 from products").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.encode())


@pytest.mark.parametrize(
    "sql",
    [
        "select email from orders",
        "select * from users",
        "select * from addresses",
        "select * from outbox",
        "begin read write; update orders set status = 'paid'",
        "select refund_order(id, 1, '') from orders",
        "begin read write; create temp table mine (a int)",
    ],
)
def test_the_truth_check_reads_amounts_and_no_customer(web_instance: Machine, sql: str) -> None:
    with truth(web_instance).session(web_instance) as connection:
        assert connection.execute("select count(total) from orders").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.encode())


def test_settings_of_roles_and_server_are_in_force(warehouse_instance: Machine, web_instance: Machine) -> None:
    limits = "select current_setting(name) from unnest(%s::text[]) as name"
    kinds_of_limits = ["statement_timeout", "idle_in_transaction_session_timeout"]
    for machine, client, expected in (
        (warehouse_instance, etl(warehouse_instance), ["15min", "5min"]),
        (web_instance, shop(web_instance), ["15s", "30s"]),
        (web_instance, truth(web_instance), ["1min", "1min"]),
    ):
        with client.session(machine) as connection:
            assert [value for (value,) in connection.execute(limits, [kinds_of_limits])] == expected
    limited = {"etl": 10, "dashboard": 20, "shop": 80, "sender": 3, "truth": 5}
    for machine in (warehouse_instance, web_instance):
        sql = f"select rolname, rolconnlimit from pg_roles where rolname in ({str([*limited])[1:-1]})"
        for line in machine.psql("root", "postgres", "postgres", sql).stdout.split():
            assert limited[line.partition("|")[0]] == int(line.partition("|")[2])
        for name, value in (("ssl_min_protocol_version", "TLSv1.3"), ("password_encryption", "scram-sha-256")):
            assert machine.psql("root", "postgres", "postgres", f"show {name}").stdout == f"{value}\n"
        kinds = machine.psql("root", "postgres", "postgres", "select distinct left(rolpassword, 13) from pg_authid")
        assert kinds.stdout.split() == ["SCRAM-SHA-256"]
        invalid = "select count(*) from pg_hba_file_rules where error is not null"
        assert machine.psql("root", "postgres", "postgres", invalid).stdout == "0\n"


def test_the_log_names_who_was_refused_and_no_value(web_instance: Machine) -> None:
    refusal(replace(shop(web_instance), password="hunter2"), web_instance)
    with shop(web_instance).session(web_instance) as connection, pytest.raises(psycopg.DataError):
        connection.execute("select %s::int", ["a-personal-value"])
    log = (web_instance.folder / "postgresql.log").read_text()
    assert 'shop@clickstream_web 127.9.9.9 FATAL:  password authentication failed for user "shop"' in log
    assert "hunter2" not in log
    assert "select $1::int" in log
