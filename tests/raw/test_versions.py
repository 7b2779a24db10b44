"""A bucket with versioning keeps no old version of an object that was rewritten or deleted."""

from __future__ import annotations

import hashlib

import pytest
import urllib3

from clickstream.errors import StoreError
from clickstream.event import utc_now
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.versions import Signer, Versions, signed
from tests.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed

BUCKET = "versioned"
KEY = "events/2026/03/10/event-a b+ü.json"
ON = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@pytest.fixture
def store(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """A store in a bucket that keeps versions."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    put(seaweed, "", b"")
    put(seaweed, "versioning=", ON)
    return S3Store(Bucket(BUCKET, "shop", seaweed.endpoint))


def put(seaweed: Seaweed, query: str, body: bytes) -> None:
    host, path = seaweed.endpoint.removeprefix("http://"), f"/{BUCKET}"
    signer = Signer(ACCESS_KEY, SECRET_KEY, "us-east-1", utc_now(), hashlib.sha256(body).hexdigest())
    headers = signed("PUT", host, path, query, signer)
    response = urllib3.request("PUT", f"{seaweed.endpoint}{path}?{query}", headers=headers, body=body)
    assert response.status in (200, 409), response.data


def versions(store: S3Store) -> int:
    text = Versions(BUCKET, store.bucket.endpoint).request("GET", "", {"versions": "", "prefix": "shop/"}).decode()
    return text.count("<VersionId>")


def test_old_versions_of_rewritten_and_deleted_objects_are_deleted(store: S3Store) -> None:
    other = f"{KEY}-longer"
    store.put([(KEY, b"one"), (other, b"other")])
    store.replace(KEY, b"two")
    store.replace(KEY, b"three")
    assert (store.read(KEY), versions(store)) == (b"three", 2)
    store.delete([KEY])
    assert (store.keys("events/"), versions(store)) == ([other], 1)
    store.delete([KEY, other])
    assert versions(store) == 0


def test_missing_aws_keys_are_named(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="old versions") as caught:
        Versions(BUCKET, store.bucket.endpoint).remove_old(KEY)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.advice


def test_error_of_the_server_is_reported(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError, match="403 SignatureDoesNotMatch"):
        Versions(BUCKET, store.bucket.endpoint).remove_old(KEY)
