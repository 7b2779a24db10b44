"""Opens the raw store that the settings name. Entry points call it; all others are given what it returns."""

from __future__ import annotations

from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings


def open_store(settings: Settings) -> RawStore:
    """The raw store of these settings; nothing is made or contacted yet. Raises StoreError."""
    bucket = settings.raw_bucket
    if bucket is None:
        return LocalStore(settings.raw_path)
    name, prefix = bucket
    return S3Store(Bucket(name, prefix, settings.s3_endpoint))
