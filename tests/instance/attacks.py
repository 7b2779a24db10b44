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
from psycopg.conninfo import make_conninfo

from tests.instance.machine import Machine

PRIVATE = "127.0.130.9"
"""An address in what stands for the private network."""
PUBLIC = "127.9.9.9"


@contextmanager
def relay(address: str, source: str) -> Iterator[int]:
    """Forward connections to the database of this address so that they come from `source`; yield the relay's port."""
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):  # the end of the block shuts the listener down
                while True:
                    client, _ = listener.accept()
                    threads.append(threading.Thread(target=_forward, args=(client, address, source)))
                    threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def _forward(client: socket.socket, address: str, source: str) -> None:
    """Copy what either side sends, until one closes."""
    with client, suppress(OSError), socket.create_connection((address, 5432), source_address=(source, 0)) as server:
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
        with relay(machine.address, self.source) as port:
            place = {"host": machine.address, "hostaddr": "127.0.0.1", "port": str(port), "connect_timeout": "10"}
            who = {"user": self.user, "dbname": self.database, "password": self.password}
            with psycopg.connect(make_conninfo(**place, **who, **options), autocommit=True) as connection:
                yield connection
