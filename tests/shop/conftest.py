"""Fixtures: an empty migrated shop database, and orders in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from clickstream.shop.migrate import migrate
from tests.postgres import Cluster
from tests.shop.orders import CATALOGUE, Shop

_NUMBERS = count(1)


@contextmanager
def empty_database(cluster: Cluster) -> Iterator[str]:
    """Create a database of the server; yield its URL; drop it at the end."""
    name = f"shop_{next(_NUMBERS)}"
    with cluster.admin() as connection:
        connection.execute(f"create database {name}".encode())
    yield cluster.url(name)
    with cluster.admin() as connection:
        connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database without tables."""
    with empty_database(cluster) as url:
        yield url


@pytest.fixture
def shop(empty_url: str) -> Iterator[Shop]:
    """A migrated database with a catalogue of three products."""
    migrate(empty_url, CATALOGUE)
    with Shop(empty_url) as opened:
        yield opened
