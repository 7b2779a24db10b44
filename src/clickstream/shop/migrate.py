"""Brings the shop's database up to date: numbered SQL files, each applied once, then the catalogue.

In: schema/NNNN_words.sql and catalogue.json. Out: the same tables however often it runs, in one transaction; processes
that migrate at the same time take turns. The table `schema_migrations` records version, name and hash of each file: one
that changed after it was applied is an error, because databases would differ without a trace.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from clickstream.errors import ShopError
from clickstream.shop.database import open_shop
from clickstream.warehouse.connections import Connection
from clickstream.warehouse.dialects import read_sql

MIGRATE_LOCK = 0x73686F70  # "shop"
CATALOGUE = "catalogue.json"
DOING = "migrating the shop's database"
_RECORDED = """
    create table if not exists schema_migrations (
        version integer primary key,
        name text not null,
        hash text not null,
        applied_at timestamptz not null default now()
    )
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """A file of the schema. hash: SHA-256 of its text, in hexadecimal digits."""

    version: int
    name: str
    sql: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class Migrated(msgspec.Struct, frozen=True):
    """What a migration did. applied: names of files. products: how many the catalogue added or changed."""

    applied: list[str]
    products: int


def migrate(url: str, catalogue: bytes | None = None) -> Migrated:
    """Apply the files that this database does not have yet, then the catalogue.

    catalogue: JSON as in catalogue.json, which is the default. New products start with their stock; the stock of known
    ones belongs to the shop. Raises ShopError, and changes nothing then.
    """
    with open_shop(url, DOING) as connection, connection.transaction():
        connection.execute(b"select pg_advisory_xact_lock($1)", [MIGRATE_LOCK])
        connection.execute(_RECORDED.encode())
        applied = [migration.name for migration in _missing(connection)]
        products = _seed(connection, read_catalogue() if catalogue is None else catalogue)
    return Migrated(applied, products)


@cache
def migrations() -> tuple[Migration, ...]:
    """Return the files of the schema in their order."""
    names = sorted(file.name for file in (files("clickstream.shop") / "schema").iterdir() if file.name.endswith(".sql"))
    return tuple(Migration(int(name[:4]), name, read_sql("clickstream.shop", f"schema/{name}")) for name in names)


def read_catalogue() -> bytes:
    """Return the catalogue of the package."""
    return (files("clickstream.shop") / CATALOGUE).read_bytes()


def roles_sql() -> str:
    """Return the script for psql that creates the roles of the shop's database. It can be run again."""
    return read_sql("clickstream.shop", "roles.sql")


def _missing(connection: Connection) -> list[Migration]:
    """Apply the files that are not recorded yet and return them."""
    rows = connection.execute(b"select version, hash from schema_migrations").fetchall()
    known: dict[int, str] = dict(rows)
    missing = []
    for migration in migrations():
        if migration.version not in known:
            connection.execute(migration.sql.encode())
            insert = b"insert into schema_migrations (version, name, hash) values ($1, $2, $3)"
            connection.execute(insert, [migration.version, migration.name, migration.hash])
            missing.append(migration)
        elif known[migration.version] != migration.hash:
            why = f"{migration.name} changed after it was applied to this database"
            raise ShopError(DOING, why, "restore that file; put changes into a new one")
    return missing


def _seed(connection: Connection, catalogue: bytes) -> int:
    """Insert or update what the catalogue lists; return how many products are new or changed."""
    text = catalogue.decode()
    products = 0
    for name in ("brands", "categories", "products", "inventory", "coupons"):
        count = connection.execute(read_sql("clickstream.shop", f"seed/{name}.sql").encode(), [text]).rowcount
        products = count if name == "products" else products
    return products
