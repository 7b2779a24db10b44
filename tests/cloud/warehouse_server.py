"""The warehouse as its instance runs it: PostgreSQL with TLS, and the settings, roles and rights of infra/instance/.

In: the PostgreSQL of the system, whose build has TLS. Out: a server on loopback with the database clickstream_dw, the
certificates that the instance's own script makes, and passwords for the roles that have one.
What differs from the instance: the address and port, and in pg_hba.conf the network of the private subnet; the current
system user may connect by socket as every role that the instance maps to a user.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.local.child import end_with_parent
from clickstream.local.postgres import UNPRIVILEGED_UID
from tests.patience import wait_until
from tests.ports import free_port

INSTANCE = Path(__file__).parents[2] / "infra" / "instance"
SETTINGS = INSTANCE / "postgresql"
SUBNET, LOOPBACK = "10.0.128.0/20", "127.0.0.0/8"
BY_SOCKET = ("postgres", "clickstream", "dashboard")


@dataclass
class WarehouseServer:
    """A running server. authority: the file of its certificate authority. socket: the folder of its socket."""

    programs: Path
    socket: Path
    authority: Path
    port: int
    user: int | None
    etl_password: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, role: str) -> str:
        """Return the URL for a role by socket, with the name of the database that the instance uses."""
        return f"postgresql:///{names.WAREHOUSE_DATABASE}?host={self.socket}&port={self.port}&user={role}"

    def sql(self, text: str, database: str = names.WAREHOUSE_DATABASE, role: str = "postgres") -> str:
        """Run SQL with psql; return its output."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
        where = ["--host", str(self.socket), "--port", str(self.port), "--username", role, "--dbname", database]
        done = subprocess.run(
            [self.programs / "psql", *options, *where], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set_password(self, password: str) -> None:
        """Give the role etl another password."""
        self.etl_password = password
        self.sql(f"alter role etl password '{password}'")


def programs_with_tls() -> Path:
    """Return the folder of the newest PostgreSQL of the system; the packaged one is built without TLS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        reason = "PostgreSQL with TLS is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found[-1]


@contextmanager
def running_warehouse() -> Iterator[WarehouseServer]:
    """Run a server during the block, with an empty warehouse that has its schema and rights."""
    programs = programs_with_tls()
    folder = Path(tempfile.mkdtemp(prefix="clickstream-dw-"))
    user = UNPRIVILEGED_UID if os.geteuid() == 0 else None
    try:
        authority = make_certificates(folder)
        server = WarehouseServer(programs, folder, authority, free_port(), user)
        put_settings(server, folder)
        if user is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, user)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "pgsql"],
                user=user,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=end_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - a single system call
            )
        try:
            wait_until_ready(server, process)
            create_database(server)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_certificates(folder: Path) -> Path:
    """Make the authority and the server's certificate with the script of the instance; return the authority's file."""
    root = folder / "root"
    pki = root / "var" / "lib" / "clickstream" / "pki"
    pki.mkdir(parents=True)
    (root / "etc" / "clickstream").mkdir(parents=True)
    facts = {"INSTANCE_ROLE": "warehouse", "INSTANCE_ADDRESS": "127.0.0.1", "INSTANCE_PUBLIC_ADDRESS": ""}
    lines = "".join(f"{name}='{value}'\n" for name, value in facts.items())
    (root / "etc" / "clickstream" / "instance.env").write_text(lines)
    environment = {"PATH": os.environ["PATH"], "CLICKSTREAM_ROOT": str(root), "AWS_REGION": "us-east-1"}
    script = ["bash", str(INSTANCE / "scripts" / "certificates.sh")]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return pki / "ca.crt"


def put_settings(server: WarehouseServer, folder: Path) -> None:
    """Create the data directory with the settings of the instance."""
    data = folder / "pgsql"
    if server.user is not None:
        os.chown(folder, server.user, server.user)
    options = ["--pgdata", str(data), "--username", "postgres", "--auth", "reject", "--encoding", "UTF8", "--no-sync"]
    initdb = [str(server.programs / "initdb"), *options, "--locale", "C.UTF-8", "--data-checksums"]
    subprocess.run(initdb, user=server.user, cwd=folder, check=True, capture_output=True)
    shutil.copy(SETTINGS / "postgresql.conf", data)
    shutil.copy(SETTINGS / "warehouse" / "role.conf", data)
    access = (SETTINGS / "warehouse" / "pg_hba.conf").read_text()
    assert SUBNET in access
    (data / "pg_hba.conf").write_text(access.replace(SUBNET, LOOPBACK))
    users = "".join(f"instance {getpass.getuser()} {role}\n" for role in BY_SOCKET)
    (data / "pg_ident.conf").write_text(users)
    place = f"port = {server.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n"
    (data / "instance.conf").write_text(place)
    for name in ("server.crt", "server.key"):
        shutil.copy(server.authority.parent / name, data)
        (data / name).chmod(0o600)


def wait_until_ready(server: WarehouseServer, process: subprocess.Popen[bytes]) -> None:
    where = ["--host", str(server.socket), "--port", str(server.port)]
    ready = [str(server.programs / "pg_isready"), "--quiet", *where]
    log = server.socket / "log"

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
        return subprocess.run(ready, check=False).returncode == 0

    wait_until(is_ready, "PostgreSQL", log.read_text)


def create_database(server: WarehouseServer) -> None:
    """Do what the instance's script does: roles, the database, tables, rights, passwords."""
    database = names.WAREHOUSE_DATABASE
    server.sql((SETTINGS / "roles.sql").read_text(), "postgres")
    server.sql((SETTINGS / "warehouse" / "roles.sql").read_text(), "postgres")
    server.sql(f"create database {database} owner clickstream encoding 'UTF8' template template0", "postgres")
    server.sql((SETTINGS / "database.sql").read_text())
    environment = {"PATH": os.environ["PATH"], "CLICKSTREAM_WAREHOUSE_URL": server.url("clickstream")}
    command = [shutil.which("clickstream", path=str(Path(sys.executable).parent)) or "clickstream", "warehouse"]
    subprocess.run([*command, "migrate"], env=environment, cwd=server.socket, check=True, capture_output=True)
    rights = subprocess.run([*command, "roles"], env=environment, cwd=server.socket, check=True, capture_output=True)
    server.sql(f"set client_min_messages = error;\n{rights.stdout.decode()}", role="clickstream")
    server.set_password(server.etl_password)
