"""Uploads what CloudFront serves: the tracker's scripts and the shop's pictures.

Unchanged files are left as they are, so that a second run uploads nothing. A script is also stored under a name with
its hash, as the collector serves it: pages that pin that version keep working.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clickstream.cloud.account import Account
from clickstream.collect.tracker import FOLDER, IMMUTABLE_AGE_S, MAX_AGE_S, NAMES
from clickstream.errors import CloudError
from clickstream.progress import Progress, no_progress
from clickstream.shop.node import SOURCES

_DAY_S = 86_400
_TYPES = {".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_PICTURES = SOURCES / "public"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, and how browsers receive it."""

    key: str
    data: bytes
    content_type: str
    cache_control: str


def assets(scripts: Path = FOLDER, pictures: Path = _PICTURES) -> Iterator[Asset]:
    """Yield all files. Raises CloudError if the tracker was not built."""
    for name in NAMES:
        path = scripts / f"{name}.js"
        if not path.exists():
            raise CloudError("uploading the tracker", f"{path.name} was not built", "run make tracker")
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:16]
        yield Asset(f"{name}.js", data, _TYPES[".js"], f"public, max-age={MAX_AGE_S}")
        yield Asset(f"{name}.{digest}.js", data, _TYPES[".js"], f"public, max-age={IMMUTABLE_AGE_S}, immutable")
    for path in sorted(pictures.rglob("*.svg")):
        key = path.relative_to(pictures).as_posix()
        yield Asset(key, path.read_bytes(), _TYPES[".svg"], f"public, max-age={_DAY_S}")


def upload(account: Account, bucket: str, progress: Progress = no_progress) -> int:
    """Upload what differs from the bucket; return how many files that were. Older versions of scripts stay."""
    s3, wanted = account.client("s3"), list(assets())
    stored = {
        each["Key"]: each["ETag"].strip('"')
        for each in account.list("s3", "list_objects_v2", "Contents", Bucket=bucket)
    }
    changed = [each for each in wanted if stored.get(each.key) != _etag(each.data)]
    for number, each in enumerate(changed, 1):
        s3.put_object(
            Bucket=bucket,
            Key=each.key,
            Body=each.data,
            ContentType=each.content_type,
            CacheControl=each.cache_control,
        )
        progress(number, len(changed), "uploading the tracker and the pictures")
    return len(changed)


def _etag(data: bytes) -> str:
    """Return the ETag of an object that was stored at once, in a bucket with the default encryption."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
