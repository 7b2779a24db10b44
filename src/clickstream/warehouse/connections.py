"""Connections to a PostgreSQL database, the warehouse or the shop's: its address, TLS, and a pool of a few.

In: a URL. Out: connections that are in a transaction already; broken ones are replaced.
TLS with a verified certificate is required unless the URL says otherwise, or the server is on this machine.
No error contains the password: libpq's messages about a URL are never repeated.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from clickstream.errors import ClickstreamError, WarehouseError
from clickstream.hosts import is_loopback

Connection = psycopg.Connection[tuple[Any, ...]]

KEPT = 8
"""Idle connections that are kept open: as many as a dashboard uses at once."""
OLDEST_VERSION = 150_000
CONNECT_TIMEOUT_S = 10
_DEFAULTS = {
    "application_name": "clickstream",
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    # A server that vanished is noticed after a minute, not after two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "client_encoding": "utf8",
}
_TLS_WORDS = re.compile("SSL|certificate|TLS")
_SESSION = """
    set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set synchronous_commit = on;
    set temp_buffers = '64MB'
"""
"""temp_buffers: a chunk of a load stays in memory; none is allocated until a temporary table needs it."""


@dataclass(frozen=True, slots=True)
class Database:
    """Which database a URL names, for errors. setting: where the URL comes from."""

    name: str
    setting: str
    error: type[ClickstreamError]


WAREHOUSE = Database("warehouse", "CLICKSTREAM_WAREHOUSE_URL", WarehouseError)


class Connections:
    """A pool: any number of connections may be in use at once. Safe to use from any thread."""

    def __init__(self, url: str, schema: str | None = None) -> None:
        self._url = url
        self._parts = read_address(url)
        self._name = name_of(url)
        self._schema = schema
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def within(self, schema: str) -> Connections:
        """Return a pool for the same database whose search path is `schema`."""
        return Connections(self._url, schema)

    def __str__(self) -> str:
        """Return host and database, without user and password."""
        return self._name

    def take(self, begin: str) -> Connection:
        """Return a connection on which `begin` has run. One that broke while it was idle is replaced silently."""
        while True:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            connection = idle or self._connect()
            try:
                connection.execute(begin.encode())
            except psycopg.Error as error:
                connection.close()
                if idle is None or not isinstance(error, psycopg.OperationalError):
                    raise WarehouseError(
                        f"querying the warehouse {self}", reason_of(error), advice_for(error)
                    ) from error
            else:
                return connection

    def give_back(self, connection: Connection) -> None:
        """Keep the connection for later use. What it did not commit is rolled back."""
        with suppress(psycopg.Error):
            connection.rollback()
        with self._lock:
            is_kept = not (self._is_closed or connection.closed) and len(self._idle) < KEPT
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            connection.close()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connect(self) -> Connection:
        connection = connect(self._url, WAREHOUSE, self._parts)
        connection.execute(_SESSION.encode())
        if self._schema is not None:
            connection.execute(f'set search_path to "{self._schema}"'.encode())
        return connection


def connect(url: str, database: Database, parts: Mapping[str, Any] | None = None) -> Connection:
    """Open a connection that commits each statement. Raises the error of `database`, without the password.

    parts: what `read_address` returned for the URL, if the caller has it.
    """
    parts = read_address(url, database) if parts is None else parts
    doing = f"opening the {database.name} {name_of(url)}"
    try:
        connection = psycopg.connect(**parts, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.RawCursor)
    except psycopg.Error as error:
        advice = f"check that PostgreSQL is running there, {database.setting}, and the rights of its user"
        why = _without_password(reason_of(error), parts)
        if parts.get("sslmode") == "verify-full" and _TLS_WORDS.search(why):
            advice = _tls_advice(url, parts, database.setting)
        raise database.error(doing, why, advice) from None
    if connection.info.server_version < OLDEST_VERSION:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise database.error(doing, f"expected PostgreSQL 15 or newer, got {version}")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        why = f"expected a database with the encoding UTF8, got {encoding}, which cannot store every text"
        raise database.error(doing, why, "create database NAME encoding 'UTF8' template template0")
    return connection


def _without_password(text: str, parts: Mapping[str, Any]) -> str:
    password = str(parts.get("password") or "")
    return text.replace(password, "…") if password else text


def read_address(url: str, database: Database = WAREHOUSE) -> dict[str, Any]:
    """Return the parts of a PostgreSQL URL as libpq names them, with our defaults. Raises the error of `database`.

    Whether TLS is required depends on the server that libpq will connect to, which the environment (PGHOST,
    PGHOSTADDR) or a service file may name. Only the URL can lower the requirement; PGSSLMODE cannot.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        why = "its URL is invalid; expected postgresql://user:password@host:port/database, special characters as %XX"
        raise database.error(f"opening the {database.name}", why, f"check {database.setting}") from None
    effective = _effective_parts(url)
    if not is_local(_hosts_of(effective)):
        parts.setdefault("sslmode", "verify-full")
        if parts["sslmode"] == "verify-full" and "sslrootcert" not in effective:
            parts["sslrootcert"] = "system"
    return _DEFAULTS | parts


def is_local(hosts: str) -> bool:
    """Return whether all hosts of an address (with commas) are this machine: a socket folder, or a loopback name."""
    return all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts.split(","))


def _effective_parts(url: str) -> dict[str, str]:
    """Return what libpq makes of a URL with its environment and service files.

    libpq reports that only for an attempt to connect; an invalid option ends the attempt before it uses the network.
    """
    attempt = pq.PGconn.connect_start(make_conninfo(url, target_session_attrs="none").encode())
    try:
        return {option.keyword.decode(): option.val.decode() for option in attempt.info if option.val}
    finally:
        attempt.finish()


def name_of(url: str) -> str:
    """Return host and database, without user and password."""
    effective = _effective_parts(url)
    return f"{effective.get('host') or effective.get('hostaddr') or 'local'}/{effective.get('dbname', '')}"


def _hosts_of(effective: Mapping[str, str]) -> str:
    """Return the hosts that are connected to: each entry of `hostaddr`, or of `host` where it is empty."""
    names, addresses = effective.get("host", "").split(","), effective.get("hostaddr", "").split(",")
    return ",".join(address or name for name, address in zip_longest(names, addresses, fillvalue=""))


def _source_of(name: str, url: str, effective: Mapping[str, str], setting: str) -> str:
    """Return what decided about a part: the URL, a service or a variable of the environment."""
    variable = f"PG{name.upper()}"
    if name in conninfo_to_dict(url):
        return setting
    if "service" in effective and os.environ.get(variable) != effective.get(name):
        return f"the PostgreSQL service {effective['service']}"
    return variable


def _tls_advice(url: str, parts: Mapping[str, Any], setting: str) -> str:
    """Return what to do about a failed connection to a server with TLS, and why TLS is required there."""
    effective = _effective_parts(url)
    hosts = _hosts_of(effective)
    source = _source_of("hostaddr" if effective.get("hostaddr") else "host", url, effective, setting)
    text = f"{source} names {hosts}, which is not this machine, so that TLS must be verified"
    if effective.get("sslmode") not in (None, "prefer", parts["sslmode"]):
        text += f" ({_source_of('sslmode', url, effective, setting)} cannot lower that, only ?sslmode= in the URL can)"
    return f"{text}; for an authority of your own add ?sslrootcert=/path/ca.pem to {setting}"


def reason_of(error: psycopg.Error) -> str:
    """Return the message of the server or of libpq, on one line."""
    lines = [line.strip() for line in str(error.diag.message_primary or error).splitlines()]
    return " ".join(line for line in lines if line) or type(error).__name__


def advice_for(error: psycopg.Error) -> str:
    """Return what to do about missing rights; "" for other errors."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction):
        return "connect as a user in the role clickstream_loader; clickstream warehouse roles prints its SQL"
    return ""
