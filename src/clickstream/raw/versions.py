"""Old versions of S3 objects: what a bucket with versioning keeps of an object that was rewritten or deleted.

In: a bucket, a key. Out: only the current version of that key is left. The S3 client does not support versions, so this
module sends the two requests itself (ListObjectVersions, DeleteObject with a version), signed with the keys of the
standard AWS environment. On a machine that has its keys from a role only, the user exports them first. A bucket that
keeps no versions gets no such request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from clickstream.errors import StoreError
from clickstream.event import utc_now

_EMPTY = hashlib.sha256(b"").hexdigest()
_ENTRY = re.compile(r"<(?:Version|DeleteMarker)>(.*?)</(?:Version|DeleteMarker)>", re.DOTALL)
_NEXT = ("NextKeyMarker", "NextVersionIdMarker")
_ADVICE = "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with s3:ListBucketVersions and s3:DeleteObjectVersion"


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions in a bucket. endpoint: a server other than AWS. Safe to use from several threads."""

    bucket: str
    endpoint: str | None = None
    clock: Callable[[], datetime] = utc_now
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=32))

    def remove_old(self, key: str) -> None:
        """Delete every version of `key` that is not the current one, and its delete markers. Raises StoreError."""
        query = {"versions": "", "prefix": key}
        while True:
            text = self.request("GET", "", query).decode()
            # Delete markers last: without its marker, a version that still exists would become the object again.
            for entry in sorted(_ENTRY.findall(text), key=lambda found: "<ETag>" not in found):
                is_current = _value(entry, "IsLatest") == "true" and "<ETag>" in entry
                if _value(entry, "Key") == key and not is_current:
                    self.request("DELETE", key, {"versionId": _value(entry, "VersionId")})
            if _value(text, "IsTruncated") != "true":
                return
            markers = ("key-marker", "version-id-marker")
            query |= {marker: _value(text, name) for marker, name in zip(markers, _NEXT, strict=True)}

    def request(self, method: str, key: str, query: Mapping[str, str]) -> bytes:
        """Send a request for the bucket (`key` is "") or one of its keys; return the body. Raises StoreError."""
        doing = f"removing old versions in s3://{self.bucket}/{key}"
        access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if not (access and secret):
            why = "the bucket keeps old versions, and the environment has no keys to delete them with"
            raise StoreError(doing, why, _ADVICE)
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        base = (self.endpoint or f"https://s3.{region}.amazonaws.com").rstrip("/")
        path = quote(f"/{self.bucket}/{key}".removesuffix("/") if not key else f"/{self.bucket}/{key}")
        pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
        headers = signed(method, urlsplit(base).netloc, path, pairs, Signer(access, secret, region, self.clock()))
        try:
            response = self.pool.request(method, f"{base}{path}?{pairs}", headers=headers)
        except HTTPError as error:
            raise StoreError(doing, str(error), "check the endpoint and the network") from error
        if response.status >= 300:
            code = _value(response.data.decode("utf-8", "replace"), "Code")
            raise StoreError(doing, f"{response.status} {code}", _ADVICE)
        return response.data


@dataclass(frozen=True, slots=True)
class Signer:
    """The keys that sign a request, the region, the time, and the SHA-256 of the body (empty by default)."""

    access: str
    secret: str
    region: str
    now: datetime
    body_sha256: str = _EMPTY


def signed(method: str, host: str, path: str, query: str, signer: Signer) -> dict[str, str]:
    """Return the headers of a request, signed by AWS Signature Version 4."""
    stamp = f"{signer.now:%Y%m%dT%H%M%SZ}"
    headers = {"host": host, "x-amz-content-sha256": signer.body_sha256, "x-amz-date": stamp}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n{query}\n{listed}\n{names}\n{signer.body_sha256}"
    scope = f"{stamp[:8]}/{signer.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{signer.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _value(text: str, name: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(found[1]) if found else ""
