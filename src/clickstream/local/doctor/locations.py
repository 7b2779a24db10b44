"""Checks data directory, raw store, warehouse, mart and spool: size, rights and the disk that they are on.

Nothing is created or changed: if a location does not exist yet, its nearest existing parent is checked.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import datetime
from pathlib import Path

from clickstream.local.doctor.examination import Examination, LocationFact, SpoolFact
from clickstream.local.spool import look_into
from clickstream.mart.file import NAME
from clickstream.settings import Settings

LOW_BYTES = 1_000_000_000
FULL_BYTES = 100_000_000
COUNTING_S = 2.0
OLD_SPOOL_S = 60.0
"""The collector moves spool files to the raw store within seconds, unless the store is slow."""
NEARLY_FULL = 0.8
VOLATILE = ("tmpfs", "ramfs", "overlay")
MOUNTS = Path("/proc/self/mounts")


def check_locations(found: Examination, settings: Settings) -> None:
    """Add the locations on this machine, and a problem for each that is read-only, volatile or nearly full."""
    found.locations = [
        _folder("data directory", settings.data),
        *([_folder("raw store", settings.raw_path, count=True)] if settings.raw_bucket is None else []),
        *([_file("warehouse", settings.warehouse_path)] if settings.is_embedded else []),
        _file("mart", settings.data / NAME),
    ]
    for location in found.locations:
        if not location.is_writable:
            why = f"{location.path}: permission denied, or a file where a folder is expected"
            advice = "change its owner or permissions, or choose another data directory (--data)"
            found.add_problem(f"the {location.name} is not writable", why, advice)
    for location, names in _by_disk(found.locations).items():
        _check_disk(found, location, names)


def _check_disk(found: Examination, location: LocationFact, names: str) -> None:
    """names: of all locations on this disk."""
    if location.free_bytes is not None and location.free_bytes < LOW_BYTES:
        what = f"only {location.free_bytes / 1e9:.2f} GB of disk space are left"
        is_warning = location.free_bytes >= FULL_BYTES
        advice = "free disk space, or move the data directory to a larger disk"
        found.add_problem(what, f"{names} need room to grow: {location.path}", advice, is_warning=is_warning)
    if location.file_system in VOLATILE:
        what = f"{names} may be lost at a restart"
        why = f"{location.path} is on {location.file_system}, which is discarded with the machine or container"
        found.add_problem(what, why, "choose a folder on a disk: --data DIR, or CLICKSTREAM_DATA", is_warning=True)


def check_spool(found: Examination, settings: Settings, now: datetime) -> None:
    """Add the spool, and a problem if it is nearly full or its events wait too long. Call it after check_parts."""
    waiting = look_into(settings.spool_path)
    if settings.ack != "disk" and not waiting.files:
        return
    age_s = None if waiting.oldest_at is None else max(0.0, round((now - waiting.oldest_at).total_seconds(), 1))
    limit = settings.spool_max_mb * 1_048_576
    found.spool = SpoolFact(str(settings.spool_path.absolute()), waiting.files, waiting.size_bytes, limit, age_s)
    if waiting.size_bytes >= NEARLY_FULL * limit:
        is_full = waiting.size_bytes >= limit
        what = "the spool is full: the collector rejects events" if is_full else "the spool is nearly full"
        why = f"it contains {waiting.size_bytes:,} bytes; CLICKSTREAM_SPOOL_MAX_MB allows {limit:,}"
        advice = "find out why the raw store accepts no objects; see DATA/logs/collector.log"
        found.add_problem(what, why, advice, is_warning=not is_full)
    elif age_s is not None and age_s > OLD_SPOOL_S:
        is_running = any(part.name == "collector" and part.state == "healthy" for part in found.parts)
        why = f"the oldest of {waiting.files:,} spool files is {age_s:,.0f} s old"
        advice = "see DATA/logs/collector.log" if is_running else "start the collector: it stores what is spooled"
        found.add_problem("acknowledged events are not in the raw store yet", why, advice, is_warning=True)


def _by_disk(locations: list[LocationFact]) -> dict[LocationFact, str]:
    """Map the first location on each disk to the names of all locations there."""
    disks: dict[tuple[int | None, str | None], list[LocationFact]] = {}
    for location in locations:
        disks.setdefault((_device(Path(location.path)), location.file_system), []).append(location)
    return {group[0]: ", ".join(location.name for location in group) for group in disks.values()}


def _folder(name: str, path: Path, *, count: bool = False) -> LocationFact:
    near = _nearest(path)
    is_writable = near.is_dir() and os.access(near, os.W_OK | os.X_OK)
    size, objects = _contents(path / "events") if count else (None, None)
    return LocationFact(
        name, str(path.absolute()), path.is_dir(), is_writable, size, objects, _free(near), _file_system(near)
    )


def _file(name: str, path: Path) -> LocationFact:
    near = _nearest(path.parent)
    is_writable = near.is_dir() and os.access(near, os.W_OK | os.X_OK)
    is_writable = is_writable and (not path.exists() or (path.is_file() and os.access(path, os.W_OK)))
    size = path.stat().st_size if path.is_file() else None
    return LocationFact(
        name, str(path.absolute()), path.is_file(), is_writable, size, None, _free(near), _file_system(near)
    )


def _contents(folder: Path) -> tuple[int | None, int | None]:
    """Return bytes and number of files below a folder; (None, None) if counting takes too long."""
    size = files = 0
    deadline = time.monotonic() + COUNTING_S
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(f"{parent}/{name}").st_size
            except OSError:
                continue
            files += 1
            if not files % 1000 and time.monotonic() > deadline:
                return None, None
    return size, files


def _nearest(path: Path) -> Path:
    """Return the path itself if it exists, else its nearest existing parent."""
    path = path.absolute()
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def _device(path: Path) -> int | None:
    try:
        return _nearest(path).stat().st_dev
    except OSError:
        return None


def _file_system(path: Path) -> str | None:
    """Return the type of the file system that contains `path`; None if unknown (not Linux)."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real, best, kind = path.resolve(), "", None
    for line in lines:
        _, mount, name, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if real.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, name
    return kind
