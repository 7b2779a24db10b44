"""Small files in DATA that say which process is at work: DATA/owner.json, DATA/up.json.

Written in one step, readable by their user alone, and removed by who wrote them. A file whose process is gone
says nothing; the next one to write replaces it.
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
    """The file stands at `path` as long as the block runs; one that replaced it meanwhile is left alone."""
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
    """What the file says; None when there is none, or it is not readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process has this id. It may be another one by now: ids are used again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
