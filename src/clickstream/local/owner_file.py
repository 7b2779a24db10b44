"""DATA/owner.json: which process holds the warehouse, and how to ask it.

The owner writes it once it listens, readable by its user alone (it holds the token of the API), in one
step; and removes it when it ends. A file whose process is gone says nothing and is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from clickstream.errors import WarehouseBusyError
from clickstream.settings import Settings
from clickstream.warehouse.duckdb import DuckWarehouse

NAME = "owner.json"


class Owner(msgspec.Struct, frozen=True):
    """url: where it serves, without a slash at the end. warehouse: absolute path of the file that it holds."""

    url: str
    token: str
    pid: int
    warehouse: str

    def __str__(self) -> str:
        return f"process {self.pid}, {self.url}"


def find_owner(settings: Settings) -> Owner | None:
    """The living owner of these settings' warehouse, as far as its file and process tell."""
    owner = _read(settings.data / NAME)
    if owner is None or owner.warehouse != str(settings.warehouse_path.resolve()) or not _lives(owner.pid):
        return None
    return owner


def open_warehouse(settings: Settings) -> DuckWarehouse:
    """Open the warehouse of these settings. Raises WarehouseBusyError naming the owner that holds it.

    DuckDB's own lock decides: a process id in an old owner.json may belong to somebody else by now.
    """
    try:
        return DuckWarehouse.open(settings.warehouse_path)
    except WarehouseBusyError as error:
        owner = find_owner(settings)
        raise WarehouseBusyError(error.path, str(owner) if owner else error.holder) from error


@contextmanager
def owner_file(data: Path, owner: Owner) -> Iterator[None]:
    """The file stands in the folder `data` as long as the block runs."""
    path, fresh = data / NAME, data / f"{NAME}.{owner.pid}"
    data.mkdir(parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(owner))
    fresh.replace(path)
    try:
        yield
    finally:
        if _read(path) == owner:
            path.unlink(missing_ok=True)


def _read(path: Path) -> Owner | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Owner)
    except (OSError, msgspec.MsgspecError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
