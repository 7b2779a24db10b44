"""DATA/owner.json: which process holds the warehouse (or, with PostgreSQL, serves it here), and how to ask it.

The owner writes it once it listens, readable by its user alone (it holds the token of the API), in one
step; and removes it when it ends. A file whose process is gone says nothing and is replaced.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from clickstream import warehouse as warehouses
from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.local.state_file import is_alive, read_state_file, state_file
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse

NAME = "owner.json"


class Owner(msgspec.Struct, frozen=True):
    """url: where it serves, without a slash at the end. warehouse: Settings.warehouse_name."""

    url: str
    token: str
    pid: int
    warehouse: str

    def __str__(self) -> str:
        return f"process {self.pid}, {self.url}"


def read_owner(settings: Settings) -> Owner | None:
    """What owner.json says of these settings' warehouse, whether its process lives or not."""
    owner = read_state_file(settings.data / NAME, Owner)
    return owner if owner and owner.warehouse == settings.warehouse_name else None


def find_owner(settings: Settings) -> Owner | None:
    """The living owner of these settings' warehouse, as far as its file and process tell."""
    owner = read_owner(settings)
    return owner if owner and is_alive(owner.pid) else None


def open_warehouse(settings: Settings) -> Warehouse:
    """Open the warehouse of these settings. Raises WarehouseBusyError naming the owner that holds the DuckDB file.

    DuckDB's own lock decides: a process id in an old owner.json may belong to somebody else by now.
    """
    path = settings.warehouse_path
    try:
        return warehouses.open_warehouse(settings.warehouse_address, settings.warehouse_memory_mb)
    except WarehouseBusyError as error:
        owner = find_owner(settings)
        raise WarehouseBusyError(error.path, str(owner) if owner else error.holder) from error
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or path.parent}"
        raise WarehouseError(f"opening the warehouse {path}", why, "check the folder and its rights") from error


def owner_file(data: Path, owner: Owner) -> AbstractContextManager[None]:
    """The file stands in the folder `data` as long as the block runs."""
    return state_file(data / NAME, owner)
