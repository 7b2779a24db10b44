"""Durable writes: a file, and its entry in the folder, that survive a power failure.

When these functions return, the data is on disk. They raise OSError; the caller adds what it was doing.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_synced(path: Path | str, data: bytes) -> None:
    """Write a whole file and fsync it. Call `sync` for its folder to make the entry durable as well."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync(path: Path | str) -> None:
    """Fsync a file that is already written, or the entries of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
