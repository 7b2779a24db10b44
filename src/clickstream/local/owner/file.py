"""DATA/owner.json: which process is the owner of the warehouse, and how to reach it.

The owner writes the file in one step as soon as it listens, readable only by its user (it contains the API's token),
and removes it when it ends. The file of a process that no longer runs is ignored and replaced.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from clickstream import warehouse as warehouses
from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.lake.reader import LakeWarehouse
from clickstream.local.state_file import is_alive, read_state_file, state_file
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse

NAME = "owner.json"


class Owner(msgspec.Struct, frozen=True):
    """url: where it serves, without a trailing slash. warehouse: Settings.warehouse_name."""

    url: str
    token: str
    pid: int
    warehouse: str

    def __str__(self) -> str:
        return f"process {self.pid}, {self.url}"


def read_owner(settings: Settings) -> Owner | None:
    """Return the owner that owner.json names for the warehouse of these settings, whether or not it still runs."""
    owner = read_state_file(settings.data / NAME, Owner)
    return owner if owner and owner.warehouse == settings.warehouse_name else None


def find_owner(settings: Settings) -> Owner | None:
    """Return the owner of the warehouse of these settings if a process with its id runs."""
    owner = read_owner(settings)
    return owner if owner and is_alive(owner.pid) else None


def open_warehouse(settings: Settings) -> Warehouse:
    """Open the warehouse of these settings. Raises WarehouseBusyError, with the owner if that holds the DuckDB file.

    DuckDB's lock decides: the process id in an old owner.json may belong to another process by now.
    """
    path = settings.warehouse_path
    if settings.lake_path is not None:
        return LakeWarehouse(settings.lake_path)
    try:
        return warehouses.open_warehouse(settings.warehouse_address, settings.warehouse_memory_mb)
    except WarehouseBusyError as error:
        owner = find_owner(settings)
        if owner is None or error.holder not in (f"process {owner.pid}", "another process"):
            raise
        raise WarehouseBusyError(error.path, str(owner), is_owner=True) from error
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or path.parent}"
        raise WarehouseError(f"opening the warehouse {path}", why, "check the folder and its permissions") from error


def require_folder(settings: Settings) -> None:
    """Raise a WarehouseError if the folder of the DuckDB file does not exist: a mistyped path must not make one."""
    path = settings.warehouse_path
    if settings.is_embedded and not path.parent.exists():
        advice = "check --data and CLICKSTREAM_DATA; clickstream up and clickstream etl run make a new data directory"
        raise WarehouseError(f"opening the warehouse {path}", f"there is no folder {path.parent}", advice)


def owner_file(data: Path, owner: Owner) -> AbstractContextManager[None]:
    """Keep owner.json in the folder `data` for the duration of the block."""
    return state_file(data / NAME, owner)
