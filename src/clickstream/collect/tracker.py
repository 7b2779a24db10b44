"""The browser tracker as files that the collector serves: `/clickstream.js` and `/clickstream.extra.js`.

In: a path and the request's headers. Out: a response, or None if the path is not one of the tracker's. `make setup`
builds the files (tracker/build.mjs); they are read and compressed once, when the collector starts.

    /clickstream.js         ETag, cached for an hour: a page gets a new version within that time
    /clickstream.<hash>.js  cached for a year; <hash> is the hash in the ETag. An outdated hash is redirected
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from clickstream.collect.envelope import Response

FOLDER = Path(__file__).parent / "static"
NAMES = ("clickstream", "clickstream.extra")
MAX_AGE_S = 3600
IMMUTABLE_AGE_S = 31_536_000

_PATH = re.compile(r"/(clickstream|clickstream\.extra)(?:\.([0-9a-f]{16}))?\.js")
# Pages of any origin may load a script, also with an integrity attribute or when isolated by COEP.
_PUBLIC = (
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
)


class _Script(NamedTuple):
    hash: str
    plain: bytes
    gzipped: bytes


class TrackerScripts:
    """The built files of `folder`; a file that was not built is 404."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._scripts = {name: _read(folder / f"{name}.js") for name in NAMES if (folder / f"{name}.js").exists()}

    def respond(self, path: str, headers: Mapping[bytes, bytes]) -> Response | None:
        """Return the response to GET (the same to HEAD); None if the path is not one of the tracker's."""
        match = _PATH.fullmatch(path)
        if match is None or (script := self._scripts.get(match[1])) is None:
            return None
        if match[2] is not None and match[2] != script.hash:
            # a page that was cached before the collector was updated must still be counted
            location = f"/{match[1]}.js".encode()
            return Response(302, b"", (*_PUBLIC, (b"location", location), (b"cache-control", b"no-store")))
        is_gzipped = b"gzip" in headers.get(b"accept-encoding", b"")
        tag = f'"{script.hash}{"-gzip" if is_gzipped else ""}"'.encode()
        age = f"max-age={MAX_AGE_S}" if match[2] is None else f"max-age={IMMUTABLE_AGE_S}, immutable"
        shared = (*_PUBLIC, (b"etag", tag), (b"cache-control", f"public, {age}".encode()))
        if tag in headers.get(b"if-none-match", b""):
            return Response(304, b"", shared)
        found = (*shared, (b"content-type", b"text/javascript; charset=utf-8"))
        if is_gzipped:
            return Response(200, script.gzipped, (*found, (b"content-encoding", b"gzip")))
        return Response(200, script.plain, found)


def _read(path: Path) -> _Script:
    data = path.read_bytes()
    return _Script(hashlib.sha256(data).hexdigest()[:16], data, gzip.compress(data, compresslevel=9, mtime=0))
