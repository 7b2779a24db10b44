"""The raw store as an S3 bucket: confirmed PUTs that never overwrite, parallel reads, listing from a name.

In: keys of `raw.keys` and bytes. Out: the same bytes; only erasure and expiry change or remove an object.
Guarantee: when `put` returns, S3 has confirmed every object with its checksum. A PUT creates (If-None-Match): when
the name is taken by the same bytes, an earlier attempt of ours had arrived, and it is done. Throttling, server
errors and lost connections are tried again with growing, jittered pauses. Region and credentials are those of the
standard AWS environment (variables, or the role of the function, task or machine); they appear in no message.
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
from clickstream.raw.versions import Versions

if TYPE_CHECKING:
    from obstore.store import S3Config

PARALLEL = 32
"""Requests at a time: S3 answers in tens of milliseconds, so this is what makes a thousand small objects a second."""
PATIENCE_S = 30.0
HASTE_S = 3.0
_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_PAGE = 1000
_STATUS = re.compile(r"status code: (\d{3}[^:<]*)")
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_SIGNS_OF_CREDENTIALS = ("AccessKey", "Credential", "//169.254.")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Which bucket, and how it is reached.

    prefix: folder within the bucket, "" for none. endpoint: another server than AWS. patience_s: how long one object
    is tried before the answer is an error.
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
    def place(self) -> str:
        return f"s3://{self.bucket.name}" + (f"/{self.bucket.prefix}" if self.bucket.prefix else "")

    @cached_property
    def _client(self) -> obstore.store.S3Store:
        """Plain HTTP only where the settings let such an endpoint through (settings.s3_endpoint)."""
        place = self.bucket
        patience = timedelta(seconds=place.patience_s)
        is_plain = (place.endpoint or "").startswith("http://")
        config: S3Config = {"checksum_algorithm": "SHA256"}
        if place.endpoint:
            config["endpoint"] = place.endpoint
        try:
            return obstore.store.S3Store(
                place.name,
                prefix=place.prefix or None,
                config=config,
                client_options={"allow_http": is_plain, "connect_timeout": timedelta(seconds=5), "timeout": patience},
                retry_config={
                    "retry_timeout": patience,
                    "max_retries": 100,  # the timeout decides: ten may be over within two seconds
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
    def _hasty(self) -> S3Store:
        """The same bucket, for what is not worth waiting for."""
        return S3Store(replace(self.bucket, patience_s=min(self.bucket.patience_s, HASTE_S)))

    def prepare(self) -> None:
        """Ask whether the bucket is there. A writer without the right to list is no error: it needs none.

        Whoever starts the platform waits for this: a server that is not there is told after some seconds.
        """
        try:
            pages = iter(obstore.list(self._hasty._client, EVENTS, chunk_size=1))
            self._ask("looking into", "", lambda: next(pages, None))
        except StoreError as error:
            if "AccessDenied" not in error.why:
                raise

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Store each (key, bytes), in parallel; all are confirmed when this returns. Raises the first StoreError."""
        if len(objects) == 1:
            self._put(*objects[0])
            return
        answers = [self._pool.submit(self._put, key, data) for key, data in objects]
        errors = [error for answer in answers if (error := answer.exception()) is not None]
        if errors:
            raise errors[0]

    def put_unsynced(self, key: str, data: bytes) -> None:
        """Store an object if that goes well, and soon: for copies whose loss costs nothing."""
        with suppress(StoreError):
            self._hasty._put(key, data)

    def read(self, key: str) -> bytes:
        """The bytes of an object. Raises StoreError when it is not there."""
        return self._ask("reading", key, lambda: obstore.get(self._client, key).bytes().to_bytes())

    def read_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """The bytes of each object, in order. At most 2 x PARALLEL objects are held that were not handed out yet."""
        return all_or_error(self.read_each(keys))

    def read_each(self, keys: Iterable[str]) -> Iterator[bytes | StoreError]:
        """The bytes of each object, in order, or why it cannot be read."""
        coming: deque[Future[bytes | StoreError]] = deque()
        try:
            for key in keys:
                coming.append(self._pool.submit(self._read_or_error, key))
                if len(coming) >= 2 * PARALLEL:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for answer in coming:
                answer.cancel()

    def _read_or_error(self, key: str) -> bytes | StoreError:
        try:
            return self.read(key)
        except StoreError as error:
            return error

    def days(self) -> list[date]:
        """Days that have a folder, in order: one request for each year and month."""
        years = self._folders([f"{EVENTS}/"], 4)
        folders = self._folders(self._folders(years, 2), 2)
        return sorted(filter(None, (day_of_folders(*folder.split("/")[1:4]) for folder in folders)))

    def changed_ns(self, day: date) -> int | None:
        """Never known: S3 has no folders that change."""
        del day
        return None

    def file_names(self, day: date, after: str = "") -> Iterator[str]:
        """Names in the folder of `day` behind `after`, in order, fetched in pages of 1,000 as they are asked for.

        The times of irregular names are remembered, so that `modified_at` need not ask for each.
        """
        prefix = day_prefix(day)
        offset = prefix + after if after else None
        pages = iter(obstore.list(self._client, prefix, offset=offset, chunk_size=_PAGE))
        while (page := self._ask("listing", prefix, lambda: next(pages, None))) is not None:
            for entry in page:
                name = entry["path"].removeprefix(prefix)
                if "/" in name:
                    continue
                if not is_regular(day, name):
                    self._modified[prefix + name] = entry["last_modified"]
                yield name

    def modified_at(self, key: str) -> datetime:
        """When the object was last written, as the last listing said; asked for when none did."""
        known = self._modified.get(key)
        if known is None:
            known = self._ask("reading", key, lambda: obstore.head(self._client, key)["last_modified"])
        return known

    def keys(self, folder: str) -> list[str]:
        """Every key below a folder such as `rejected/`, in order."""
        pages = iter(obstore.list(self._client, folder, chunk_size=_PAGE))
        found = []
        while (page := self._ask("listing", folder, lambda: next(pages, None))) is not None:
            found += [entry["path"] for entry in page]
        return found

    def replace(self, key: str, data: bytes) -> None:
        """Put other bytes in the place of an object, confirmed; then remove what the bucket keeps of the old ones."""
        put = self._ask("writing", key, lambda: obstore.put(self._client, key, data, use_multipart=False))
        if put["version"]:
            self._versions.remove_old(self._whole(key))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, up to 1,000 with a request."""
        gone = list(keys)
        if not gone:
            return
        keeps_versions = self._versions_are_kept(gone)
        self._ask("deleting from", "", lambda: obstore.delete(self._client, gone))
        if keeps_versions:
            list(self._pool.map(self._versions.remove_old, map(self._whole, gone)))

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self.bucket.name, self.bucket.endpoint)

    def _whole(self, key: str) -> str:
        """The key with the store's prefix."""
        return f"{self.bucket.prefix}/{key}" if self.bucket.prefix else key

    def _versions_are_kept(self, keys: Sequence[str]) -> bool:
        """Whether the bucket keeps versions, as the first of the objects tells that is there."""
        for key in keys:
            with suppress(StoreError):
                return bool(self._ask("reading", key, partial(obstore.head, self._client, key))["version"])
        return False

    def _folders(self, parents: Sequence[str], digits: int) -> list[str]:
        """Folders within `parents` whose names are so many digits, each with a slash at its end."""
        listings = self._pool.map(self._subfolders, parents)
        found = [folder for listing in listings for folder in listing]
        return [folder for folder in found if re.fullmatch(rf".*/[0-9]{{{digits}}}/", folder)]

    def _subfolders(self, parent: str) -> list[str]:
        answer = self._ask("listing", parent, lambda: obstore.list_with_delimiter(self._client, parent))
        return [folder.rstrip("/") + "/" for folder in answer["common_prefixes"]]

    def _put(self, key: str, data: bytes) -> None:
        """Create the object. The client itself does not repeat a PUT whose answer was lost: here it is safe."""
        deadline = time.monotonic() + self.bucket.patience_s
        pause_s = _PAUSE_S
        while True:
            try:
                obstore.put(self._client, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                if self.read(key) != data:
                    raise StoreError(f"writing {self.place}/{key}", "another object has that name", "") from error
            except GenericError as error:
                if time.monotonic() + pause_s > deadline or _status(error).startswith("4"):
                    raise self._error("writing", key, error) from error
                time.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311 - spreads retries, hides nothing
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            except (BaseError, OSError) as error:
                raise self._error("writing", key, error) from error
            return

    def _ask(self, doing: str, key: str, question: Callable[[], _Answer]) -> _Answer:
        try:
            return question()
        except (BaseError, OSError) as error:
            raise self._error(doing, key, error) from error

    def _error(self, doing: str, key: str, error: Exception) -> StoreError:
        """What failed, in one line. obstore's messages hold no credentials, and its URLs no signature."""
        text = str(error).partition("\n\nDebug source")[0].removeprefix("Generic S3 error: ")
        code = _CODE.search(text)
        why = " ".join(part for part in (_status(error), code[1] if code else "") if part)
        if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in why:
            return StoreError(f"{doing} {self.place}/{key}", "no such object", "was it moved or removed?")
        if not why:
            why = text.splitlines()[0][:300]
        if why.startswith(("401", "403")) or any(word in text for word in _SIGNS_OF_CREDENTIALS):
            advice = "check the AWS credentials of this process and its rights on the bucket"
        else:
            advice = "check the bucket, AWS_REGION, the endpoint and the network"
        return StoreError(f"{doing} {self.place}/{key}".rstrip("/"), why, advice)


def _status(error: Exception) -> str:
    """The HTTP status of an answer, such as `403 Forbidden`; "" when there was no answer."""
    found = _STATUS.search(str(error))
    return found[1].strip() if found else ""
