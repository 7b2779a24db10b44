"""TLS to PostgreSQL: a remote server must have a trusted certificate with its name, or the connection ends.

The bundled PostgreSQL is built without TLS, so a door before it takes TLS off, as a proxy or a managed database does:
it answers libpq's request for TLS, and hands what comes over the connection to the real server. It listens on this
machine's own name, which is not a loopback name, so that the rules for remote servers apply.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clickstream.errors import WarehouseError
from clickstream.warehouse.connections import read_address
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.postgres import Cluster

SSL_REQUEST = 80_877_103
GSS_REQUEST = 80_877_104
NAME = socket.gethostname()


@dataclass
class Door:
    """Before a server: with a certificate it speaks TLS only, without one it is as plain as the server."""

    server: Path
    certificate: Path | None
    listener: socket.socket
    greeted: int = 0
    open: list[socket.socket] = field(default_factory=list)
    serving: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            self.serving.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self.serving[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        """It ends when either side disconnects, and closes what it opened."""
        with suppress(OSError), connection:
            client = self._greet(connection) if self.certificate else connection
            if client is None:
                return
            with client, socket.socket(socket.AF_UNIX) as server:
                server.connect(str(self.server))
                self.open += [client, server]
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def _greet(self, connection: socket.socket) -> socket.socket | None:
        """TLS as libpq requests it; without the request, the server's own refusal."""
        while (code := struct.unpack("!ii", connection.recv(8, socket.MSG_WAITALL))[1]) == GSS_REQUEST:
            connection.sendall(b"N")
        if code != SSL_REQUEST:
            text = b"SFATAL\0C28000\0Mno pg_hba.conf entry for this host, no encryption\0\0"
            connection.sendall(b"E" + struct.pack("!i", 4 + len(text)) + text)
            return None
        connection.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate or "")
        secured = context.wrap_socket(connection, server_side=True)
        self.greeted += 1
        return secured


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65_536):
            target.sendall(block)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def door_before(cluster: Cluster, certificate: Path | None) -> Iterator[Door]:
    address = socket.getaddrinfo(NAME, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    door = Door(cluster.folder / ".s.PGSQL.5432", certificate, socket.create_server((str(address), 0)))
    thread = threading.Thread(target=door.run)
    thread.start()
    try:
        yield door
    finally:
        door.listener.shutdown(socket.SHUT_RDWR)
        door.listener.close()
        thread.join()
        for each in door.open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for serving in door.serving:
            serving.join()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys with certificates (.pem) and these alone (.crt), each its own authority; `named` has another name."""
    program = shutil.which("openssl")
    if program is None:
        reason = "no program openssl to make certificates with"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("certificates")
    for file, name in (("good", NAME), ("bad", NAME), ("named", "another.example")):
        made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={file}", "-addext", f"subjectAltName=DNS:{name}"]
        places = ["-keyout", f"{folder}/{file}.key", "-out", f"{folder}/{file}.crt"]
        subprocess.run([program, "req", *made, *names, *places], check=True, capture_output=True)
        (folder / f"{file}.pem").write_text((folder / f"{file}.key").read_text() + (folder / f"{file}.crt").read_text())
    return folder


def url(door: Door, database: str, options: str = "") -> str:
    return f"postgresql://owner:sEcret@{NAME}:{door.port}/{database}{options}"


def test_a_certificate_of_the_given_authority_is_accepted(cluster: Cluster, database: str, certificates: Path) -> None:
    with (
        door_before(cluster, certificates / "good.pem") as door,
        PostgresWarehouse.open(url(door, database, f"?sslrootcert={certificates}/good.crt")) as warehouse,
    ):
        assert warehouse.fetch("select count(*) from clickstream_events").rows == [(0,)]
        assert door.greeted > 0


def test_by_default_the_authorities_of_the_system_are_used(
    cluster: Cluster, database: str, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door_before(cluster, certificates / "good.pem") as door:
        with pytest.raises(WarehouseError, match="certificate verify failed"):
            PostgresWarehouse.open(url(door, database))
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificates}/good.crt")  # what OpenSSL takes for the system's
        with PostgresWarehouse.open(url(door, database)) as warehouse:
            assert warehouse.fetch("select 1").rows == [(1,)]


@pytest.mark.parametrize(
    "case",
    [
        ("good", "?sslrootcert={folder}/bad.crt", "certificate verify failed"),
        ("named", "?sslrootcert={folder}/named.crt", "does not match host name"),
        ("good", "?sslmode=disable", "no encryption"),
        (None, "", "server does not support SSL"),
        (None, "?sslrootcert={folder}/good.crt", "server does not support SSL"),
    ],
    ids=[
        "unknown authority",
        "another name",
        "plain to a server that demands TLS",
        "plain server",
        "plain server, own CA",
    ],
)
def test_any_other_certificate_is_refused_with_the_reason(
    case: tuple[str | None, str, str], cluster: Cluster, database: str, certificates: Path
) -> None:
    shown, options, why = case
    certificate = certificates / f"{shown}.pem" if shown else None
    with door_before(cluster, certificate) as door, pytest.raises(WarehouseError, match=why) as caught:
        PostgresWarehouse.open(url(door, database, options.format(folder=certificates)))
    assert caught.value.doing == f"opening the warehouse {NAME}/{database}"
    assert "sEcret" not in f"{caught.value} {caught.value.advice}"


# Where libpq connects ----------------------------------------------------------------------------------------------


@pytest.fixture
def libpq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without PG* variables, and a service file with the services `far` and `near`."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    services = tmp_path / "services.conf"
    services.write_text("[far]\nhost=192.0.2.9\nsslmode=disable\n[near]\nhost=/run/postgresql\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "query", "mode", "authority"),
    [
        pytest.param({}, "", None, None, id="local socket"),
        pytest.param({"PGHOST": "localhost"}, "", None, None, id="PGHOST here"),
        pytest.param({"PGHOST": "192.0.2.2"}, "", "verify-full", "system", id="PGHOST elsewhere"),
        pytest.param({"PGHOST": "localhost,192.0.2.2"}, "", "verify-full", "system", id="one of two hosts elsewhere"),
        pytest.param({"PGHOSTADDR": "192.0.2.2"}, "?host=localhost", "verify-full", "system", id="PGHOSTADDR"),
        pytest.param({"PGHOST": "db.example"}, "?hostaddr=127.0.0.1", None, None, id="hostaddr in the URL here"),
        pytest.param({"PGHOST": "db.example"}, "?host=/tmp", None, None, id="the URL overrides PGHOST"),
        pytest.param({"PGSERVICE": "far"}, "", "verify-full", "system", id="PGSERVICE elsewhere"),
        pytest.param({"PGSERVICE": "near", "PGHOST": "db.example"}, "", None, None, id="PGSERVICE overrides PGHOST"),
        pytest.param({}, "?service=far", "verify-full", "system", id="service in the URL"),
        pytest.param({"PGHOST": "db.example", "PGSSLMODE": "disable"}, "", "verify-full", "system", id="PGSSLMODE"),
        pytest.param({"PGHOST": "db.example"}, "?sslmode=require", "require", None, id="sslmode in the URL"),
        pytest.param(
            {"PGHOST": "db.example", "PGSSLROOTCERT": "/ca.pem"}, "", "verify-full", None, id="PGSSLROOTCERT is kept"
        ),
        pytest.param({"PGHOST": "LOCALHOST."}, "", None, None, id="localhost in another spelling"),
    ],
)
def test_tls_is_judged_by_the_server_that_libpq_connects_to(
    variables: dict[str, str], query: str, mode: str | None, authority: str | None, libpq: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        libpq.setenv(name, value)
    parts = read_address(f"postgresql:///dw{query}")
    assert (parts.get("sslmode"), parts.get("sslrootcert")) == (mode, authority)


@pytest.mark.parametrize(
    "case",
    [
        (None, {}, f"PGHOST names {NAME}, which is not this machine"),
        (None, {"PGSSLMODE": "disable"}, "(PGSSLMODE cannot lower that, only ?sslmode= in the URL can)"),
        ("good", {}, "add ?sslrootcert=/path/ca.pem to CLICKSTREAM_WAREHOUSE_URL"),
        ("named", {}, "add ?sslrootcert=/path/ca.pem to CLICKSTREAM_WAREHOUSE_URL"),
    ],
    ids=["plain server", "plain server, PGSSLMODE", "unknown authority", "another name"],
)
def test_refused_connection_names_the_variable_that_chose_the_server(
    case: tuple[str | None, dict[str, str], str],
    cluster: Cluster,
    database: str,
    certificates: Path,
    libpq: pytest.MonkeyPatch,
) -> None:
    certificate, variables, advice = case
    if certificate == "named":
        libpq.setenv("PGSSLROOTCERT", f"{certificates}/named.crt")
    for name, value in variables.items():
        libpq.setenv(name, value)
    with door_before(cluster, certificates / f"{certificate}.pem" if certificate else None) as door:
        libpq.setenv("PGHOST", NAME)
        libpq.setenv("PGPORT", str(door.port))
        with pytest.raises(WarehouseError) as caught:
            PostgresWarehouse.open(f"postgresql://owner:sEcret@/{database}")
    assert caught.value.doing == f"opening the warehouse {NAME}/{database}"
    assert advice in caught.value.advice
    assert "sEcret" not in f"{caught.value} {caught.value.advice}"
