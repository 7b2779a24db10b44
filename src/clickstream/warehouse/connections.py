"""Connections to a PostgreSQL database: its address, TLS, and a pool of a few.

In: a URL. Out: connections that are in a transaction already; broken ones are replaced.
TLS with a verified certificate is required unless the URL says otherwise, or the server is on this machine.
No error contains the password: libpq's messages about a URL are never repeated.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from clickstream.errors import WarehouseError

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
_SESSION = """
    set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set synchronous_commit = on;
    set temp_buffers = '64MB'
"""
"""temp_buffers: a chunk of a load stays in memory; none is allocated until a temporary table needs it."""


class Connections:
    """A pool: any number of connections may be in use at once. Safe to use from any thread."""

    def __init__(self, url: str, schema: str | None = None) -> None:
        self._url = url
        self._parts = read_address(url)
        self._schema = schema
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def within(self, schema: str) -> Connections:
        """Return a pool for the same database whose search path is `schema`."""
        return Connections(self._url, schema)

    def __str__(self) -> str:
        """Return host and database, without user and password."""
        return f"{self._parts.get('host') or 'local'}/{self._parts.get('dbname', '')}"

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
                    raise WarehouseError(f"querying the warehouse {self}", reason_of(error)) from error
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
        doing = f"opening the warehouse {self}"
        try:
            connection = psycopg.connect(
                **self._parts, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.RawCursor
            )
        except psycopg.Error as error:
            advice = "check that PostgreSQL is running there, CLICKSTREAM_WAREHOUSE_URL, and the rights of its user"
            raise WarehouseError(doing, self._without_password(reason_of(error)), advice) from None
        if connection.info.server_version < OLDEST_VERSION:
            version = connection.info.parameter_status("server_version")
            connection.close()
            raise WarehouseError(doing, f"expected PostgreSQL 15 or newer, got {version}")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            why = f"expected a database with the encoding UTF8, got {encoding}, which cannot store every text"
            raise WarehouseError(doing, why, "create database NAME encoding 'UTF8' template template0")
        connection.execute(_SESSION.encode())
        if self._schema is not None:
            connection.execute(f'set search_path to "{self._schema}"'.encode())
        return connection

    def _without_password(self, text: str) -> str:
        password = str(self._parts.get("password") or "")
        return text.replace(password, "…") if password else text


def read_address(url: str) -> dict[str, Any]:
    """Return the parts of a PostgreSQL URL as libpq names them, with our defaults. Raises WarehouseError."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        why = "its URL is invalid; expected postgresql://user:password@host:port/database, special characters as %XX"
        raise WarehouseError("opening the warehouse", why, "check CLICKSTREAM_WAREHOUSE_URL") from None
    if not is_local(str(parts.get("hostaddr") or parts.get("host") or "")):
        parts.setdefault("sslmode", "verify-full")
        if parts["sslmode"] == "verify-full":
            parts.setdefault("sslrootcert", "system")
    return _DEFAULTS | parts


def is_local(hosts: str) -> bool:
    """Return whether all hosts of an address (with commas) are this machine: a socket folder, or a loopback name."""
    return all(_is_loopback(host) for host in hosts.split(","))


def _is_loopback(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def reason_of(error: psycopg.Error) -> str:
    """Return the message of the server or of libpq, on one line."""
    lines = [line.strip() for line in str(error.diag.message_primary or error).splitlines()]
    return " ".join(line for line in lines if line) or type(error).__name__
