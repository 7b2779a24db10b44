"""A connection to the shop's database, `clickstream_web` (PostgreSQL 15 or newer).

In: its URL (CLICKSTREAM_WEB_DB_URL). Out: a psycopg connection, with the same rules for TLS as the warehouse. Errors of
the server become ShopErrors that never contain the password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from clickstream.errors import ShopError
from clickstream.warehouse.connections import Connection, Database, connect, name_of, reason_of

SHOP = Database("shop's database", "CLICKSTREAM_WEB_DB_URL", ShopError)


@contextmanager
def open_shop(url: str, doing: str, *, read_only: bool = False) -> Iterator[Connection]:
    """Open the database for the block; errors in it become ShopErrors. doing: what for, such as "sending events".

    Each statement commits unless the block opens a transaction. read_only: the server then refuses all changes.
    """
    connection = connect(url, SHOP)
    try:
        connection.execute(b"set time zone 'UTC'; set datestyle = 'ISO'")
        if read_only:
            connection.execute(b"set default_transaction_read_only = on")
        yield connection
    except psycopg.errors.UndefinedTable as error:
        raise ShopError(doing, reason_of(error), "create the tables: clickstream shop migrate") from error
    except psycopg.Error as error:
        raise ShopError(doing, reason_of(error), _advice_for(error, url)) from error
    finally:
        connection.close()


def _advice_for(error: psycopg.Error, url: str) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction):
        return "connect as the user that owns the tables; clickstream shop roles prints the SQL of the read-only role"
    if isinstance(error, psycopg.OperationalError):
        return f"check that the server of {name_of(url)} is running"
    return ""
