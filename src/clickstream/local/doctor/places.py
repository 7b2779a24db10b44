"""Where things are: the data folder, the raw store, the warehouse, the spool; how large, whose, and on which disk.

Nothing is made or changed: of a place that is not there yet, the nearest folder that exists is looked at.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import datetime
from pathlib import Path

from clickstream.local.doctor.findings import Examination, PlaceFact, SpoolFact
from clickstream.local.spool import look_into
from clickstream.settings import Settings

LOW_BYTES = 1_000_000_000
FULL_BYTES = 100_000_000
COUNTING_S = 2.0
OLD_SPOOL_S = 60.0
"""A file of the spool is stored within seconds, unless the store is slow."""
NEARLY_FULL = 0.8
VANISHING = ("tmpfs", "ramfs", "overlay")
MOUNTS = Path("/proc/self/mounts")


def look_at_places(found: Examination, settings: Settings) -> None:
    """Note the places on this machine; blame what cannot be written, vanishes at a restart, or is nearly full."""
    found.places = [
        _folder("data folder", settings.data),
        *([_folder("raw store", settings.raw_path, count=True)] if settings.raw_bucket is None else []),
        *([_file("warehouse", settings.warehouse_path)] if settings.is_embedded else []),
    ]
    for place in found.places:
        if not place.is_writable:
            why = f"{place.path}: no right to write, or a file where a folder should be"
            advice = "change its owner or rights, or choose another folder (--data)"
            found.blame(f"the {place.name} is not writable", why, advice)
    for path, names in _by_disk(found.places).items():
        _look_at_disk(found, path, names)


def _look_at_disk(found: Examination, place: PlaceFact, names: str) -> None:
    if place.free_bytes is not None and place.free_bytes < LOW_BYTES:
        what = f"{place.free_bytes / 1e9:.2f} GB of disk are left"
        is_warning = place.free_bytes >= FULL_BYTES
        advice = "make room, or move the data folder to a larger disk"
        found.blame(what, f"the {names} must grow there: {place.path}", advice, is_warning=is_warning)
    if place.file_system in VANISHING:
        what = f"the {names} may not survive a restart"
        why = f"{place.path} is on {place.file_system}, which ends with the machine or container"
        found.blame(what, why, "choose a folder on a disk: --data DIR, or CLICKSTREAM_DATA", is_warning=True)


def look_at_spool(found: Examination, settings: Settings, now: datetime) -> None:
    """Note what waits in the spool; blame what waits too long, and a spool that fills up. Call it behind the parts."""
    waiting = look_into(settings.spool_path)
    if settings.ack != "disk" and not waiting.files:
        return
    age_s = None if waiting.oldest_at is None else max(0.0, round((now - waiting.oldest_at).total_seconds(), 1))
    limit = settings.spool_max_mb * 1_048_576
    found.spool = SpoolFact(str(settings.spool_path.absolute()), waiting.files, waiting.size_bytes, limit, age_s)
    if waiting.size_bytes >= NEARLY_FULL * limit:
        is_full = waiting.size_bytes >= limit
        what = "the spool is full: the collector takes no events" if is_full else "the spool is nearly full"
        why = f"{waiting.size_bytes:,} bytes wait, CLICKSTREAM_SPOOL_MAX_MB allows {limit:,}"
        advice = "look why the raw store takes no objects; see DATA/logs/collector.log"
        found.blame(what, why, advice, is_warning=not is_full)
    elif age_s is not None and age_s > OLD_SPOOL_S:
        runs = any(part.name == "collector" and part.state == "healthy" for part in found.parts)
        why = f"the oldest of {waiting.files:,} files waits for {age_s:,.0f} s"
        advice = "see DATA/logs/collector.log" if runs else "start the collector: it stores what an earlier one left"
        found.blame("acknowledged events are not in the raw store yet", why, advice, is_warning=True)


def _by_disk(places: list[PlaceFact]) -> dict[PlaceFact, str]:
    """The first place of each disk -> the names of all places there."""
    disks: dict[tuple[int | None, str | None], list[PlaceFact]] = {}
    for place in places:
        disks.setdefault((_device(Path(place.path)), place.file_system), []).append(place)
    return {group[0]: " and the ".join(place.name for place in group) for group in disks.values()}


def _folder(name: str, path: Path, *, count: bool = False) -> PlaceFact:
    near = _nearest(path)
    is_writable = near.is_dir() and os.access(near, os.W_OK | os.X_OK)
    size, objects = _contents(path / "events") if count else (None, None)
    return PlaceFact(name, str(path.absolute()), path.is_dir(), is_writable, size, objects, _free(near), _kind(near))


def _file(name: str, path: Path) -> PlaceFact:
    near = _nearest(path.parent)
    is_writable = near.is_dir() and os.access(near, os.W_OK | os.X_OK)
    is_writable = is_writable and (not path.exists() or (path.is_file() and os.access(path, os.W_OK)))
    size = path.stat().st_size if path.is_file() else None
    return PlaceFact(name, str(path.absolute()), path.is_file(), is_writable, size, None, _free(near), _kind(near))


def _contents(folder: Path) -> tuple[int | None, int | None]:
    """Bytes and files below a folder; (None, None) when counting them takes too long."""
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
    """The path itself, or the nearest parent that exists."""
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


def _kind(path: Path) -> str | None:
    """The file system that holds `path`, where the system says so (Linux)."""
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
