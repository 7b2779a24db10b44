"""Small files that name a running process: DATA/owner.json, DATA/up.json.

A process writes its file atomically, readable by its user only, and removes it when it ends. A file whose
process no longer runs is stale; the next process replaces it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


@contextmanager
def state_file(path: Path, state: msgspec.Struct) -> Iterator[None]:
    """Keep `state` in the file at `path` while the block runs. A file that replaced it meanwhile stays."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(state))
    fresh.replace(path)
    try:
        yield
    finally:
        if read_state_file(path, type(state)) == state:
            with suppress(OSError):
                path.unlink()


def read_state_file(path: Path, kind: type[T]) -> T | None:
    """Read a state file; None if it does not exist or is not valid."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs. It may be another process: ids are reused."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
