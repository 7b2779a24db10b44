"""Ways to connect to a database of an instance: from which network, with which certificate, password and role."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from tests.instance.machine import Machine

PRIVATE = "127.0.130.9"
"""An address in what stands for the private network."""
PUBLIC = "127.9.9.9"


@contextmanager
def relay(address: str, source: str) -> Iterator[int]:
    """Forward one connection to the database of this address so that it comes from `source`; yield the relay's port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_forward, args=(listener, address, source))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):  # it ends the wait if no connection came
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _forward(listener: socket.socket, address: str, source: str) -> None:
    """Copy what either side sends, until one closes."""
    with suppress(OSError):
        client, _ = listener.accept()
        with client, socket.create_connection((address, 5432), source_address=(source, 0)) as server:
            other = {client: server, server: client}
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    block = ready.recv(65536)
                    if not block:
                        return
                    other[ready].sendall(block)


@dataclass(frozen=True)
class Client:
    """What a client of the database presents.

    options: further options of libpq. source: the address that it connects from.
    """

    user: str
    database: str
    password: str
    ca: Path
    certificate: Path | None = None
    key: Path | None = None
    source: str = PRIVATE
    options: dict[str, str] = field(default_factory=lambda: {"sslmode": "verify-full"})

    def with_certificate(self, folder: Path, name: str) -> Client:
        return replace(self, certificate=folder / f"{name}.crt", key=folder / f"{name}.key")

    @contextmanager
    def session(self, machine: Machine) -> Iterator[psycopg.Connection]:
        """Connect as libpq does, by the address in the server's certificate. Raises OperationalError if refused."""
        options = self.options | {"sslrootcert": str(self.ca)}
        if self.certificate and self.key:
            options |= {"sslcert": str(self.certificate), "sslkey": str(self.key)}
        else:
            options |= {"sslcertmode": "disable"}  # else libpq takes one from the home folder
        with (
            relay(machine.address, self.source) as port,
            psycopg.connect(
                host=machine.address,
                hostaddr="127.0.0.1",
                port=port,
                user=self.user,
                dbname=self.database,
                password=self.password,
                connect_timeout=10,
                autocommit=True,
                **options,
            ) as connection,
        ):
            yield connection
