"""Writing that survives a power cut: the bytes of a file, and the entry in its folder.

In: paths. Out: nothing; when these return, the disk has it. OSError is the caller's to explain.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_synced(path: Path | str, data: bytes) -> None:
    """Write a whole file, in however many writes, and fsync it; `sync` its folder, and the entry is safe too."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync(path: Path | str) -> None:
    """Fsync a file that somebody else wrote, or the entries of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
