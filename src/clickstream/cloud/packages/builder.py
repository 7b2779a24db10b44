"""Build all packages into one folder; replace a package only when its new contents are complete."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from clickstream.cloud.packages.functions import FUNCTIONS, fill_function
from clickstream.cloud.packages.instance import fill_instance
from clickstream.cloud.packages.target import Target
from clickstream.errors import CloudError

ROOT = Path(__file__).parents[4]
INSTANCE = "instance"
TIME = 315_619_200
"""The time of all files, in seconds since 1970: 1980-01-02, a day after the earliest that a zip file can hold."""


def build(out: Path, target: Target, root: Path = ROOT) -> None:
    """Build the folders ingest/, etl/ and instance/ in `out` for a target, with progress on stderr.

    Raises CloudError when this is not a checkout, a wheel cannot be fetched, or a function is over a limit.
    """
    if not (root / "requirements").is_dir():
        why = f"expected a checkout of the project, got {root}"
        raise CloudError("building the packages for AWS", why, "run this command in a checkout, after make setup")
    out.mkdir(parents=True, exist_ok=True)
    for function in FUNCTIONS:
        _replace(out / function.name, partial(fill_function, function=function, target=target, root=root))
    _replace(out / INSTANCE, partial(fill_instance, target=target, root=root))


def size_bytes(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _replace(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder, then put it in place of an old one of that name."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        fill(new)
        _make_uniform(new)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    took, megabytes = time.monotonic() - started, size_bytes(folder) / 2**20
    print(f"{folder}: {megabytes:.1f} MiB in {took:.0f} s", file=sys.stderr)


def _make_uniform(folder: Path) -> None:
    """Give files and folders modes and times that do not depend on this machine."""
    for path in (*folder.rglob("*"), folder):
        is_program = path.is_dir() or (path.suffix == ".sh" and path.stat().st_mode & 0o100)
        path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (TIME, TIME))
