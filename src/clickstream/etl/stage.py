"""A folder for the files of one loader, below the stage folder that loaders share.

In: the stage folder. Out: an empty folder that no other process uses, removed when it is closed. Folders of killed
loaders are removed by the next one: a lock on the folder, which ends with its process, shows whether it is in use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "loader-"


class StageFolder:
    """`path` belongs to this object until `close`."""

    def __init__(self, stage: Path) -> None:
        stage.mkdir(parents=True, exist_ok=True)
        for left in stage.glob(f"{PREFIX}*"):
            _remove_if_free(left)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=stage))
            self._lock = _lock(self.path)
            if self._lock is not None:
                return  # else another loader took the folder for an abandoned one before we locked it

    def close(self) -> None:
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def _remove_if_free(folder: Path) -> None:
    lock = _lock(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds the lock of a folder; None when another process has it, or it was removed."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.stat(folder)  # noqa: PTH116 - fails when it was removed in between
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None
