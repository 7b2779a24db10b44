"""The raw store as an S3 bucket: confirmed PUTs that never overwrite, parallel reads, listing from a name.

In: keys of `raw.keys` and bytes. Out: the same bytes; only erasure and expiry change or delete an object.
Guarantee: when `put` returns, S3 has confirmed every object with its checksum. A PUT only creates (If-None-Match): if
an object with this name and the same bytes exists, an earlier attempt had arrived, and the PUT has succeeded.
Throttling, server errors and lost connections are retried with growing, jittered pauses. Region and credentials come
from the standard AWS environment (variables, or the role of the function, task or machine); no message contains them.
"""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError

from clickstream.errors import StoreError
from clickstream.raw.contract import all_or_error
from clickstream.raw.keys import EVENTS, day_of_folders, day_prefix, is_regular

if TYPE_CHECKING:
    from obstore.store import S3Config

    from clickstream.raw.versions import Versions

PARALLEL = 32
"""Requests at a time. S3 answers in tens of milliseconds, so a thousand small objects a second need this many."""
PATIENCE_S = 30.0
SHORT_PATIENCE_S = 3.0
_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_PAGE = 1000
_STATUS = re.compile(r"status code: (\d{3}[^:<]*)")
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_SIGNS_OF_CREDENTIALS = ("AccessKey", "Credential", "//169.254.")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and how to reach it.

    prefix: folder within the bucket, "" for none. endpoint: a server other than AWS. patience_s: how long a request is
    retried before it fails.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    patience_s: float = PATIENCE_S


class S3Store:
    """An S3 bucket that holds raw objects below `events/` (and refused input below `rejected/`)."""

    lists_in_order = True

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._modified: dict[str, datetime] = {}

    @property
    def location(self) -> str:
        return f"s3://{self.bucket.name}" + (f"/{self.bucket.prefix}" if self.bucket.prefix else "")

    @cached_property
    def _client(self) -> obstore.store.S3Store:
        """The S3 client. It allows plain HTTP, since the settings accept such endpoints only on this machine."""
        bucket = self.bucket
        timeout = timedelta(seconds=bucket.patience_s)
        is_plain = (bucket.endpoint or "").startswith("http://")
        config: S3Config = {"checksum_algorithm": "SHA256"}
        if bucket.endpoint:
            config["endpoint"] = bucket.endpoint
        try:
            return obstore.store.S3Store(
                bucket.name,
                prefix=bucket.prefix or None,
                config=config,
                client_options={"allow_http": is_plain, "connect_timeout": timedelta(seconds=5), "timeout": timeout},
                retry_config={
                    "retry_timeout": timeout,
                    "max_retries": 100,  # the timeout decides: ten retries may take less than two seconds
                    "backoff": {
                        "init_backoff": timedelta(seconds=_PAUSE_S),
                        "max_backoff": timedelta(seconds=_LONGEST_PAUSE_S),
                    },
                },
            )
        except (BaseError, ValueError) as error:
            raise self._error("opening", "", error) from error

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(PARALLEL, "s3")

    @cached_property
    def _impatient(self) -> S3Store:
        """The same bucket with short retries, for requests that are not worth a long wait."""
        return S3Store(replace(self.bucket, patience_s=min(self.bucket.patience_s, SHORT_PATIENCE_S)))

    def prepare(self) -> None:
        """Check that the bucket exists. A writer may lack the right to list: it does not need it.

        The start of the platform waits for this, so an unreachable server is reported after a few seconds.
        """
        try:
            pages = iter(obstore.list(self._impatient._client, EVENTS, chunk_size=1))
            self._request("listing", "", lambda: next(pages, None))
        except StoreError as error:
            if "AccessDenied" not in error.why:
                raise

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Store each (key, bytes), in parallel; all are confirmed when this returns. Raises the first StoreError."""
        if len(objects) == 1:
            self._put(*objects[0])
            return
        puts = [self._pool.submit(self._put, key, data) for key, data in objects]
        errors = [error for put in puts if (error := put.exception()) is not None]
        if errors:
            raise errors[0]

    def put_unsynced(self, key: str, data: bytes) -> None:
        """Store an object if that succeeds quickly: for copies that may be lost."""
        with suppress(StoreError):
            self._impatient._put(key, data)

    def read(self, key: str) -> bytes:
        """Return the bytes of an object. Raises StoreError if it does not exist."""
        return self._request("reading", key, lambda: obstore.get(self._client, key).bytes().to_bytes())

    def read_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """Yield the bytes of each object, in order. At most 2 x PARALLEL objects are read ahead."""
        return all_or_error(self.read_each(keys))

    def read_each(self, keys: Iterable[str]) -> Iterator[bytes | StoreError]:
        """Yield the bytes of each object, in order, or why it cannot be read."""
        reads: deque[Future[bytes | StoreError]] = deque()
        try:
            for key in keys:
                reads.append(self._pool.submit(self._read_or_error, key))
                if len(reads) >= 2 * PARALLEL:
                    yield reads.popleft().result()
            while reads:
                yield reads.popleft().result()
        finally:
            for read in reads:
                read.cancel()

    def _read_or_error(self, key: str) -> bytes | StoreError:
        try:
            return self.read(key)
        except StoreError as error:
            return error

    def days(self) -> list[date]:
        """Return the days that have a folder, in order: one request for each year and month."""
        years = self._folders([f"{EVENTS}/"], 4)
        folders = self._folders(self._folders(years, 2), 2)
        return sorted(filter(None, (day_of_folders(*folder.split("/")[1:4]) for folder in folders)))

    def changed_ns(self, day: date) -> int | None:
        """Return None: S3 has no folders with a time of change."""
        del day
        return None

    def file_names(self, day: date, after: str = "") -> Iterator[str]:
        """Yield the names below the folder of `day` after `after`, in order, fetched in pages of 1,000 as needed.

        It remembers the times of irregular names, so that `modified_at` does not send a request for each.
        """
        prefix = day_prefix(day)
        offset = prefix + after if after else None
        pages = iter(obstore.list(self._client, prefix, offset=offset, chunk_size=_PAGE))
        while (page := self._request("listing", prefix, lambda: next(pages, None))) is not None:
            for entry in page:
                name = entry["path"].removeprefix(prefix)
                if not is_regular(day, name):
                    self._modified[prefix + name] = entry["last_modified"]
                yield name

    def keys_outside_days(self) -> Iterator[str]:
        """Yield the keys below `events/` that are not below the folder of a day; each folder of days is listed once."""
        days = {day_prefix(day) for day in self.days()}
        parents = {f"{EVENTS}/"} | {prefix[:length] for prefix in days for length in (12, 15)}
        for parent in sorted(parents):
            listed = self._request("listing", parent, partial(obstore.list_with_delimiter, self._client, parent))
            yield from (entry["path"] for entry in listed["objects"])
            for folder in listed["common_prefixes"]:
                prefix = folder.rstrip("/") + "/"
                if prefix not in parents and prefix not in days:
                    yield from self.keys(prefix)

    def modified_at(self, key: str) -> datetime:
        """Return when the object was last written, from the last listing if it was there, else by a request."""
        known = self._modified.get(key)
        if known is None:
            known = self._request("reading", key, lambda: obstore.head(self._client, key)["last_modified"])
        return known

    def keys(self, folder: str) -> list[str]:
        """Return every key below a folder such as `rejected/`, in order."""
        pages = iter(obstore.list(self._client, folder, chunk_size=_PAGE))
        found = []
        while (page := self._request("listing", folder, lambda: next(pages, None))) is not None:
            found += [entry["path"] for entry in page]
        return found

    def replace(self, key: str, data: bytes) -> None:
        """Replace the bytes of an object, confirmed; then delete the old versions that the bucket keeps."""
        put = self._request("writing", key, lambda: obstore.put(self._client, key, data, use_multipart=False))
        if put["version"]:
            self._versions.remove_old(self._full_key(key))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, up to 1,000 with each request."""
        doomed = list(keys)
        if not doomed:
            return
        keeps_versions = self._keeps_versions(doomed)
        self._request("deleting from", "", lambda: obstore.delete(self._client, doomed))
        if keeps_versions:
            list(self._pool.map(self._versions.remove_old, map(self._full_key, doomed)))

    @cached_property
    def _versions(self) -> Versions:
        # Only erasure needs it; its import takes a seventh of the cold start of the collector's function.
        from clickstream.raw.versions import Versions  # noqa: PLC0415

        return Versions(self.bucket.name, self.bucket.endpoint)

    def _full_key(self, key: str) -> str:
        """Return the key with the store's prefix."""
        return f"{self.bucket.prefix}/{key}" if self.bucket.prefix else key

    def _keeps_versions(self, keys: Sequence[str]) -> bool:
        """Return whether the bucket keeps versions, judged by the first of these objects that exists."""
        for key in keys:
            with suppress(StoreError):
                return bool(self._request("reading", key, partial(obstore.head, self._client, key))["version"])
        return False

    def _folders(self, parents: Sequence[str], digits: int) -> list[str]:
        """Return the folders within `parents` whose names have so many digits, each with a slash at its end."""
        listings = self._pool.map(self._subfolders, parents)
        found = [folder for listing in listings for folder in listing]
        return [folder for folder in found if re.fullmatch(rf".*/[0-9]{{{digits}}}/", folder)]

    def _subfolders(self, parent: str) -> list[str]:
        listed = self._request("listing", parent, lambda: obstore.list_with_delimiter(self._client, parent))
        return [folder.rstrip("/") + "/" for folder in listed["common_prefixes"]]

    def _put(self, key: str, data: bytes) -> None:
        """Create the object. Unlike the client, it repeats a PUT whose response was lost; that is safe here."""
        deadline = time.monotonic() + self.bucket.patience_s
        pause_s = _PAUSE_S
        while True:
            try:
                obstore.put(self._client, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                if not self._holds(key, data):
                    why = "another object with this name exists"
                    raise StoreError(f"writing {self.location}/{key}", why, "") from error
            except GenericError as error:
                if time.monotonic() + pause_s > deadline or _status(error).startswith("4"):
                    raise self._error("writing", key, error) from error
                time.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311 - spreads retries, hides nothing
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            except (BaseError, OSError) as error:
                raise self._error("writing", key, error) from error
            return

    def _holds(self, key: str, data: bytes) -> bool:
        """Whether the object has these bytes. A writer that may not read trusts the name: it comes from the request."""
        try:
            return self.read(key) == data
        except StoreError as error:
            if "AccessDenied" in error.why:
                return True
            raise

    def _request(self, doing: str, key: str, send: Callable[[], _Result]) -> _Result:
        try:
            return send()
        except (BaseError, OSError) as error:
            raise self._error(doing, key, error) from error

    def _error(self, doing: str, key: str, error: Exception) -> StoreError:
        """Return what failed, in one line. obstore's messages contain no credentials, and its URLs no signature."""
        text = str(error).partition("\n\nDebug source")[0].removeprefix("Generic S3 error: ")
        code = _CODE.search(text)
        why = " ".join(part for part in (_status(error), code[1] if code else "") if part)
        if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in why:
            return StoreError(f"{doing} {self.location}/{key}", "no such object", "was it moved or deleted?")
        if not why:
            why = text.splitlines()[0][:300]
        if why.startswith(("401", "403")) or any(word in text for word in _SIGNS_OF_CREDENTIALS):
            advice = "check the AWS credentials of this process and their permissions on the bucket"
        else:
            advice = "check the bucket, AWS_REGION, the endpoint and the network"
        return StoreError(f"{doing} {self.location}/{key}".rstrip("/"), why, advice)


def _status(error: Exception) -> str:
    """Return the HTTP status of a response, such as `403 Forbidden`; "" if there was no response."""
    found = _STATUS.search(str(error))
    return found[1].strip() if found else ""
