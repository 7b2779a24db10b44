"""Saves the data before everything is removed: all raw objects, and a dump of each database.

In: an empty or earlier folder. Out: raw/ with the objects under their names, dumps/ROLE/DAY.dump. The folder is a raw
store as it is: `CLICKSTREAM_RAW_URL=DIR/raw` reads it. Each file is complete under its name or absent: a download has
another name until its length and its hash agree with S3. A second run fetches only what is missing. The
result counts both sides again; nothing may be deleted while it has `problems`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.instances import DATABASES, find_instance, is_online, run_on
from clickstream.errors import CloudError
from clickstream.progress import Progress, no_progress

DUMP = "systemctl start clickstream-dump.service"
"""Runs the daily dump now, and returns when it is stored."""
_THREADS = 16


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """An object of the bucket, as a listing describes it. etag: the MD5 of its bytes, unless it came in parts."""

    key: str
    size_bytes: int
    etag: str
    stored_at: datetime


@dataclass(slots=True)
class Kept:
    """What is saved. problems: why it is not all there is; nothing may be deleted unless it is empty."""

    folder: Path
    objects: int = 0
    size_bytes: int = 0
    dumps: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Keeper:
    """Saves the data of one stack into a folder."""

    def __init__(self, account: Account, stack: str, folder: Path, wait: Callable[[float], None]) -> None:
        self._account = account
        self._stack = stack
        self._wait = wait
        self._bucket = f"{names.RAW_BUCKET}-{account.id}-{account.region}"
        self.kept = Kept(folder)

    def keep(self, progress: Progress = no_progress) -> Kept:
        """Save the data, and verify it. Whatever is missing is a problem of the result."""
        if self._bucket not in {each["Name"] for each in self._account.client("s3").list_buckets()["Buckets"]}:
            return self.kept
        before = list(_list(self._account, self._bucket, names.DUMPS_PREFIX))
        dumped = [role for name, role in DATABASES.items() if self._dump(name, role)]
        listed = list(_list(self._account, self._bucket))
        for role in dumped:
            old, new = _newest_dump(before, role), _newest_dump(listed, role)
            if new is None or (old is not None and new.stored_at <= old.stored_at):
                self.kept.problems.append(f"no dump of the {role} database: the new one is not in the bucket")
        wanted = [each for each in listed if not each.key.startswith(names.DUMPS_PREFIX)]
        for role in DATABASES.values():
            newest = _newest_dump(listed, role)
            if newest is not None:
                wanted.append(newest)
                self.kept.dumps.append(newest.key)
        self._download(wanted, progress)
        return self.kept

    def keep_rest(self) -> None:
        """Save what arrived since, once nothing more can arrive. Raises CloudError if it is not all there."""
        self.kept.problems.clear()
        listed = list(_list(self._account, self._bucket))
        self._download([each for each in listed if not each.key.startswith(names.DUMPS_PREFIX)], no_progress)
        if self.kept.problems:
            why = "; ".join(self.kept.problems)
            raise CloudError("saving the last raw objects", why, "run clickstream destroy --keep-data again")

    def _dump(self, name: str, role: str) -> bool:
        """Make a dump of a database that exists, now; return whether that succeeded. The last one lacks newer rows."""
        instance = find_instance(self._account, name, self._stack)
        if instance is None:
            return False
        doing = f"no dump of the {role} database"
        if instance.state != "running" or not is_online(self._account, instance):
            self.kept.problems.append(f"{doing}: {name} is {instance.state}, or its agent does not answer; start it")
            return False
        try:
            run_on(self._account, instance, DUMP, self._wait)
        except CloudError as error:
            self.kept.problems.append(f"{doing}: {error.why}")
            return False
        return True

    def _download(self, wanted: list[RemoteObject], progress: Progress) -> None:
        """Fetch what is missing, then count: each object must be a file of the same length."""
        client, kept = self._account.client("s3"), self.kept
        targets = {each.key: _target(kept.folder, each.key) for each in wanted}
        missing = [each for each in wanted if not _is_complete(targets[each.key], each)]

        def fetch(each: RemoteObject) -> str:
            try:
                return _fetch(client, self._bucket, each, targets[each.key])
            except Exception as error:  # one of many downloads: its reason is reported with the others
                return f"{each.key}: {error}"

        with ThreadPoolExecutor(_THREADS) as pool:
            for number, problem in enumerate(pool.map(fetch, missing), 1):
                progress(number, len(missing), "saving raw objects and dumps")
                if problem:
                    kept.problems.append(problem)
        complete = [each for each in wanted if _is_complete(targets[each.key], each)]
        kept.objects = len(complete)
        kept.size_bytes = sum(each.size_bytes for each in complete)
        if len(complete) != len(wanted) and not kept.problems:
            kept.problems.append(f"{len(complete):,} of {len(wanted):,} objects are complete")


def _newest_dump(listed: list[RemoteObject], role: str) -> RemoteObject | None:
    """Return the newest dump of a database: their names are days."""
    prefix = f"{names.DUMPS_PREFIX}{role}/"
    return max((each for each in listed if each.key.startswith(prefix)), key=lambda each: each.key, default=None)


def _list(account: Account, bucket: str, prefix: str = "") -> Iterator[RemoteObject]:
    for each in account.list("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix):
        yield RemoteObject(each["Key"], each["Size"], each["ETag"].strip('"'), each["LastModified"])


def _target(folder: Path, key: str) -> Path:
    """Return the file of an object. Raises CloudError for a key that would lead out of the folder."""
    base = folder if key.startswith(names.DUMPS_PREFIX) else folder / "raw"
    target = (base / key).resolve()
    if not target.is_relative_to(base.resolve()):
        raise CloudError("saving raw objects", f"the object {key!r} would be written outside {folder}", "delete it")
    return target


def _is_complete(path: Path, each: RemoteObject) -> bool:
    try:
        return path.stat().st_size == each.size_bytes
    except OSError:
        return False


def _fetch(client: Any, bucket: str, each: RemoteObject, target: Path) -> str:
    """Fetch one object; return the problem, or "" if its length and hash agree."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    digest = hashlib.md5(usedforsecurity=False)
    body = client.get_object(Bucket=bucket, Key=each.key)["Body"]
    try:
        with part.open("wb") as file:
            for chunk in body.iter_chunks(1 << 20):
                file.write(chunk)
                digest.update(chunk)
        if part.stat().st_size != each.size_bytes:
            return f"{each.key}: expected {each.size_bytes:,} bytes, got {part.stat().st_size:,}"
        if "-" not in each.etag and digest.hexdigest() != each.etag:
            return f"{each.key}: its bytes differ from those in S3"
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()
    return ""
